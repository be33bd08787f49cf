"""Exact Shapley values of LightGBM's trees against reference rows.

For one row and one reference row a leaf is reached by a coalition when every feature on its path passes with
the value it takes from the coalition. Features that only the row passes must be in, those that only the
reference row passes must be out; so a leaf is a unanimity-like game with a closed form (Lundberg et al. 2020,
"interventional" TreeSHAP; Laberge & Pequignot 2022). Category splits and missing values are read as LightGBM
reads them, which shap's own implementation does not do for category splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Matrix = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_ZERO = 1e-35  # what LightGBM takes for zero
_BATCH_CELLS = 40_000_000


@dataclass(frozen=True, slots=True)
class _Split:
    column: int
    threshold: float
    labels: frozenset[int] | None
    default_left: bool
    missing: str

    def left(self, values: Matrix) -> Bools:
        """Tell which values go left (LightGBM, tree.h, NumericalDecision and CategoricalDecision)."""
        absent = np.isnan(values)
        if self.labels is not None:
            codes = np.where(absent | (values < 0), -1.0, values).astype(np.int64)
            return np.isin(codes, list(self.labels)) & ~absent
        filled = np.where(absent, 0.0, values)
        unknown = absent if self.missing == "NaN" else np.zeros(len(values), dtype=bool)
        if self.missing == "Zero":
            unknown = np.abs(filled) <= _ZERO
        return np.where(unknown, self.default_left, filled <= self.threshold)


@dataclass(frozen=True)
class Forest:
    """The leaves of all trees.

    Attributes
    ----------
    splits : all splits of all trees.
    conditions : per leaf and slot, index of a feature condition; -1 pads. Shape (leaves, depth).
    owners : per condition, the player it is about.
    paths : per condition, the (split, goes left) pairs that must all hold.
    leaves : value of each leaf, log-odds.
    players : number of players.
    """

    splits: tuple[_Split, ...]
    conditions: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    paths: tuple[tuple[tuple[int, bool], ...], ...]
    leaves: Matrix
    players: int

    @classmethod
    def of(cls, dump: dict[str, Any], players: Sequence[tuple[int, ...]]) -> Forest:
        """Read a booster's `dump_model()`.

        Parameters
        ----------
        players : matrix columns of each player.
        """
        player = {column: k for k, columns in enumerate(players) for column in columns}
        splits: list[_Split] = []
        values: list[float] = []
        leaves: list[dict[int, list[tuple[int, bool]]]] = []

        def walk(node: dict[str, Any], path: list[tuple[int, bool]]) -> None:
            if "split_index" not in node:
                grouped: dict[int, list[tuple[int, bool]]] = {}
                for split, left in path:
                    grouped.setdefault(player[splits[split].column], []).append((split, left))
                leaves.append(grouped)
                values.append(float(node["leaf_value"]))
                return
            splits.append(_read(node))
            number = len(splits) - 1
            walk(node["left_child"], [*path, (number, True)])
            walk(node["right_child"], [*path, (number, False)])

        for tree in dump["tree_info"]:
            walk(tree["tree_structure"], [])
        index: dict[tuple[int, tuple[tuple[int, bool], ...]], int] = {}
        depth = max((len(leaf) for leaf in leaves), default=0)
        conditions = np.full((len(leaves), max(depth, 1)), -1, dtype=np.int64)
        for number, leaf in enumerate(leaves):
            for slot, (owner, path) in enumerate(sorted(leaf.items())):
                conditions[number, slot] = index.setdefault((owner, tuple(path)), len(index))
        return cls(
            tuple(splits),
            conditions,
            np.array([owner for owner, _ in index], dtype=np.int64),
            tuple(path for _, path in index),
            np.array(values, dtype=np.float64),
            len(players),
        )

    def passes(self, X: Matrix) -> Bools:
        """Tell which conditions each row passes; shape (n, conditions + 1), the last one always holds."""
        left = np.empty((len(X), len(self.splits)), dtype=bool)
        for number, split in enumerate(self.splits):
            left[:, number] = split.left(X[:, split.column])
        found = np.ones((len(X), len(self.paths) + 1), dtype=bool)
        for number, path in enumerate(self.paths):
            for which, goes_left in path:
                found[:, number] &= left[:, which] == goes_left
        return found


def interventional(forest: Forest, X: Matrix, reference: Matrix) -> tuple[Matrix, float]:
    """Return exact Shapley values against reference rows.

    Parameters
    ----------
    forest : the trees with their players.
    X : rows to explain, shape (n, p). reference : rows to compare with, shape (m, p).

    Returns
    -------
    values : shape (n, players), log-odds.
    base : mean log-odds of the reference rows.
    """
    players = forest.players
    owners = np.append(forest.owners, players)  # the padding belongs to nobody
    slots = owners[forest.conditions]
    theirs = forest.passes(reference)[:, forest.conditions]  # (m, leaves, depth)
    mine = forest.passes(X)[:, forest.conditions]
    gain, loss = _weights(forest.conditions.shape[1])
    step = max(1, _BATCH_CELLS // max(1, forest.conditions.size))
    values = np.zeros((len(X), players))
    for i in range(len(X)):
        total = np.zeros(players + 1)
        for start in range(0, len(reference), step):
            part = theirs[start : start + step]
            inside, outside = mine[i] & ~part, part & ~mine[i]
            dead = (~mine[i] & ~part).any(axis=2)
            ins, outs = inside.sum(axis=2), outside.sum(axis=2)
            scale = np.where(dead, 0.0, forest.leaves)
            up, down = (scale * gain[ins, outs])[..., None], (scale * loss[ins, outs])[..., None]
            cells = (inside * up - outside * down).sum(axis=0)
            total += np.bincount(slots.ravel(), weights=cells.ravel(), minlength=players + 1)
        values[i] = total[:-1] / len(reference)
    base = float((theirs.all(axis=2) @ forest.leaves).mean())
    return values, base


def _read(node: dict[str, Any]) -> _Split:
    labelled = node["decision_type"] == "=="
    return _Split(
        column=int(node["split_feature"]),
        threshold=float("nan") if labelled else float(node["threshold"]),
        labels=frozenset(int(code) for code in str(node["threshold"]).split("||")) if labelled else None,
        default_left=bool(node["default_left"]),
        missing=str(node["missing_type"]),
    )


def _weights(depth: int) -> tuple[Matrix, Matrix]:
    """Shapley weights of a leaf with a features that must be in and b that must be out.

    ``(a-1)! b! / (a+b)!`` for one that must be in, ``a! (b-1)! / (a+b)!`` for one that must be out.
    """
    a, b = np.meshgrid(np.arange(depth + 1.0), np.arange(depth + 1.0), indexing="ij")
    whole = gammaln(a + b + 1)
    gain = np.where(a > 0, np.exp(gammaln(np.maximum(a, 1)) + gammaln(b + 1) - whole), 0.0)
    loss = np.where(b > 0, np.exp(gammaln(a + 1) + gammaln(np.maximum(b, 1)) - whole), 0.0)
    return gain, loss
