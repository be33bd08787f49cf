"""What happens at each cut-off, in rows and in money."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import SettingsError
from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Ranking, checked, spread

THRESHOLDS = 501
"""Most thresholds a table has."""


class Confusion(BaseModel):
    """Confusion matrix at one threshold: rows with this probability or more are flagged as bad."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(description="Probability from which rows are flagged.")
    tp: int = Field(description="Bads flagged.")
    fp: int = Field(description="Goods flagged.")
    tn: int = Field(description="Goods let through.")
    fn: int = Field(description="Bads let through.")

    @property
    def rows(self) -> int:
        """All rows."""
        return self.tp + self.fp + self.tn + self.fn

    @property
    def flagged(self) -> int:
        """Rows flagged (declined, blocked)."""
        return self.tp + self.fp

    @property
    def precision(self) -> float:
        """Share of bads among flagged rows; NaN when none is flagged."""
        return _share(self.tp, self.flagged)

    @property
    def recall(self) -> float:
        """Share of bads that are flagged (true positive rate); NaN without bads."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def false_positive_rate(self) -> float:
        """Share of goods that are flagged; NaN without goods."""
        return _share(self.fp, self.fp + self.tn)

    @property
    def accuracy(self) -> float:
        """Share of rows treated rightly; NaN without rows."""
        return _share(self.tp + self.tn, self.rows)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall (van Rijsbergen 1979); NaN without bads and flags."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def approval_rate(self) -> float:
        """Share of rows let through; NaN without rows."""
        return _share(self.tn + self.fn, self.rows)

    @property
    def accepted_bad_rate(self) -> float:
        """Share of bads among rows let through; NaN when none is."""
        return _share(self.fn, self.tn + self.fn)

    def cost(self, *, cost_false_positive: float, cost_false_negative: float) -> float:
        """Money lost to both kinds of error."""
        return self.fp * cost_false_positive + self.fn * cost_false_negative


class CutoffTable(BaseModel):
    """Exact confusion counts at many thresholds, from lowest (all flagged) to highest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: tuple[float, ...] = Field(description="Rows with this probability or more are flagged.")
    tp: tuple[int, ...] = Field(description="Bads flagged.")
    fp: tuple[int, ...] = Field(description="Goods flagged.")
    tn: tuple[int, ...] = Field(description="Goods let through.")
    fn: tuple[int, ...] = Field(description="Bads let through.")

    def __len__(self) -> int:
        return len(self.threshold)

    def row(self, index: int) -> Confusion:
        """Return the counts at one position of the table."""
        return Confusion(
            threshold=self.threshold[index],
            tp=self.tp[index],
            fp=self.fp[index],
            tn=self.tn[index],
            fn=self.fn[index],
        )

    def at(self, threshold: float) -> Confusion:
        """Return the counts at the table's threshold nearest to this one; the result names it."""
        return self.row(int(np.abs(np.array(self.threshold) - threshold).argmin()))

    def costs(self, *, cost_false_positive: float, cost_false_negative: float) -> tuple[float, ...]:
        """Money lost at each threshold."""
        return tuple(
            fp * cost_false_positive + fn * cost_false_negative
            for fp, fn in zip(self.fp, self.fn, strict=True)
        )


class BestCutoff(BaseModel):
    """The cheapest cut-off for given costs, beside what else could be done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    confusion: Confusion = Field(description="Counts at the cheapest threshold.")
    cost: float = Field(description="Money lost there.")
    cost_per_row: Number = Field(description="The same per row; NaN without rows.")
    cost_flag_none: float = Field(description="Money lost if nothing were flagged.")
    cost_flag_all: float = Field(description="Money lost if everything were flagged.")
    break_even: Number = Field(
        description="Threshold that would be cheapest if probabilities were perfectly calibrated."
    )


def confusion(y: ArrayLike, p: ArrayLike, *, threshold: float) -> Confusion:
    """Count outcomes at one threshold; rows with this probability or more are flagged."""
    labels, scores = checked(y, p)
    bad, flagged = labels == 1, scores >= threshold
    return Confusion(
        threshold=threshold,
        tp=int((bad & flagged).sum()),
        fp=int((~bad & flagged).sum()),
        tn=int((~bad & ~flagged).sum()),
        fn=int((bad & ~flagged).sum()),
    )


def cutoff_table(ranking: Ranking) -> CutoffTable:
    """Count outcomes at up to 501 thresholds spread evenly over both classes, plus 0 and 1.

    Every count is exact. Thresholds are scores that occur (all of them if there are at most 499), so the
    cheapest of them is the cheapest of all, or within 1/499 of both classes of it. A probability of exactly 1
    is flagged at every threshold.
    """
    at = spread(ranking, THRESHOLDS - 2)
    thresholds = np.unique(np.concatenate(([0.0, 1.0], ranking.scores[at])))
    # rows flagged = entries of the descending scores that are >= threshold
    flagged = np.searchsorted(-ranking.scores, -thresholds, side="right")
    bads = np.concatenate(([0], ranking.cumulative_bads))[flagged]
    goods = np.concatenate(([0], ranking.cumulative_goods))[flagged]
    return CutoffTable(
        threshold=tuple(thresholds.tolist()),
        tp=tuple(bads.tolist()),
        fp=tuple(goods.tolist()),
        tn=tuple((ranking.total_goods - goods).tolist()),
        fn=tuple((ranking.total_bads - bads).tolist()),
    )


def best_cutoff(table: CutoffTable, *, cost_false_positive: float, cost_false_negative: float) -> BestCutoff:
    """Find the threshold that loses least money; of equals the one that flags fewest rows.

    Elkan (2001), "The foundations of cost-sensitive learning": with calibrated probabilities it is
    cost_fp / (cost_fp + cost_fn), given as `break_even` for comparison.

    Parameters
    ----------
    cost_false_positive : money lost per good that is flagged (margin not earned, customer annoyed)
    cost_false_negative : money lost per bad that is let through (loss given default, fraud amount)

    Raises
    ------
    SettingsError
        When a cost is negative or not a number.
    """
    for name, cost in (("false positive", cost_false_positive), ("false negative", cost_false_negative)):
        if not (math.isfinite(cost) and cost >= 0):
            raise SettingsError(f"the cost of a {name} must be a number from 0", f"it is {cost}")
    costs = np.array(
        table.costs(cost_false_positive=cost_false_positive, cost_false_negative=cost_false_negative)
    )
    best = int(np.flatnonzero(costs == costs.min())[-1])  # thresholds ascend: the last flags fewest
    found = table.row(best)
    together = cost_false_positive + cost_false_negative
    return BestCutoff(
        confusion=found,
        cost=float(costs[best]),
        cost_per_row=_share(float(costs[best]), found.rows),
        cost_flag_none=(found.tp + found.fn) * cost_false_negative,
        cost_flag_all=(found.fp + found.tn) * cost_false_positive,
        break_even=_share(cost_false_positive, together),
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
