"""The mix of reasons period by period, and what changed from one period to another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError, NotFoundError
from aimass_core.explain.contributions import LEAST_ROWS, Contributions, Z
from aimass_core.explain.reason_mix import LARGE, MODERATE, jensen_shannon, newcombe, psi

NO_REASON = "no reason against"
"""What the category is called of rows against which nothing speaks."""

Vector = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Verdict = Literal["none", "moderate", "large", "unknown"]


@dataclass(frozen=True, slots=True)
class Period:
    """The reasons of the rows of one period, as sums from which shares and their errors follow.

    Attributes
    ----------
    top : (p + 1,) rows by the feature that is their top reason; the last for which none is.
    sums : (p,) sums of absolute contributions |c|, log-odds.
    squares : (p,) sums of |c|².
    crosses : (p,) sums of |c| times the row's sum of all |c|.
    total, total_squares : sum and sum of squares of the rows' sums of all |c|.
    """

    label: str
    rows: int
    top: Ints
    sums: Vector
    squares: Vector
    crosses: Vector
    total: float
    total_squares: float

    def weights(self) -> tuple[Vector, Vector]:
        """Return each feature's share of all absolute contributions and its standard error, shape (p,).

        A ratio of two means; its error by linearisation (Cochran 1977, "Sampling Techniques", 6.3).
        """
        if not self.rows or self.total <= 0:
            nothing = np.full(len(self.sums), math.nan)
            return nothing, nothing
        share = self.sums / self.total
        rest = self.squares - 2 * share * self.crosses + share**2 * self.total_squares
        if self.rows < 2:
            return share, np.full(len(share), math.nan)
        variance = np.maximum(rest, 0.0) / (self.rows - 1)
        return share, np.sqrt(variance / self.rows) / (self.total / self.rows)


@dataclass(frozen=True, slots=True)
class ReasonMix:
    """Periods in order of time."""

    names: tuple[str, ...]
    periods: tuple[Period, ...]

    def period(self, label: str) -> Period:
        """Return the period of that name.

        Raises
        ------
        NotFoundError
            When there is none.
        """
        for period in self.periods:
            if period.label == label:
                return period
        raise NotFoundError(f"period `{label}` must have rows", "it has none", "Choose another period")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one reason: shares before and after, their difference and its 95 % interval.

    `top` is the share of rows whose top reason it is (Newcombe's interval); `weight` its share of all
    absolute contributions (NaN for the category without a reason).
    """

    feature: str
    top_before: float
    top_after: float
    top_gap: float
    top_low: float
    top_high: float
    weight_before: float
    weight_after: float
    weight_gap: float
    weight_low: float
    weight_high: float

    @property
    def moved(self) -> bool:
        """Whether the interval of the difference in top reasons leaves out 0."""
        return self.top_low > 0 or self.top_high < 0


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the mix of top reasons moved between two periods.

    Attributes
    ----------
    changes : reasons that occur, those that changed most first.
    psi : population stability index of the two mixes.
    psi_chance : what chance alone exceeds in 5 % of cases, given the rows.
    distance : Jensen-Shannon distance, 0 to 1.
    verdict : none where PSI is below 0.10 or chance may give as much; moderate below 0.25, then large;
        unknown with fewer than 30 rows on a side.
    """

    before: str
    after: str
    rows_before: int
    rows_after: int
    changes: tuple[Change, ...]
    psi: float
    psi_chance: float
    distance: float
    verdict: Verdict


def by_period(found: Contributions, period: Ints, labels: tuple[str, ...]) -> ReasonMix:
    """Add up the reasons of rows period by period.

    Parameters
    ----------
    period : (n,) position in `labels`; below 0 for rows without a time, which are left out.

    Raises
    ------
    DataError
        When lengths differ.
    """
    if period.shape != (len(found),):
        raise DataError(
            "each explained row needs a period", f"{len(found):,} rows and {period.size:,} periods"
        )
    none, top = len(found.names), found.top()
    made = []
    for number, label in enumerate(labels):
        inside = np.flatnonzero(period == number)
        strength = np.abs(found.values[inside])
        totals = strength.sum(axis=1)
        made.append(
            Period(
                label=label,
                rows=len(inside),
                top=np.bincount(np.where(top[inside] < 0, none, top[inside]), minlength=none + 1),
                sums=strength.sum(axis=0),
                squares=(strength**2).sum(axis=0),
                crosses=strength.T @ totals,
                total=float(totals.sum()),
                total_squares=float(totals @ totals),
            )
        )
    return ReasonMix(found.names, tuple(made))


def shift(mix: ReasonMix, before: str, after: str) -> Shift:
    """Compare the reasons of two periods.

    Raises
    ------
    NotFoundError
        When there is no such period.
    """
    first, second = mix.period(before), mix.period(after)
    (weight1, error1), (weight2, error2) = first.weights(), second.weights()
    changes = []
    for j, name in enumerate((*mix.names, NO_REASON)):
        hits = int(first.top[j]), int(second.top[j])
        gap, low, high = newcombe(hits, (first.rows, second.rows))
        known = j < len(mix.names)
        wide = Z * math.hypot(error1[j], error2[j]) if known else math.nan
        moved = float(weight2[j] - weight1[j]) if known else math.nan
        changes.append(
            Change(
                feature=name,
                top_before=hits[0] / first.rows if first.rows else math.nan,
                top_after=hits[1] / second.rows if second.rows else math.nan,
                top_gap=gap,
                top_low=low,
                top_high=high,
                weight_before=float(weight1[j]) if known else math.nan,
                weight_after=float(weight2[j]) if known else math.nan,
                weight_gap=moved,
                weight_low=moved - wide,
                weight_high=moved + wide,
            )
        )
    occurring = [c for c in changes if c.top_before or c.top_after or c.weight_before or c.weight_after]
    seen = [c for c in occurring if c.feature != NO_REASON or c.top_before or c.top_after]
    value, chance = psi(first.top, second.top)
    verdict: Verdict = "unknown"
    if min(first.rows, second.rows) >= LEAST_ROWS:
        verdict = "none" if value < max(MODERATE, chance) else "moderate" if value < LARGE else "large"
    return Shift(
        before=before,
        after=after,
        rows_before=first.rows,
        rows_after=second.rows,
        changes=tuple(sorted(seen, key=lambda c: -abs(c.top_gap) if c.top_gap == c.top_gap else 0.0)),
        psi=value,
        psi_chance=chance,
        distance=jensen_shannon(first.top, second.top),
        verdict=verdict,
    )
