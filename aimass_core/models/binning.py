"""Bins of a matrix: ranges of numbers, groups of labels, one bin per special code, missing and unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Binning:
    """Edges, labels and special codes of every column.

    A number column with edges ``e_1 < … < e_k`` has the bins ``x <= e_1``, ``e_1 < x <= e_2``, …,
    ``x > e_k`` (codes 0 to k), then one per special code in ascending order, then "missing". A label
    column has a bin per group of labels, then "missing", then "unseen".

    Attributes
    ----------
    edges : inner edges of each number column, None for label columns.
    known : known codes of each label column in ascending order, None for number columns.
    groups : group of each known code, 0 and up without gaps, None for number columns.
    special : special codes of each number column in ascending order, empty for label columns.
    """

    edges: tuple[Floats | None, ...]
    known: tuple[Floats | None, ...]
    groups: tuple[Ints | None, ...]
    special: tuple[Floats, ...]

    @classmethod
    def fit(
        cls,
        X: Floats,
        weight: Floats,
        *,
        bins: int,
        categorical: tuple[int, ...],
        special: Sequence[Floats] | None = None,
    ) -> Self:
        """Learn at most `bins` quantile bins per number; rows of weight 0 count as absent."""
        edges: list[Floats | None] = []
        known: list[Floats | None] = []
        codes = no_special(X.shape[1]) if special is None else tuple(special)
        for j in range(X.shape[1]):
            kept = ordinary(X[:, j], codes[j]) & (weight > 0)
            values = X[kept, j]
            if j in categorical:
                edges.append(None)
                known.append(np.unique(values))
            else:
                edges.append(quantile_edges(values, weight[kept], bins))
                known.append(None)
        groups = tuple(None if k is None else np.arange(len(k)) for k in known)
        return cls(tuple(edges), tuple(known), groups, codes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of bins of each column, missing and unseen included."""
        return tuple(
            self.missing(j) + (1 if self.edges[j] is not None else 2) for j in range(len(self.edges))
        )

    @property
    def offsets(self) -> tuple[int, ...]:
        """Position of each column's first bin when all bins stand in one row."""
        return tuple(int(k) for k in np.concatenate([[0], np.cumsum(self.sizes)[:-1]]))

    def ordinary(self, j: int) -> int:
        """Return the number of bins of a column that are ranges or groups of labels."""
        edges, groups = self.edges[j], self.groups[j]
        if edges is not None:
            return len(edges) + 1
        assert groups is not None
        return int(groups.max()) + 1 if len(groups) else 0

    def missing(self, j: int) -> int:
        """Return the code of a column's bin of missing values."""
        return self.ordinary(j) + len(self.special[j])

    def codes(self, X: Floats) -> Ints:
        """Return the bin of each value, shape (n, p)."""
        codes = np.empty(X.shape, dtype=np.int64)
        for j in range(X.shape[1]):
            codes[:, j] = self.column(j, X[:, j])
        return codes

    def column(self, j: int, values: Floats) -> Ints:
        """Return the bin of each value of one column, shape (n,)."""
        edges, known, groups = self.edges[j], self.known[j], self.groups[j]
        missing = self.missing(j)
        if edges is not None:
            codes = np.searchsorted(edges, values, side="left")
            for place, code in enumerate(self.special[j]):
                codes[values == code] = len(edges) + 1 + place
        else:
            assert known is not None
            assert groups is not None
            place_of = known_codes(known, values, unseen=len(known))
            codes = np.append(groups, missing + 1)[place_of]
        codes[np.isnan(values)] = missing
        return codes

    def changed(
        self, j: int, *, edges: Floats | None = None, groups: Ints | None = None, known: Floats | None = None
    ) -> Self:
        """Return a copy in which one column has other edges, labels or groups."""
        found = self
        for name, value in (("edges", edges), ("groups", groups), ("known", known)):
            if value is not None:
                before = getattr(found, name)
                found = replace(found, **{name: (*before[:j], value, *before[j + 1 :])})
        return found

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "edges": [None if edges is None else edges.tolist() for edges in self.edges],
            "known": [None if known is None else known.tolist() for known in self.known],
            "groups": [None if groups is None else groups.tolist() for groups in self.groups],
            "special": [codes.tolist() for codes in self.special],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_json`; bins saved before there were groups have one per label."""
        edges, known = _arrays(data["edges"]), _arrays(data["known"])
        groups = data.get("groups", [None if item is None else list(range(len(item))) for item in known])
        return cls(
            edges,
            known,
            tuple(None if item is None else np.array(item, dtype=np.int64) for item in groups),
            tuple(np.array(codes, dtype=np.float64) for codes in data.get("special", [[]] * len(edges))),
        )


def _arrays(items: list[list[float] | None]) -> tuple[Floats | None, ...]:
    return tuple(None if item is None else np.array(item, dtype=np.float64) for item in items)


def no_special(columns: int) -> tuple[Floats, ...]:
    """Return special codes for columns that have none."""
    return tuple(np.empty(0) for _ in range(columns))


def ordinary(values: Floats, special: Floats) -> npt.NDArray[np.bool_]:
    """Return which values are neither missing nor a special code, shape (n,)."""
    kept = ~np.isnan(values)
    if len(special):
        kept &= ~np.isin(values, special)
    return kept


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


def summed(codes: npt.NDArray[np.int64], weight: Floats, bins: int) -> Floats:
    """Return the weight in each of `bins` bins, shape (bins,)."""
    return np.asarray(np.bincount(codes, weights=weight, minlength=bins), dtype=np.float64)
