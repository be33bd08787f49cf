"""Whether one score is better than another on the same rows, and by how much."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import row_log_loss
from aimass_core.evaluate.measure import Measure, Number
from aimass_core.evaluate.ranking import Floats, checked

Z = 1.959963984540054
"""97.5 % point of the normal distribution."""
LOWER_IS_BETTER = frozenset({"brier", "log_loss"})
"""Measures of which less is better."""
DRAWN = 10_000_000
"""Rows redrawn in all: above 20,000 rows there are fewer bootstrap samples than were asked for."""
_LEAST_SAMPLES = 100

Verdict = Literal["a", "b", "open"]
Rows = NDArray[np.int64]
Bootstrapped = Literal["ks", "average_precision", "brier", "log_loss"]


class Difference(BaseModel):
    """One measure of two scores on the same rows; the difference is the first less the second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str = Field(description="auc, ks, average_precision, brier or log_loss.")
    a: Number = Field(description="The measure of the first score.")
    b: Number = Field(description="The measure of the second score.")
    value: Number = Field(description="First less second; NaN when undefined.")
    low: Number = Field(default=math.nan, description="Lower end of the difference's 95 % interval.")
    high: Number = Field(default=math.nan, description="Upper end of the difference's 95 % interval.")
    p_value: Number = Field(default=math.nan, description="Two-sided, of no difference; for auc only.")
    rows: int = Field(description="Rows both scores are measured on.")
    bads: int = Field(description="Bads among them.")
    method: str = Field(description="How the interval was made, for a person.")

    @property
    def verdict(self) -> Verdict:
        """Which of the two is better; open when the interval holds 0 or there is none."""
        if not (self.low > 0 or self.high < 0):
            return "open"
        first = (self.low > 0) != (self.measure in LOWER_IS_BETTER)
        return "a" if first else "b"

    def sentence(self, a: str, b: str, *, unit: str = "") -> str:
        """Say in words which is better: "A is better than B: +0.006 AUC (95% interval 0.002 to 0.010)".

        Parameters
        ----------
        a, b : what the two are called.
        unit : what the measure is called, e.g. "AUC"; default: its key.
        """
        name = unit or self.measure.replace("_", " ")
        if self.value != self.value:
            return f"{a} and {b} cannot be compared by {name}: it is undefined on these rows."
        if self.low != self.low:
            return f"{a} and {b} differ by {self.value:+.3f} {name}; there are too few rows for an interval."
        digits = 3 if max(abs(self.low), abs(self.high)) >= 0.0005 else 5
        sign = -1 if self.verdict == "b" else 1
        low, high = sorted((sign * self.low, sign * self.high))
        span = f"{sign * self.value:+.{digits}f} {name} (95% interval {low:.{digits}f} to {high:.{digits}f})"
        if self.verdict == "open":
            return f"{a} and {b} cannot be told apart on these {self.rows:,} rows: {span}."
        better, worse = (a, b) if self.verdict == "a" else (b, a)
        return f"{better} is better than {worse}: {span}."


def placements(y: ArrayLike, p: ArrayLike) -> tuple[Floats, Floats]:
    """Return each bad's share of goods it outranks, and each good's share of bads that outrank it.

    The structural components V10 and V01 of DeLong, DeLong & Clarke-Pearson (1988), by midranks as Sun & Xu
    (2014), "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21: n log n instead of
    all pairs. The mean of either is the AUC.

    Returns
    -------
    tuple
        (bads,) and (goods,), in the order of the rows; empty where a class is.
    """
    labels, scores = checked(y, p)
    bads, goods = scores[labels == 1], scores[labels == 0]
    if not bads.size or not goods.size:
        return np.full(bads.size, math.nan), np.full(goods.size, math.nan)
    everything = _midranks(np.concatenate((bads, goods)))
    of_bads = (everything[: bads.size] - _midranks(bads)) / goods.size
    of_goods = 1 - (everything[bads.size :] - _midranks(goods)) / bads.size
    return of_bads, of_goods


