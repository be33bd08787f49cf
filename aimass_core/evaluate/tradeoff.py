"""Two scores at the same approval rate, and at the same bad rate among those approved."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import SettingsError
from aimass_core.evaluate.compare import samples
from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Floats, checked

POINTS = 101
Held = Literal["approval", "bad_rate"]


class TradeOff(BaseModel):
    """Bad rate among the rows let through, at each approval rate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    approval: tuple[float, ...] = Field(description="Share of all rows let through, ascending to 1.")
    bad_rate: tuple[Number, ...] = Field(description="Share of bads among them.")
    threshold: tuple[float, ...] = Field(description="Rows below this probability are let through.")


class SameRate(BaseModel):
    """Two scores with one rate held equal; the difference is the first less the second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    held: Held = Field(description="Which rate is held equal.")
    at: float = Field(description="The rate, 0 to 1.")
    a: Number = Field(description="The other rate of the first score; NaN when it cannot be reached.")
    b: Number = Field(description="The other rate of the second score.")
    value: Number = Field(description="First less second.")
    low: Number = Field(default=math.nan, description="Lower end of the difference's 95 % interval.")
    high: Number = Field(default=math.nan, description="Upper end of the difference's 95 % interval.")
    rows: int = Field(description="Rows both are measured on.")
    replicates: int = Field(description="Bootstrap samples behind the interval.")

    @property
    def verdict(self) -> Literal["a", "b", "open"]:
        """Which is better: fewer bads at the same approval rate, or more approvals at the same bad rate."""
        if not (self.low > 0 or self.high < 0):
            return "open"
        more = self.low > 0
        return "a" if more == (self.held == "bad_rate") else "b"


def trade_off(y: ArrayLike, p: ArrayLike) -> TradeOff:
    """Return the bad rate among the safest rows at up to 101 approval rates; rows of equal score count alike.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    p : (n,) probability of class 1
    """
    labels, scores = checked(y, p)
    if not labels.size:
        return TradeOff(approval=(), bad_rate=(), threshold=())
    line = _Line(labels, scores)
    rows, bads = line.counts(None)
    grid = np.unique((np.linspace(0, 1, POINTS)[1:] * labels.size).round().clip(min=1))
    passed = np.interp(grid, np.r_[0, np.cumsum(rows)], np.r_[0, np.cumsum(bads)])
    place = np.searchsorted(np.cumsum(rows), grid)
    return TradeOff(
        approval=tuple((grid / labels.size).tolist()),
        bad_rate=tuple((passed / grid).tolist()),
        threshold=tuple(line.scores[place].tolist()),
    )


def same_rate(
    y: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    *,
    held: Held,
    at: float,
    replicates: int = 500,
    seed: int = 0,
) -> SameRate:
    """Compare two scores with the approval rate, or the bad rate among those approved, held equal.

    Within rows of equal score, any share may be let through: their bads count in proportion. The interval is
    a percentile interval of rows redrawn in pairs.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    a, b : (n,) probabilities of class 1
    held : "approval" gives the bad rate of each; "bad_rate" the largest approval rate that keeps to it.
    at : the rate that is held, above 0 and at most 1.

    Raises
    ------
    SettingsError
        When the rate is not above 0 and at most 1.
    """
    if not 0 < at <= 1:
        raise SettingsError("a rate must be above 0% and at most 100%", f"it is {at:.1%}", "Choose another")
    labels, first = checked(y, a)
    second = checked(y, b)[1]
    lines = _Line(labels, first), _Line(labels, second)
    measured = _bad_rate if held == "approval" else _approval
    whole = [measured(*line.counts(None), at) for line in lines]
    times = samples(labels.size, replicates)
    low = high = math.nan
    if labels.size > 1 and times > 0:
        random = np.random.default_rng(seed)
        drawn = np.empty(times)
        for i in range(times):
            rows = random.integers(0, labels.size, labels.size)
            drawn[i] = measured(*lines[0].counts(rows), at) - measured(*lines[1].counts(rows), at)
        if np.isfinite(drawn).all():
            low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    return SameRate(
        held=held,
        at=at,
        a=whole[0],
        b=whole[1],
        value=whole[0] - whole[1],
        low=low,
        high=high,
        rows=labels.size,
        replicates=times,
    )


class _Line:
    """One score laid out by its distinct values, safest first."""

    def __init__(self, labels: NDArray[np.int8], scores: Floats) -> None:
        self.scores, self._place = np.unique(scores, return_inverse=True)
        self._bad = labels.astype(np.float64)

    def counts(self, rows: NDArray[np.int64] | None) -> tuple[Floats, Floats]:
        """Rows and bads at each distinct score."""
        place = self._place if rows is None else self._place[rows]
        bad = self._bad if rows is None else self._bad[rows]
        size = self.scores.size
        bads = np.bincount(place, bad, size).astype(np.float64)
        return np.bincount(place, minlength=size).astype(np.float64), bads


def _bad_rate(rows: Floats, bads: Floats, at: float) -> float:
    """Bad rate among the safest share `at` of the rows."""
    total = rows.sum()
    if not total:
        return math.nan
    passed = np.interp(at * total, np.r_[0, np.cumsum(rows)], np.r_[0, np.cumsum(bads)])
    return float(passed / (at * total))


def _approval(rows: Floats, bads: Floats, at: float) -> float:
    """Largest share of rows of which at most `at` are bad; 0 when even the safest are worse."""
    total = rows.sum()
    if not total:
        return math.nan
    passed, bad = np.r_[0, np.cumsum(rows)], np.r_[0, np.cumsum(bads)]
    over = bad - at * passed  # at most 0 where the rate is kept
    kept = int(np.flatnonzero(over <= 1e-9)[-1])
    if kept == passed.size - 1:
        return 1.0
    step = over[kept + 1] - over[kept]
    part = -over[kept] / step if step > 0 else 0.0
    return float((passed[kept] + part * (passed[kept + 1] - passed[kept])) / total)
