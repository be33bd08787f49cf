"""Optimal bins by exact dynamic programming: which neighbouring pre-bins to join.

Among all ways to join `m` pre-bins into neighbouring groups, the one is found that maximises a sum over
bins: the information value, or the log likelihood of a bad rate per bin less a price per bin. Limits on the
number of bins and on their size hold exactly, and so does a rising or falling bad rate. The objective is
additive over bins, so Bellman's principle holds: Fisher (JASA 53, 1958) for groups without a trend. For a
trend the state also holds the last bin, so that its rate can be compared with the one before. The task and
its limits are those of credit scorecards (Siddiqi, Credit Risk Scorecards, 2006; Navas-Palencia, Optimal
binning: mathematical programming formulation, arXiv 2001.08025, 2020, who solves it by integer programming);
the price per bin stands where Fayyad & Irani (IJCAI 1993) stop by minimum description length.
Labels are put in order of their bad rate first, which is optimal for two classes (Fisher; Breiman et al.,
Classification and Regression Trees, 1984, section 4.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from aimass_core.models.binning import Floats, Ints, quantile_edges, summed

Direction = Literal["none", "up", "down", "auto"]

MOST_GIVEN_UP = 0.1
"""Share of the gain over one bin that an automatic trend may cost before it is dropped."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What bins must fulfil and maximise; the totals are those of all rows of the training.

    Attributes
    ----------
    most : most bins. least_rows : least weight of a bin.
    penalty : price of a further bin, in units of ``log(rows) / 2``; for the likelihood only.
    prior : rows at the overall bad rate that are added to a bin before its rate is taken.
    rows, bads : total weight of all rows and of the bad ones.
    """

    criterion: Literal["likelihood", "information"]
    most: int
    least_rows: float
    penalty: float
    prior: float
    rows: float
    bads: float

    def rate(self, rows: Floats, bads: Floats) -> Floats:
        """Return the bad rate of bins, drawn towards the overall one by the prior."""
        return np.asarray((bads + self.prior * self.bads / self.rows) / (rows + self.prior))

    def evidence(self, rows: Floats, bads: Floats) -> Floats:
        """Return the weight of evidence of bins towards bad: log-odds less those of all rows."""
        rate = self.rate(rows, bads)
        return np.asarray(np.log(rate / (1 - rate)) - math.log(self.bads / (self.rows - self.bads)))

    def worth(self, rows: Floats, bads: Floats) -> Floats:
        """Return what each bin adds to the objective."""
        if self.criterion == "information":
            spread = bads / self.bads - (rows - bads) / (self.rows - self.bads)
            return np.asarray(spread * self.evidence(rows, bads))
        goods = rows - bads
        share = np.divide(bads, rows, out=np.zeros_like(bads), where=rows > 0)
        fit = xlogy(bads, share) + xlogy(goods, 1 - share)
        return np.asarray(fit - self.penalty * math.log(max(self.rows, math.e)) / 2)


def number_edges(
    values: Floats, bad: Floats, weight: Floats, rules: Rules, *, pre_bins: int, trend: Direction
) -> Floats:
    """Return the inner edges of the best bins of a number, none where one bin is best.

    Parameters
    ----------
    values : shape (n,), neither missing nor special. bad : 0 or 1. weight : above 0.
    """
    edges = quantile_edges(values, weight, pre_bins)
    codes = np.searchsorted(edges, values, side="left")
    rows = summed(codes, weight, len(edges) + 1)
    bads = summed(codes, weight * bad, len(edges) + 1)
    return np.asarray(edges[[end - 1 for end in best_cuts(rows, bads, rules, trend=trend)]])


def label_groups(
    values: Floats, bad: Floats, weight: Floats, rules: Rules, *, rare_share: float
) -> tuple[Floats, Ints]:
    """Return the known codes and the best group of each, groups in order of their bad rate.

    Labels with less than `rare_share` of all rows are taken together before the search, because the bad
    rate of a few rows says little.
    """
    known, where = np.unique(values, return_inverse=True)
    rows = summed(where, weight, len(known))
    bads = summed(where, weight * bad, len(known))
    atoms = np.arange(len(known))
    rare = rows < rare_share * rules.rows
    if rare.sum() > 1:
        atoms[rare] = np.flatnonzero(rare)[0]
    _, atoms = np.unique(atoms, return_inverse=True)
    count = int(atoms.max()) + 1 if len(atoms) else 0
    atom_rows = summed(atoms, rows, count)
    atom_bads = summed(atoms, bads, count)
    order = np.argsort(rules.rate(atom_rows, atom_bads), kind="stable")
    cuts = best_cuts(atom_rows[order], atom_bads[order], rules, trend="none")
    group_of = np.empty(count, dtype=np.int64)
    group_of[order] = np.searchsorted(np.array(cuts), np.arange(count), side="right")
    return known, group_of[atoms]


def best_cuts(rows: Floats, bads: Floats, rules: Rules, *, trend: Direction) -> tuple[int, ...]:
    """Return where the best groups of neighbouring pre-bins begin, the first (0) left out.

    Parameters
    ----------
    rows, bads : weight of all rows and of the bad ones in each pre-bin, shape (m,).
    trend : `auto` takes the better of up and down, unless that gives up more than a tenth of what the best
        bins without a trend gain over a single bin; then there is no trend.
    """
    if len(rows) < 2:
        return ()
    table = _Table.of(rows, bads, rules)
    if trend == "none":
        return _free(table, rules.most)[1]
    if trend in ("up", "down"):
        return _ordered(table, rules.most, falling=trend == "down")[1]
    worth, cuts = max(
        (_ordered(table, rules.most, falling=falling) for falling in (False, True)),
        key=lambda found: found[0],
    )
    free, free_cuts = _free(table, rules.most)
    single = float(table.single)
    return cuts if free - worth <= MOST_GIVEN_UP * max(free - single, 0.0) else free_cuts


@dataclass(frozen=True, slots=True)
class _Table:
    """Worth and bad rate of the bin of pre-bins i to j - 1, at [i, j]; minus infinity where too small."""

    worth: Floats
    rate: Floats
    single: float

    @classmethod
    def of(cls, rows: Floats, bads: Floats, rules: Rules) -> _Table:
        all_rows, all_bads = (np.concatenate([[0.0], np.cumsum(part)]) for part in (rows, bads))
        n = all_rows[None, :] - all_rows[:, None]
        # Sums of fractional weights may round a hair below 0 or above the rows.
        b = np.clip(all_bads[None, :] - all_bads[:, None], 0.0, np.maximum(n, 0.0))
        inside = np.triu(np.ones(n.shape, dtype=bool), 1)
        large = inside & (n >= rules.least_rows * (1 - 1e-12)) & (n > 0)
        n, b = np.where(inside, n, 1.0), np.where(inside, b, 0.0)
        worth = rules.worth(n, b)
        single = float(worth[0, -1])
        return cls(np.where(large, worth, -np.inf), rules.rate(n, b), single)


def _free(table: _Table, most: int) -> tuple[float, tuple[int, ...]]:
    """Best groups of any order: value and cuts; one group where no division is allowed or better."""
    size = len(table.worth)
    best: tuple[float, tuple[int, ...]] = (table.single, ())
    ends = table.worth[0].copy()
    came: list[npt.NDArray[np.intp]] = []
    for bins in range(2, min(most, size - 1) + 1):
        reached = ends[:, None] + table.worth
        came.append(reached.argmax(axis=0))
        ends = reached.max(axis=0)
        if ends[-1] > best[0]:
            best = (float(ends[-1]), _walked(came, size - 1, bins))
    return best


def _walked(came: list[npt.NDArray[np.intp]], end: int, bins: int) -> tuple[int, ...]:
    cuts = []
    for level in range(bins - 2, -1, -1):
        end = int(came[level][end])
        cuts.append(end)
    return tuple(reversed(cuts))


def _ordered(table: _Table, most: int, *, falling: bool) -> tuple[float, tuple[int, ...]]:
    """Best groups whose rates rise (or fall): the state is the last group [i, j)."""
    size = len(table.worth)
    rate = -table.rate if falling else table.rate
    best: tuple[float, tuple[int, ...]] = (table.single, ())
    last = np.full((size, size), -np.inf)
    last[0] = table.worth[0]
    came: list[npt.NDArray[np.intp]] = []
    for _ in range(2, min(most, size - 1) + 1):
        reached = np.full((size, size), -np.inf)
        before = np.zeros((size, size), dtype=np.intp)
        for i in range(1, size - 1):
            starts = np.flatnonzero(np.isfinite(last[:i, i]))
            if not len(starts):
                continue
            starts = starts[np.argsort(rate[starts, i], kind="stable")]
            so_far = np.maximum.accumulate(last[starts, i])
            first = np.concatenate([[True], so_far[1:] > so_far[:-1]])
            leader = starts[np.maximum.accumulate(np.where(first, np.arange(len(starts)), 0))]
            allowed = np.searchsorted(rate[starts, i], rate[i, i + 1 :], side="right") - 1
            fits = allowed >= 0
            after = np.arange(i + 1, size)[fits]
            reached[i, after] = table.worth[i, after] + so_far[allowed[fits]]
            before[i, after] = leader[allowed[fits]]
        came.append(before)
        last = reached
        start = int(last[:, -1].argmax())
        if last[start, -1] > best[0]:
            best = (float(last[start, -1]), _walked_pairs(came, start, size - 1))
    return best


def _walked_pairs(came: list[npt.NDArray[np.intp]], start: int, end: int) -> tuple[int, ...]:
    cuts = [start]
    for before in reversed(came):
        start, end = int(before[start, end]), start
        cuts.append(start)
    return tuple(reversed(cuts[:-1]))
