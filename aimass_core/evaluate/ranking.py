"""Rows ranked by score: the one sort that all curves, tables and intervals share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aimass_core.errors import DataError

Floats = NDArray[np.float64]


def checked(y: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.int8], Floats]:
    """Return labels as 0/1 and probabilities as float64, both of shape (n,).

    Raises
    ------
    DataError
        When shapes differ, a label is neither 0 nor 1, or a probability is not in [0, 1].
    """
    labels: NDArray[Any] = np.asarray(y)
    scores = np.asarray(p, dtype=np.float64)
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise DataError(
            "labels and probabilities must be two lists of the same length",
            f"their shapes are {labels.shape} and {scores.shape}",
        )
    wrong = ~((labels == 0) | (labels == 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError("labels must be 0 or 1", f"row {row + 1:,} has {labels[row]!r}")
    wrong = ~((scores >= 0) & (scores <= 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError("probabilities must be numbers from 0 to 1", f"row {row + 1:,} has {scores[row]}")
    return labels.astype(np.int8), scores


@dataclass(frozen=True)
class Ranking:
    """Distinct scores from highest to lowest with the rows of each class that have them.

    Equal scores are one entry, so nothing computed from a ranking depends on the order of the rows.

    Attributes
    ----------
    scores : (u,) distinct probabilities, descending
    bads, goods : (u,) rows of class 1 and of class 0 with that score
    """

    scores: Floats
    bads: NDArray[np.int64]
    goods: NDArray[np.int64]

    @cached_property
    def cumulative_bads(self) -> NDArray[np.int64]:
        """Bads with this score or a higher one, shape (u,)."""
        return np.cumsum(self.bads)

    @cached_property
    def cumulative_goods(self) -> NDArray[np.int64]:
        """Goods with this score or a higher one, shape (u,)."""
        return np.cumsum(self.goods)

    @property
    def total_bads(self) -> int:
        """All rows of class 1."""
        return int(self.bads.sum())

    @property
    def total_goods(self) -> int:
        """All rows of class 0."""
        return int(self.goods.sum())

    @property
    def rows(self) -> int:
        """All rows."""
        return self.total_bads + self.total_goods

    @property
    def two_classes(self) -> bool:
        """Whether both classes occur; measures of ranking are undefined (NaN) otherwise."""
        return self.total_bads > 0 and self.total_goods > 0


def rank(y: ArrayLike, p: ArrayLike) -> Ranking:
    """Rank rows by probability of class 1.

    Raises
    ------
    DataError
        As :func:`checked`.
    """
    labels, scores = checked(y, p)
    ascending, position = np.unique(scores, return_inverse=True)
    counts = np.bincount(position, minlength=ascending.size)
    bads = np.bincount(position[labels == 1], minlength=ascending.size)
    return Ranking(
        scores=ascending[::-1].copy(),
        bads=bads[::-1].astype(np.int64),
        goods=(counts - bads)[::-1].astype(np.int64),
    )


def spread(ranking: Ranking, points: int) -> NDArray[np.int64]:
    """Return at most `points` positions in a ranking, evenly spread over both classes.

    Each class has half of the weight however rare it is, so that 492 frauds among 284,807 payments are not
    squeezed into one point. First and last position are always among them.
    """
    size = ranking.scores.size
    if size <= points:
        return np.arange(size)
    weight = np.zeros(size)
    if ranking.total_bads:
        weight += ranking.bads / ranking.total_bads
    if ranking.total_goods:
        weight += ranking.goods / ranking.total_goods
    reached = np.cumsum(weight)
    wanted = np.linspace(reached[0], reached[-1], points)
    chosen = np.searchsorted(reached, wanted).clip(0, size - 1)
    return np.unique(np.concatenate(([0], chosen[1:-1], [size - 1])))
