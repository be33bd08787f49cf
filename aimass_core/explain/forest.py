"""LightGBM's trees as plain arrays, read as LightGBM reads them: category splits, missing values, zeros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.explain.compiled import compiled

Matrix = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_ZERO = 1e-35  # what LightGBM takes for zero
_MISSING = {"None": 0, "Zero": 1, "NaN": 2}


@dataclass(frozen=True)
class Forest:
    """Nodes of all trees, one after the other; a tree begins at its root.

    Attributes
    ----------
    roots : first node of each tree.
    left, right : children of each node, −1 for leaves.
    column : matrix column of a split. player : whom it belongs to.
    threshold : values up to it go left; NaN for splits on labels.
    missing : what counts as missing: 0 nothing, 1 zero, 2 NaN. default_left : where missing values go.
    label_start, label_end, labels : labels that go left, sorted, of splits on labels.
    value : log-odds of a leaf. cover : training rows that passed a node.
    depth : most splits on a way from a root to a leaf.
    players : number of players.
    """

    roots: Ints
    left: Ints
    right: Ints
    column: Ints
    player: Ints
    threshold: Matrix
    missing: Ints
    default_left: Bools
    label_start: Ints
    label_end: Ints
    labels: Ints
    value: Matrix
    cover: Matrix
    depth: int
    players: int

    @classmethod
    def of(cls, dump: dict[str, Any], players: Sequence[tuple[int, ...]]) -> Forest:
        """Read a booster's `dump_model()`.

        Parameters
        ----------
        players : matrix columns of each player.
        """
        player = {column: k for k, columns in enumerate(players) for column in columns}
        nodes: list[dict[str, Any]] = []
        children: list[tuple[int, int]] = []
        roots, deepest = [], 0

        def walk(node: dict[str, Any], depth: int) -> int:
            nonlocal deepest
            deepest = max(deepest, depth)
            number = len(nodes)
            nodes.append(node)
            children.append((-1, -1))
            if "split_index" in node:
                children[number] = (
                    walk(node["left_child"], depth + 1),
                    walk(node["right_child"], depth + 1),
                )
            return number

        for tree in dump["tree_info"]:
            roots.append(walk(tree["tree_structure"], 0))
        splits = ["split_index" in node for node in nodes]
        labels: list[int] = []
        bounds = []
        for node, split in zip(nodes, splits, strict=True):
            start = len(labels)
            if split and node["decision_type"] == "==":
                labels += sorted(int(code) for code in str(node["threshold"]).split("||"))
            bounds.append((start, len(labels)))
        columns = [
            int(node["split_feature"]) if split else -1 for node, split in zip(nodes, splits, strict=True)
        ]
        plain = [
            float(node["threshold"]) if split and node["decision_type"] != "==" else np.nan
            for node, split in zip(nodes, splits, strict=True)
        ]
        return cls(
            roots=np.array(roots, dtype=np.int64),
            left=np.array([pair[0] for pair in children], dtype=np.int64),
            right=np.array([pair[1] for pair in children], dtype=np.int64),
            column=np.array(columns, dtype=np.int64),
            player=np.array([player.get(column, -1) for column in columns], dtype=np.int64),
            threshold=np.array(plain, dtype=np.float64),
            missing=np.array([_MISSING[node.get("missing_type", "None")] for node in nodes], dtype=np.int64),
            default_left=np.array([bool(node.get("default_left", False)) for node in nodes], dtype=bool),
            label_start=np.array([pair[0] for pair in bounds], dtype=np.int64),
            label_end=np.array([pair[1] for pair in bounds], dtype=np.int64),
            labels=np.array(labels, dtype=np.int64),
            value=np.array([float(node.get("leaf_value", 0.0)) for node in nodes], dtype=np.float64),
            cover=np.array(
                [float(node.get("internal_count", node.get("leaf_count", 0))) for node in nodes],
                dtype=np.float64,
            ),
            depth=deepest,
            players=len(players),
        )

    def goes_left(self, X: Matrix) -> Bools:
        """Tell for each node and row whether the row goes left there, shape (nodes, n)."""
        return np.asarray(
            _goes_left(
                np.ascontiguousarray(X.T, dtype=np.float64),
                self.left,
                self.column,
                self.threshold,
                self.missing,
                self.default_left,
                self.label_start,
                self.label_end,
                self.labels,
            )
        )


@compiled
def _goes_left(
    columns: Matrix,
    left: Ints,
    column: Ints,
    threshold: Matrix,
    missing: Ints,
    default_left: Bools,
    label_start: Ints,
    label_end: Ints,
    labels: Ints,
) -> Bools:
    """Decide as LightGBM does (tree.h, NumericalDecision and CategoricalDecision)."""
    rows = columns.shape[1]
    found = np.zeros((len(left), rows), dtype=np.bool_)
    for node in range(len(left)):
        if left[node] < 0:
            continue
        values, goes = columns[column[node]], found[node]
        limit, usual, start, end = threshold[node], default_left[node], label_start[node], label_end[node]
        if end > start:
            for i in range(rows):
                if values[i] >= 0:  # not NaN either
                    code = int(values[i])
                    for place in range(start, end):
                        if labels[place] == code:
                            goes[i] = True
                            break
        elif missing[node] == 2:
            for i in range(rows):
                goes[i] = usual if np.isnan(values[i]) else values[i] <= limit
        else:
            for i in range(rows):
                value = 0.0 if np.isnan(values[i]) else values[i]
                goes[i] = usual if missing[node] == 1 and abs(value) <= _ZERO else value <= limit
    return found