def delong_covariance(y: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
    """Return the AUC of k scores of the same rows and their covariance, (k,) and (k, k).

    DeLong, DeLong & Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver
    operating characteristic curves", Biometrics 44.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    scores : (k, n) probabilities of class 1

    Raises
    ------
    DataError
        When a class has fewer than two rows, or labels and scores do not fit each other.
    """
    given = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    labels = checked(y, given[0])[0]
    bads = int(labels.sum())
    if min(bads, labels.size - bads) < 2:
        raise DataError(
            "the variance of an AUC needs two rows of each class",
            f"there are {bads:,} bads among {labels.size:,} rows",
        )
    parts = [placements(labels, row) for row in given]
    of_bads = np.array([part[0] for part in parts])
    of_goods = np.array([part[1] for part in parts])
    covariance = np.cov(of_bads) / bads + np.cov(of_goods) / (labels.size - bads)
    return of_bads.mean(axis=1), np.atleast_2d(covariance)


def auc_interval(y: ArrayLike, p: ArrayLike) -> Measure:
    """Return the AUC with DeLong's 95 % interval; NaN where undefined.

    Where every bad outranks every good the variance is 0 and says nothing: the interval is NaN then.
    """
    labels, scores = checked(y, p)
    bads = int(labels.sum())
    if min(bads, labels.size - bads) < 2:
        return Measure(value=float(np.mean(placements(labels, scores)[0])) if bads else math.nan)
    areas, covariance = delong_covariance(labels, scores)
    area, error = float(areas[0]), math.sqrt(max(0.0, float(covariance[0, 0])))
    if error == 0:
        return Measure(value=area)
    return Measure(value=area, low=max(0.0, area - Z * error), high=min(1.0, area + Z * error))


def delong(y: ArrayLike, a: ArrayLike, b: ArrayLike) -> Difference:
    """Compare the AUC of two scores of the same rows by DeLong's test.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    a, b : (n,) probabilities of class 1

    Returns
    -------
    Difference
        With interval and two-sided p-value; NaN when a class has fewer than two rows.
    """
    labels, first = checked(y, a)
    second = checked(y, b)[1]
    bads = int(labels.sum())
    method = "DeLong's paired test; normal 95% interval"
    if min(bads, labels.size - bads) < 2:
        return Difference(
            measure="auc",
            a=math.nan,
            b=math.nan,
            value=math.nan,
            rows=labels.size,
            bads=bads,
            method=method,
        )
    areas, covariance = delong_covariance(labels, np.stack((first, second)))
    value = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    error = math.sqrt(max(0.0, variance))
    if error > 1e-12:
        p_value = math.erfc(abs(value) / error / math.sqrt(2))
    else:  # the two rank alike
        p_value = 1.0 if abs(value) <= 1e-12 else math.nan
    return Difference(
        measure="auc",
        a=float(areas[0]),
        b=float(areas[1]),
        value=value,
        low=value - Z * error,
        high=value + Z * error,
        p_value=p_value,
        rows=labels.size,
        bads=bads,
        method=method,
    )


def bootstrap_difference(
    y: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    *,
    measures: Sequence[Bootstrapped] = ("ks", "average_precision", "brier", "log_loss"),
    replicates: int = 500,
    seed: int = 0,
) -> tuple[Difference, ...]:
    """Compare two scores by other measures: percentile intervals, rows redrawn in pairs within each class.

    Efron & Tibshirani (1993), "An introduction to the bootstrap". A row is drawn for both scores or for
    neither, so that what the two have in common cancels.

    Parameters
    ----------
    measures : which ones; that of the AUC is :func:`delong`'s.
    replicates : bootstrap samples, the same for all measures; fewer above 20,000 rows, as `method` says.
    seed : same seed, same intervals.
    """
    labels, first = checked(y, a)
    second = checked(y, b)[1]
    ranks = Rank(labels, first), Rank(labels, second)
    bads = int(labels.sum())
    whole = [_measured(rank, None, None, measures) for rank in ranks]
    times = samples(labels.size, replicates)
    drawn = np.full((times, len(measures)), math.nan)
    if min(bads, labels.size - bads) >= 2:
        random = np.random.default_rng(seed)
        of = [np.flatnonzero(labels == outcome) for outcome in (0, 1)]
        for i in range(times):
            good, bad = (rows[random.integers(0, rows.size, rows.size)] for rows in of)
            drawn[i] = _measured(ranks[0], bad, good, measures) - _measured(ranks[1], bad, good, measures)
    ends = np.quantile(drawn, (0.025, 0.975), axis=0) if times else np.full((2, len(measures)), math.nan)
    return tuple(
        Difference(
            measure=measure,
            a=float(whole[0][k]),
            b=float(whole[1][k]),
            value=float(whole[0][k] - whole[1][k]),
            low=float(ends[0, k]),
            high=float(ends[1, k]),
            rows=labels.size,
            bads=bads,
            method=f"95% percentile interval of {times:,} bootstrap samples, rows redrawn in pairs",
        )
        for k, measure in enumerate(measures)
    )


def samples(rows: int, replicates: int) -> int:
    """Return how many bootstrap samples of so many rows are drawn when this many are asked for."""
    return max(min(_LEAST_SAMPLES, replicates), min(replicates, DRAWN // max(1, rows)))


class Rank:
    """One score laid out by its distinct values, highest first, so that a sample is two vectors of counts."""

    def __init__(self, labels: NDArray[np.int8], scores: Floats) -> None:
        distinct, self.place = np.unique(-scores, return_inverse=True)
        self.scores = -distinct
        self.labels = labels
        self.loss_of_bad, self.loss_of_good = row_log_loss(self.scores, 1), row_log_loss(self.scores, 0)

    def counts(self, bad: Rows | None, good: Rows | None) -> tuple[Floats, Floats]:
        """Bads and goods at each distinct score among these rows; all of a class when None."""
        size = self.scores.size
        places = [
            self.place[self.labels == outcome] if rows is None else self.place[rows]
            for outcome, rows in ((1, bad), (0, good))
        ]
        bads, goods = (np.bincount(place, minlength=size).astype(np.float64) for place in places)
        return bads, goods


def _measured(rank: Rank, bad: Rows | None, good: Rows | None, measures: Sequence[Bootstrapped]) -> Floats:
    counts = rank.counts(bad, good)
    return np.array([_MEASURES[measure](rank, counts) for measure in measures])


def _ks(rank: Rank, counts: tuple[Floats, Floats]) -> float:
    bads, goods = counts
    if not bads.sum() or not goods.sum():
        return math.nan
    return float(np.abs(np.cumsum(bads) / bads.sum() - np.cumsum(goods) / goods.sum()).max())


def _average_precision(rank: Rank, counts: tuple[Floats, Floats]) -> float:
    bads, goods = counts
    if not bads.sum() or not goods.sum():
        return math.nan
    above = np.cumsum(bads)
    return float((bads * above / np.maximum(above + np.cumsum(goods), 1)).sum() / bads.sum())


def _brier(rank: Rank, counts: tuple[Floats, Floats]) -> float:
    bads, goods = counts
    total = bads.sum() + goods.sum()
    if not total:
        return math.nan
    return float((bads * (1 - rank.scores) ** 2 + goods * rank.scores**2).sum() / total)


def _log_loss(rank: Rank, counts: tuple[Floats, Floats]) -> float:
    bads, goods = counts
    total = bads.sum() + goods.sum()
    if not total:
        return math.nan
    return float((bads * rank.loss_of_bad + goods * rank.loss_of_good).sum() / total)


_MEASURES: dict[Bootstrapped, Callable[[Rank, tuple[Floats, Floats]], float]] = {
    "ks": _ks,
    "average_precision": _average_precision,
    "brier": _brier,
    "log_loss": _log_loss,
}
BOOTSTRAPPED: tuple[Bootstrapped, ...] = tuple(_MEASURES)
"""Measures whose difference has a bootstrap interval."""


def _midranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, position, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return ((2 * last - count + 1) / 2)[position].astype(np.float64)
