"""Bins of a matrix: quantiles of numbers, one bin per label, one for missing, one for unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Binning:
    """Edges and labels of every column.

    A number column with edges ``e_1 < … < e_k`` has the bins ``x <= e_1``, ``e_1 < x <= e_2``, …,
    ``x > e_k`` (codes 0 to k), then "missing" (k + 1). A label column has a bin per known code in
    ascending order, then "missing", then "unseen".

    Attributes
    ----------
    edges : inner edges of each number column, None for label columns.
    known : known codes of each label column, None for number columns.
    """

    edges: tuple[Floats | None, ...]
    known: tuple[Floats | None, ...]

    @classmethod
    def fit(cls, X: Floats, weight: Floats, *, bins: int, categorical: tuple[int, ...]) -> Self:
        """Learn at most `bins` quantile bins per number; rows of weight 0 count as absent."""
        edges: list[Floats | None] = []
        known: list[Floats | None] = []
        for j in range(X.shape[1]):
            kept = ~np.isnan(X[:, j]) & (weight > 0)
            values = X[kept, j]
            if j in categorical:
                edges.append(None)
                known.append(np.unique(values))
            else:
                edges.append(quantile_edges(values, weight[kept], bins))
                known.append(None)
        return cls(tuple(edges), tuple(known))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of bins of each column, missing and unseen included."""
        return tuple(
            len(edges) + 2 if edges is not None else len(known) + 2  # type: ignore[arg-type]
            for edges, known in zip(self.edges, self.known, strict=True)
        )

    @property
    def offsets(self) -> tuple[int, ...]:
        """Position of each column's first bin when all bins stand in one row."""
        return tuple(int(k) for k in np.concatenate([[0], np.cumsum(self.sizes)[:-1]]))

    def codes(self, X: Floats) -> npt.NDArray[np.int64]:
        """Return the bin of each value, shape (n, p)."""
        codes = np.empty(X.shape, dtype=np.int64)
        for j in range(X.shape[1]):
            column = X[:, j]
            edges, known = self.edges[j], self.known[j]
            if edges is not None:
                codes[:, j] = np.searchsorted(edges, column, side="left")
                missing = len(edges) + 1
            else:
                assert known is not None
                codes[:, j] = known_codes(known, column, unseen=len(known) + 1)
                missing = len(known)
            codes[np.isnan(column), j] = missing
        return codes

    def to_json(self) -> dict[str, Any]:
        """Return edges and labels as JSON values."""
        return {
            "edges": [None if edges is None else edges.tolist() for edges in self.edges],
            "known": [None if known is None else known.tolist() for known in self.known],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_json`."""
        return cls(_arrays(data["edges"]), _arrays(data["known"]))


def _arrays(items: list[list[float] | None]) -> tuple[Floats | None, ...]:
    return tuple(None if item is None else np.array(item, dtype=np.float64) for item in items)


def quantile_edges(values: Floats, weight: Floats, bins: int) -> Floats:
    """Return at most ``bins - 1`` distinct inner edges between values, so that bins weigh about the same.

    Edges lie at values of the data (inverted distribution function, Hyndman & Fan 1996, type 1),
    so a row of weight 2 gives the same edges as the row twice.
    """
    if not len(values):
        return np.empty(0)
    distinct, where = np.unique(values, return_inverse=True)
    if len(distinct) <= bins:
        return distinct[:-1]
    mass = np.cumsum(np.bincount(where, weights=weight))
    wanted = np.arange(1, bins) / bins * mass[-1]
    # A hair below the wanted mass, so that rounding in the sums cannot move an edge.
    found = distinct[np.searchsorted(mass, wanted * (1 - 1e-12), side="left")]
    edges = np.unique(found)
    return np.asarray(edges[edges < distinct[-1]])


def known_codes(known: Floats, column: Floats, *, unseen: int) -> npt.NDArray[np.int64]:
    """Return the position of each value among the sorted known ones, `unseen` where it is none of them."""
    if not len(known):
        return np.full(len(column), unseen, dtype=np.int64)
    position = np.minimum(np.searchsorted(known, column), len(known) - 1)
    return np.where(known[position] == column, position, unseen).astype(np.int64)
