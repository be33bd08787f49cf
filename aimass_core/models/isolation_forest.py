"""An isolation forest as plain arrays: rows go down its trees without any code from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sklearn.ensemble import IsolationForest

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

ROWS = 16_384
"""Rows sent down the trees at once, few enough to stay in the processor's cache."""
_LARGEST = 1e37  # below the greatest number of single precision


@dataclass(frozen=True)
class Forest:
    """The nodes of all trees, one after the other.

    Attributes
    ----------
    roots : node at which each tree begins, shape (trees,).
    feature, threshold : a row goes left where its value is at most the threshold, shape (nodes,).
    left, right : the next node; a leaf leads to itself.
    depth : depth of the node plus the mean depth that its training rows would still need.
    levels : steps that bring any row to its leaf.
    scale : mean depth of a tree of as many rows as each tree was grown on, times the number of trees.
    """

    roots: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    depth: Floats
    levels: int
    scale: float

    @classmethod
    def of(cls, fitted: IsolationForest) -> Self:
        """Take the arrays out of a fitted scikit-learn forest that uses all features in every tree."""
        parts: list[dict[str, npt.NDArray[Any]]] = []
        roots, start = [], 0
        for tree in (estimator.tree_ for estimator in fitted.estimators_):
            here = np.arange(start, start + tree.node_count)
            leaf = tree.children_left < 0
            parts.append(
                {
                    "feature": np.where(leaf, 0, tree.feature),
                    "threshold": np.where(leaf, np.inf, tree.threshold),
                    "left": np.where(leaf, here, tree.children_left + start),
                    "right": np.where(leaf, here, tree.children_right + start),
                    # Depths count nodes, the path counts the steps between them.
                    "depth": tree.compute_node_depths() - 1.0 + mean_path(tree.n_node_samples),
                }
            )
            roots.append(start)
            start += tree.node_count
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return cls(
            roots=np.array(roots, dtype=np.int32),
            feature=joined["feature"].astype(np.int32),
            threshold=joined["threshold"].astype(np.float64),
            left=joined["left"].astype(np.int32),
            right=joined["right"].astype(np.int32),
            depth=joined["depth"].astype(np.float64),
            levels=max(int(estimator.tree_.max_depth) for estimator in fitted.estimators_),
            scale=len(parts) * float(mean_path(np.array([fitted.max_samples_]))[0]),
        )

    def scores(self, X: Floats) -> Floats:
        """Return the anomaly score of rows, shape (n,), from 0 to 1; higher is more unusual.

        Liu, Ting & Zhou (2008), "Isolation forest": 2 to the power of minus the mean depth at which a row
        is alone, over the depth expected of a row among as many. It is the negative of scikit-learn's
        `score_samples`, which compares in single precision too.
        """
        found = np.empty(len(X))
        for low in range(0, len(X), ROWS):
            found[low : low + ROWS] = self._depths(single(X[low : low + ROWS]))
        return self.scores_of_depths(found)

    def scores_of_depths(self, summed: Floats) -> Floats:
        """Return the anomaly score from the depths at which rows end, summed over the trees."""
        if self.scale == 0:
            return np.full(summed.shape, 0.5)
        return np.asarray(np.exp2(-summed / self.scale))

    def goes_left(self, X: Floats) -> npt.NDArray[np.bool_]:
        """Tell for each row and node whether the row goes left there, shape (n, nodes)."""
        return np.asarray(single(X)[:, self.feature] <= self.threshold)

    def _depths(self, X: Singles) -> Floats:
        flat = np.ascontiguousarray(X.T).ravel()
        rows = np.arange(len(X))
        summed = np.zeros(len(X))
        for root in self.roots:
            node = np.full(len(X), root, dtype=np.int32)
            for _ in range(self.levels):
                value = flat[self.feature[node].astype(np.int64) * len(X) + rows]
                node = np.where(value <= self.threshold[node], self.left[node], self.right[node])
            summed += self.depth[node]
        return summed

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything as arrays, for a file."""
        names = ("roots", "feature", "threshold", "left", "right", "depth")
        found = {name: np.ascontiguousarray(getattr(self, name)) for name in names}
        found["levels"] = np.array([self.levels], dtype=np.int64)
        found["scale"] = np.array([self.scale], dtype=np.float64)
        return found

    @classmethod
    def from_arrays(cls, found: dict[str, npt.NDArray[Any]]) -> Self:
        """Rebuild from `arrays`.

        Raises
        ------
        KeyError, ValueError
            When arrays are missing or lead out of the forest.
        """
        names = ("roots", "feature", "threshold", "left", "right", "depth")
        forest = cls(
            **{name: found[name] for name in names},
            levels=int(found["levels"][0]),
            scale=float(found["scale"][0]),
        )
        nodes = len(forest.depth)
        for name in ("roots", "left", "right"):
            where = found[name]
            if len(where) and not (where.min() >= 0 and where.max() < nodes):
                raise ValueError(f"`{name}` leads out of the forest")
        here = np.arange(nodes)
        inner = forest.left != here
        children = np.concatenate([forest.left[inner], forest.right[inner]])
        if (
            (forest.right[~inner] != here[~inner]).any()
            or (children <= np.tile(here[inner], 2)).any()
            or np.bincount(children, minlength=1).max() > 1
        ):
            raise ValueError("the nodes must make trees")
        return forest


def mean_path(rows: npt.NDArray[Any]) -> Floats:
    """Return the mean depth of a row in a random tree of so many rows (Liu et al. 2008, equation 1)."""
    count = rows.astype(np.float64)
    found = np.where(count == 2, 1.0, 0.0)
    many = count > 2
    found[many] = 2.0 * (np.log(count[many] - 1.0) + np.euler_gamma) - 2.0 * (count[many] - 1) / count[many]
    return np.asarray(found)


def single(X: Floats) -> Singles:
    """Return a matrix in single precision, numbers beyond it held at its ends."""
    return np.clip(X, -_LARGEST, _LARGEST).astype(np.float32)
