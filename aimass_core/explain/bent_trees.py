"""Half-differences of trees whose sum is bent before it is a score, such as an isolation forest's.

The bend leaves no closed form, so coalitions are tried. For one row and one reference row only the nodes
count at which the two part; each tree is walked to all leaves beyond those, once for all coalitions.
"""

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
Nodes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class BentTrees:
    """Walks the trees with features from the row explained or from a reference row.

    Attributes
    ----------
    estimator : has `walked(X)`, what its trees see of rows, shape (n, inputs); `input_columns`, the matrix
        column of each input; `forest`, the trees; and `log_odds_of_depths(summed depths)`.
    owners : player of each input.
    theirs : whether each reference row goes left at each node, shape (m, nodes).
    """

    estimator: Any
    owners: Ints
    theirs: Bools

    @classmethod
    def of(cls, estimator: Any, reference: Matrix, columns: Sequence[tuple[int, ...]]) -> BentTrees:
        """Send the reference rows to all nodes."""
        player = {column: k for k, found in enumerate(columns) for column in found}
        owners = np.array([player[j] for j in estimator.input_columns], dtype=np.int64)
        return cls(estimator, owners, estimator.forest.goes_left(estimator.walked(reference)))

    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        """Return half-differences, shape (n, pairs); see :class:`aimass_core.explain.game.Differences`."""
        forest, found = self.estimator.forest, np.empty((len(X), len(masks)))
        coalitions = np.concatenate([masks, ~masks])
        inside = np.ascontiguousarray(coalitions[:, self.owners].T.astype(np.float64))
        mine = forest.goes_left(self.estimator.walked(X))
        for i in range(len(X)):
            depths = _walked(
                mine[i],
                self.theirs,
                inside,
                forest.roots,
                forest.feature,
                forest.left,
                forest.right,
                forest.depth,
                forest.levels + 1,
            )
            worth = self.estimator.log_odds_of_depths(depths).mean(axis=0).reshape(2, -1)
            found[i] = (worth[0] - worth[1]) / 2
        return found


@compiled
def _walked(
    mine: Bools,
    theirs: Bools,
    inside: Matrix,
    roots: Nodes,
    feature: Nodes,
    left: Nodes,
    right: Nodes,
    depth: Matrix,
    room: int,
) -> Matrix:
    """Return the summed depths of coalitions with each reference row, shape (m, coalitions).

    Parameters
    ----------
    inside : 1 where an input comes from the row explained, shape (inputs, coalitions).
    room : most steps from a root to a leaf, and one more.
    """
    m, count = len(theirs), inside.shape[1]
    found = np.zeros((m, count))
    waiting = np.empty(room + 1, dtype=np.int32)
    reaching = np.ones((room + 1, count))  # 1 for each coalition that gets to the node
    for b in range(m):
        goes, summed = theirs[b], found[b]
        for root in roots:
            waiting[0], top = root, 0
            reaching[0] = 1.0
            while top >= 0:
                node, here = waiting[top], reaching[top]
                while left[node] != node and mine[node] == goes[node]:
                    node = left[node] if mine[node] else right[node]
                if left[node] == node:
                    value = depth[node]
                    for c in range(count):
                        summed[c] += value * here[c]
                    top -= 1
                    continue
                takes, following = inside[feature[node]], reaching[top + 1]
                for c in range(count):
                    following[c] = here[c] * takes[c]
                    here[c] -= following[c]
                waiting[top] = right[node] if mine[node] else left[node]
                waiting[top + 1] = left[node] if mine[node] else right[node]
                top += 1
    return found
