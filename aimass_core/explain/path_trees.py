"""Path-dependent Shapley values of trees, from tables: what LightGBM's `pred_contrib` gives, for many rows.

Against the population as the trees counted it, what a leaf gives to the features on its path depends only on
which of them the row passes (Lundberg et al. 2020, "tree path dependent"). With d features there are 2^d such
patterns, so all of them are worked out once (as in FastTreeSHAP v2, Yang 2021); a row then only looks up.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import factorial

import numpy as np
import numpy.typing as npt

from aimass_core.explain.compiled import compiled
from aimass_core.explain.forest import Forest

Matrix = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_LARGEST = 16_000_000
"""Most numbers in the tables, 128 MB; deeper trees are left to LightGBM."""
_ROWS_AT_ONCE = 1_024


@dataclass(frozen=True)
class PathTables:
    """What every leaf gives, for every pattern of passed features.

    Attributes
    ----------
    forest : the trees, every column a player of its own.
    step_start : first step of each leaf's path, and the end of the last; shape (leaves + 1,).
    node, left, slot : per step, the split, whether the path goes left, and the feature's place on the path.
    feature_start : first feature of each leaf's path, and the end of the last.
    feature : the features on the paths.
    table_start : first number of each leaf's table, (pattern, feature) in order.
    table : the tables, one after the other.
    base : what contributions start from, log-odds.
    """

    forest: Forest
    step_start: Ints
    node: Ints
    left: Bools
    slot: Ints
    feature_start: Ints
    feature: Ints
    table_start: Ints
    table: Matrix
    base: float

    @classmethod
    def of(cls, forest: Forest) -> PathTables | None:
        """Work out the tables; None where they would be too large."""
        steps: list[tuple[int, bool, int]] = []
        features: list[int] = []
        rests: list[float] = []
        leaves: list[int] = []
        step_start, feature_start = [0], [0]
        waiting: list[tuple[int, list[tuple[int, bool]]]] = [(int(root), []) for root in forest.roots]
        while waiting:
            number, path = waiting.pop()
            if forest.left[number] >= 0:
                waiting.append((int(forest.right[number]), [*path, (number, False)]))
                waiting.append((int(forest.left[number]), [*path, (number, True)]))
                continue
            slots: dict[int, int] = {}
            shares: list[float] = []
            for split, goes in path:
                child = forest.left[split] if goes else forest.right[split]
                place = slots.setdefault(int(forest.column[split]), len(slots))
                if place == len(shares):
                    shares.append(1.0)
                shares[place] *= float(forest.cover[child] / forest.cover[split])
                steps.append((split, goes, place))
            leaves.append(number)
            features += slots
            rests += shares
            step_start.append(len(steps))
            feature_start.append(len(features))
        wide = np.diff(feature_start)
        sizes = [int(d) << int(d) for d in wide]
        if sum(sizes) > _LARGEST:
            return None
        starts, kept = np.array(feature_start, dtype=np.int64), np.array(rests, dtype=np.float64)
        table_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        value = forest.value[leaves]
        deepest = int(wide.max(initial=0))
        weights = np.zeros((deepest + 1, deepest + 1))
        for d in range(1, deepest + 1):
            weights[d, :d] = [factorial(j) * factorial(d - 1 - j) / factorial(d) for j in range(d)]
        reached = np.array([np.prod(kept[a:b]) for a, b in pairwise(feature_start)])
        return cls(
            forest,
            np.array(step_start, dtype=np.int64),
            np.array([step[0] for step in steps], dtype=np.int64),
            np.array([step[1] for step in steps], dtype=bool),
            np.array([step[2] for step in steps], dtype=np.int64),
            starts,
            np.array(features, dtype=np.int64),
            table_start,
            _tables(value, starts, kept, table_start, weights),
            float(np.dot(value, reached)),
        )

    def contributions(self, X: Matrix) -> Matrix:
        """Return contributions of the matrix columns, shape (n, p), in log-odds."""
        found = np.zeros((X.shape[1], len(X)))
        for start in range(0, len(X), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            _look_up(
                self.forest.goes_left(X[part]),
                self.step_start,
                self.node,
                self.left,
                self.slot,
                self.feature_start,
                self.feature,
                self.table_start,
                self.table,
                found[:, part],
            )
        return np.ascontiguousarray(found.T)


@compiled
def _tables(value: Matrix, starts: Ints, rests: Matrix, table_start: Ints, weights: Matrix) -> Matrix:
    """Work out what each leaf gives: ``value (one - rest) Σ_j weight_j coefficient_j``.

    The coefficients are those of the product over the other features of ``rest + one t``, where `one` says
    whether the row passes and `rest` is the share of training rows that do.
    """
    found = np.zeros(table_start[-1])
    product = np.zeros(len(weights) + 1)
    for leaf in range(len(value)):
        first = starts[leaf]
        d = starts[leaf + 1] - first
        for pattern in range(1 << d):
            for k in range(d):
                product[:] = 0.0
                product[0] = 1.0
                degree = 0
                for other in range(d):
                    if other == k:
                        continue
                    rest = rests[first + other]
                    if (pattern >> other) & 1:
                        degree += 1
                        for j in range(degree, 0, -1):
                            product[j] = product[j] * rest + product[j - 1]
                        product[0] *= rest
                    else:
                        for j in range(degree + 1):
                            product[j] *= rest
                total = 0.0
                for j in range(degree + 1):
                    total += weights[d, j] * product[j]
                one = float((pattern >> k) & 1)
                found[table_start[leaf] + pattern * d + k] = value[leaf] * (one - rests[first + k]) * total
    return found


@compiled
def _look_up(
    goes: Bools,
    step_start: Ints,
    node: Ints,
    left: Bools,
    slot: Ints,
    feature_start: Ints,
    feature: Ints,
    table_start: Ints,
    table: Matrix,
    found: Matrix,
) -> None:
    """Add up what leaves give to each row's features, leaf by leaf, so that the leaf's table is at hand."""
    rows = goes.shape[1]
    pattern = np.empty(rows, dtype=np.int64)
    for leaf in range(len(step_start) - 1):
        first, start = feature_start[leaf], table_start[leaf]
        d = feature_start[leaf + 1] - first
        pattern[:] = (1 << d) - 1
        for step in range(step_start[leaf], step_start[leaf + 1]):
            goes_here, wanted, without = goes[node[step]], left[step], ~(1 << slot[step])
            for i in range(rows):
                if goes_here[i] != wanted:
                    pattern[i] &= without
        for k in range(d):
            target = found[feature[first + k]]
            for i in range(rows):
                target[i] += table[start + pattern[i] * d + k]
