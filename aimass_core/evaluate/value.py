"""What a score is worth in money: profit at every cut-off, the best one, and how sure that is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.cutoff import Confusion, CutoffTable, cutoff_table
from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Floats, rank

REPLICATES = 1_000


class Payoff(BaseModel):
    """Money that one row of each cell of the confusion matrix brings (above 0) or costs (below 0)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    good_passed: float = Field(
        default=1.0, allow_inf_nan=False, description="Per good let through, e.g. the margin earned."
    )
    bad_passed: float = Field(
        default=-5.0, allow_inf_nan=False, description="Per bad let through, e.g. minus the loss."
    )
    good_flagged: float = Field(
        default=0.0, allow_inf_nan=False, description="Per good flagged, e.g. minus the cost of a review."
    )
    bad_flagged: float = Field(
        default=0.0, allow_inf_nan=False, description="Per bad flagged, e.g. minus the cost of a review."
    )

    @property
    def break_even(self) -> float:
        """Probability from which flagging pays if probabilities are right; NaN when none does or all do.

        Elkan (2001), "The foundations of cost-sensitive learning".
        """
        from_good = self.good_passed - self.good_flagged
        from_bad = self.bad_flagged - self.bad_passed
        together = from_good + from_bad
        return from_good / together if from_good >= 0 and from_bad >= 0 and together > 0 else math.nan

    def of(self, counts: Confusion) -> float:
        """Money that these counts bring."""
        return (
            counts.tn * self.good_passed
            + counts.fn * self.bad_passed
            + counts.fp * self.good_flagged
            + counts.tp * self.bad_flagged
        )


class Value(BaseModel):
    """Profit at each cut-off, and the best one with its interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payoff: Payoff = Field(description="Money per row of each cell.")
    rows: int = Field(description="Rows measured.")
    cutoffs: CutoffTable = Field(description="Counts at up to 501 thresholds.")
    profit: tuple[float, ...] = Field(description="Money at each threshold, on these rows.")
    best: Confusion = Field(description="Counts at the most profitable threshold.")
    best_profit: float = Field(description="Money there.")
    best_low: Number = Field(description="Lower end of the money's 95 % bootstrap interval.")
    best_high: Number = Field(description="Upper end of the money's 95 % bootstrap interval.")
    cutoff_low: Number = Field(description="Lower end of the best threshold's 95 % bootstrap interval.")
    cutoff_high: Number = Field(description="Upper end of the best threshold's 95 % bootstrap interval.")
    expected_profit: Number = Field(
        description="Money to expect on as many new rows: less what choosing the threshold here flatters."
    )
    pass_all: float = Field(description="Money if every row were let through.")
    flag_all: float = Field(description="Money if every row were flagged.")
    break_even: Number = Field(description="Best threshold if probabilities were perfectly calibrated.")


def value(
    y: ArrayLike, p: ArrayLike, *, payoff: Payoff, replicates: int = REPLICATES, seed: int = 0
) -> Value:
    """Turn a score into money.

    Of equally profitable thresholds the one that flags fewest rows is the best. Its interval is what other
    samples of as many rows would choose: rows redrawn, so that the number of bads varies as well. What the
    choice on these very rows flatters is taken off by the bootstrap (Efron 1983, "optimism"): the mean, over
    samples, of the profit at the sample's own best threshold on the sample less that on all rows.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    p : (n,) probability of class 1
    replicates : bootstrap samples; 0 leaves intervals out
    seed : same seed, same interval

    Raises
    ------
    DataError
        When the two do not fit each other.
    """
    table = cutoff_table(rank(y, p))
    counts = [np.array(part, dtype=np.float64) for part in (table.tn, table.fn, table.fp, table.tp)]
    money = _money(payoff, *counts)
    best = int(np.flatnonzero(money == money.max())[-1])  # thresholds ascend: the last flags fewest
    rows = table.row(0).rows
    found = {"best_low": math.nan, "best_high": math.nan, "cutoff_low": math.nan, "cutoff_high": math.nan}
    expected = math.nan
    if replicates > 0 and rows > 1:
        drawn, chosen, optimism = _drawn(table, money, best, payoff, rows, replicates, seed)
        thresholds = np.array(table.threshold)[chosen]
        found["best_low"], found["best_high"] = (float(x) for x in np.quantile(drawn, (0.025, 0.975)))
        ends = np.quantile(thresholds, (0.025, 0.975), method="inverted_cdf")
        found["cutoff_low"], found["cutoff_high"] = float(ends[0]), float(ends[1])
        expected = float(money[best]) - optimism
    bads, goods = table.tp[0] + table.fn[0], table.fp[0] + table.tn[0]
    return Value(
        payoff=payoff,
        rows=rows,
        cutoffs=table,
        profit=tuple(money.tolist()),
        best=table.row(best),
        best_profit=float(money[best]),
        expected_profit=expected,
        pass_all=goods * payoff.good_passed + bads * payoff.bad_passed,
        flag_all=goods * payoff.good_flagged + bads * payoff.bad_flagged,
        break_even=payoff.break_even,
        **found,
    )


def _money(payoff: Payoff, tn: Floats, fn: Floats, fp: Floats, tp: Floats) -> Floats:
    return (
        tn * payoff.good_passed + fn * payoff.bad_passed + fp * payoff.good_flagged + tp * payoff.bad_flagged
    )


def _drawn(
    table: CutoffTable, money: Floats, best: int, payoff: Payoff, rows: int, replicates: int, seed: int
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]], float]:
    """Return per sample the profit at the threshold chosen, the position chosen; and the mean optimism.

    A row only matters by its class and by the two thresholds it lies between: samples are drawn as counts of
    these cells, whatever the number of rows.
    """
    passed_goods = np.diff(np.array((*table.tn, table.tn[0] + table.fp[0])), prepend=0)
    passed_bads = np.diff(np.array((*table.fn, table.fn[0] + table.tp[0])), prepend=0)
    cells = np.concatenate((passed_goods, passed_bads)).clip(min=0)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(rows, cells / cells.sum(), size=replicates).astype(np.float64)
    size = passed_goods.size
    goods, bads = np.cumsum(drawn[:, :size], axis=1), np.cumsum(drawn[:, size:], axis=1)
    tn, fn = goods[:, :-1], bads[:, :-1]
    sampled = _money(payoff, tn, fn, goods[:, -1:] - tn, bads[:, -1:] - fn)
    last = sampled.shape[1] - 1
    chosen = last - sampled[:, ::-1].argmax(axis=1)  # the last of equals
    own = sampled[np.arange(replicates), chosen]
    return sampled[:, best], chosen.astype(np.int64), float(np.mean(own - money[chosen]))
