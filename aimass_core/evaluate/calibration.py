"""How close probabilities are to what happened."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Floats, checked

_Z = 1.959963984540054  # 97.5 % point of the normal distribution
_SMALLEST = float(np.finfo(np.float64).eps)


def brier(y: ArrayLike, p: ArrayLike) -> float:
    """Mean squared difference of probability and outcome; NaN without rows.

    Brier (1950), "Verification of forecasts expressed in terms of probability".
    """
    labels, scores = checked(y, p)
    return float(np.mean((scores - labels) ** 2)) if labels.size else math.nan


def row_log_loss(p: Floats, outcome: int) -> Floats:
    """Log loss of each row had its outcome been `outcome`, natural logarithm, shape (n,).

    Probabilities are kept 2.2e-16 away from 0 and 1, as scikit-learn does, so that one impossible row does
    not make the mean infinite.
    """
    kept = np.clip(p, _SMALLEST, 1 - _SMALLEST)
    return -np.log(kept) if outcome else -np.log1p(-kept)


def log_loss(y: ArrayLike, p: ArrayLike) -> float:
    """Mean negative log likelihood of the outcomes, natural logarithm; NaN without rows.

    Good (1952), "Rational decisions"; the clipping is scikit-learn's.
    """
    labels, scores = checked(y, p)
    if not labels.size:
        return math.nan
    return float(np.mean(np.where(labels == 1, row_log_loss(scores, 1), row_log_loss(scores, 0))))


class ReliabilityBin(BaseModel):
    """Rows with similar probability: what was said and what happened."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: Number = Field(description="Lowest probability in the bin.")
    high: Number = Field(description="Highest probability in the bin.")
    predicted: Number = Field(description="Mean probability.")
    observed: Number = Field(description="Share of bads.")
    observed_low: Number = Field(description="Lower end of the share's 95 % Wilson interval.")
    observed_high: Number = Field(description="Upper end of the share's 95 % Wilson interval.")
    rows: int = Field(description="Rows in the bin.")
    bads: int = Field(description="Bads in the bin.")


def reliability(y: ArrayLike, p: ArrayLike, *, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Reliability diagram over bins of equal row count.

    Equal scores are never split, so heavy ties give fewer, unequal bins. Bins: Niculescu-Mizil & Caruana
    (2005) with equal counts instead of equal widths, because scores of rare events crowd near 0; interval of
    each share: Wilson (1927).

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    p : (n,) probability of class 1
    bins : most bins to make

    Returns
    -------
    tuple of ReliabilityBin
        From lowest to highest probability; empty without rows.
    """
    labels, scores = checked(y, p)
    if not labels.size:
        return ()
    order = np.argsort(scores, kind="stable")
    scores, labels = scores[order], labels[order]
    wanted = np.linspace(0, scores.size, bins + 1)[1:-1].round().astype(np.int64)
    starts = np.unique(
        np.concatenate(([0], np.searchsorted(scores, scores[wanted.clip(max=scores.size - 1)])))
    )
    ends = np.append(starts[1:], scores.size)
    return tuple(_bin(scores[a:b], int(labels[a:b].sum())) for a, b in zip(starts, ends, strict=True))


def _bin(scores: Floats, bads: int) -> ReliabilityBin:
    low, high = wilson(bads, scores.size)
    return ReliabilityBin(
        low=float(scores[0]),
        high=float(scores[-1]),
        predicted=float(scores.mean()),
        observed=bads / scores.size,
        observed_low=low,
        observed_high=high,
        rows=int(scores.size),
        bads=bads,
    )


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """95 % score interval of a share, Wilson (1927); NaN without rows."""
    if rows == 0:
        return math.nan, math.nan
    share = hits / rows
    scale = 1 + _Z**2 / rows
    middle = (share + _Z**2 / (2 * rows)) / scale
    half = _Z * math.sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2)) / scale
    # the limits are exact where nothing or everything hit, whatever rounding says
    return (
        max(0.0, middle - half) if hits else 0.0,
        min(1.0, middle + half) if hits < rows else 1.0,
    )
