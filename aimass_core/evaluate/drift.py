"""How a score and its quality move over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import wilson
from aimass_core.evaluate.compare import auc_interval
from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Floats, checked

BINS = 10
MODERATE, LARGE = 0.10, 0.25
"""PSI from which a shift is called moderate and large: the rule of thumb of Siddiqi (2017)."""
Shift = Literal["none", "moderate", "large", "unknown"]


class Period(BaseModel):
    """One period: how many rows, how they score, how they turned out, how well they are ranked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(description="What the period is called.")
    rows: int = Field(description="Rows in it.")
    bads: int = Field(description="Bads among them.")
    mean_score: Number = Field(description="Mean probability.")
    bad_rate: Number = Field(description="Share of bads.")
    bad_rate_low: Number = Field(description="Lower end of its 95 % Wilson interval.")
    bad_rate_high: Number = Field(description="Upper end of its 95 % Wilson interval.")
    auc: Number = Field(description="AUC; NaN when only one class occurs.")
    auc_low: Number = Field(description="Lower end of DeLong's 95 % interval.")
    auc_high: Number = Field(description="Upper end of DeLong's 95 % interval.")
    psi: Number = Field(description="Population stability index of the scores against the reference.")
    psi_chance: Number = Field(
        description="PSI above which chance alone takes one of all the periods in 5 % of cases."
    )

    @property
    def shift(self) -> Shift:
        """How far scores moved; a PSI that chance alone may give is none."""
        if self.psi != self.psi:
            return "unknown"
        if self.psi < max(MODERATE, self.psi_chance):
            return "none"
        return "moderate" if self.psi < LARGE else "large"


class Drift(BaseModel):
    """Periods in order of time, beside the reference they are held against."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    periods: tuple[Period, ...] = Field(description="Periods in order of time.")
    reference_rows: int = Field(description="Rows of the reference.")
    reference_mean: Number = Field(description="Their mean probability.")
    bins: int = Field(description="Bins of the PSI: equal shares of the reference.")

    @property
    def ranks_change(self) -> bool:
        """Whether the AUC of two periods differs more than chance explains (chi-squared test at 5 %)."""
        known = [p for p in self.periods if p.auc_low == p.auc_low and p.auc_high > p.auc_low]
        if len(known) < 2:
            return False
        errors = np.array([(p.auc_high - p.auc_low) / (2 * 1.959964) for p in known])
        areas, weight = np.array([p.auc for p in known]), 1 / errors**2
        spread = float((weight * (areas - (weight * areas).sum() / weight.sum()) ** 2).sum())
        return spread > _chi_squared(len(known) - 1)


def psi(expected: ArrayLike, actual: ArrayLike, *, bins: int = BINS) -> float:
    """Population stability index of two samples of scores: Σ (a − e) ln(a / e) over bins.

    Siddiqi (2017), "Intelligent Credit Scoring". Bins are equal shares of the expected scores (equal scores
    are never parted); half a row is added to each bin, so that an empty one does not make it infinite.

    Returns
    -------
    float
        From 0; NaN when a sample is empty.
    """
    reference = np.asarray(expected, dtype=np.float64)
    return _psi(*_shares(reference, np.asarray(actual, dtype=np.float64), _edges(reference, bins)))


def drift(
    y: ArrayLike, p: ArrayLike, period: ArrayLike, *, labels: Sequence[str], reference: ArrayLike
) -> Drift:
    """Measure a score period by period.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    p : (n,) probability of class 1
    period : (n,) position of each row's period in `labels`; below 0 for rows without one, which are left out
    labels : names of the periods, in order of time
    reference : scores of rows from when the model was made, best of such as it has not learnt from

    Raises
    ------
    DataError
        When lengths differ.
    """
    outcomes, scores = checked(y, p)
    at = np.asarray(period, dtype=np.int64)
    if at.shape != outcomes.shape:
        raise DataError("each row needs a period", f"{outcomes.size:,} rows and {at.size:,} periods")
    expected = np.asarray(reference, dtype=np.float64)
    edges = _edges(expected, BINS)
    found = []
    for number, label in enumerate(labels):
        rows = at == number
        found.append(_period(label, outcomes[rows], scores[rows], expected, edges, len(labels)))
    return Drift(
        periods=tuple(found),
        reference_rows=expected.size,
        reference_mean=float(expected.mean()) if expected.size else math.nan,
        bins=len(edges) + 1 if expected.size else 0,
    )


def _period(
    label: str, y: NDArray[np.int8], p: Floats, reference: Floats, edges: Floats, periods: int
) -> Period:
    rows, bads = y.size, int(y.sum())
    area = auc_interval(y, p)
    low, high = wilson(bads, rows)
    expected, actual = _shares(reference, p, edges)
    known = rows > 0 and reference.size > 0
    # PSI / (1/n + 1/m) of two samples of one population is about chi-squared (Yurdakul & Naranjo 2020)
    chance = _chi_squared(len(edges), 0.05 / periods) * (1 / rows + 1 / reference.size) if known else math.nan
    return Period(
        label=label,
        rows=rows,
        bads=bads,
        mean_score=float(p.mean()) if rows else math.nan,
        bad_rate=bads / rows if rows else math.nan,
        bad_rate_low=low,
        bad_rate_high=high,
        auc=area.value,
        auc_low=area.low,
        auc_high=area.high,
        psi=_psi(expected, actual) if known else math.nan,
        psi_chance=chance,
    )


def _edges(reference: Floats, bins: int) -> Floats:
    if not reference.size:
        return np.empty(0)
    inner = np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1])
    edges = np.unique(inner)
    return np.asarray(edges[(edges > reference.min()) & (edges <= reference.max())], dtype=np.float64)


def _shares(expected: Floats, actual: Floats, edges: Floats) -> tuple[Floats, Floats]:
    size = len(edges) + 1
    found = []
    for sample in (expected, actual):
        counts = np.bincount(np.searchsorted(edges, sample, side="right"), minlength=size) + 0.5
        found.append(counts / counts.sum() if sample.size else np.full(size, math.nan))
    return found[0], found[1]


def _psi(expected: Floats, actual: Floats) -> float:
    return float(((actual - expected) * np.log(actual / expected)).sum())


def _chi_squared(freedom: int, level: float = 0.05) -> float:
    """What a chi-squared number exceeds with this probability."""
    if freedom < 1:
        return 0.0
    from scipy.stats import chi2

    return float(chi2.isf(level, freedom))
