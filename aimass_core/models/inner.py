"""Folds inside the training rows, for choosing settings and members without looking at test rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError

Ints = npt.NDArray[np.int64]

_FIRST = 0.5
"""Share of rows in order of time that the first fold learns from."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows to learn from and rows to judge by, as sorted positions."""

    learnt: Ints
    judged: Ints


def folds(
    y: npt.ArrayLike,
    *,
    count: int,
    seed: int = 0,
    ordered: bool = False,
    groups: npt.NDArray[Any] | None = None,
) -> tuple[Fold, ...]:
    """Return folds whose parts hold both classes.

    At random, each class is dealt out evenly and every row is judged once. With `groups` all rows of a group
    are judged in the same fold. `ordered` rows are in order of time: each fold learns from all rows before
    those it judges, the first from half of all rows, so that only the later half is judged.

    Parameters
    ----------
    y : target, shape (n,), 0 or 1. count : folds wanted; fewer come back where a part would lack a class.

    Raises
    ------
    DataError
        When not one fold has both classes in both parts.
    """
    labels = np.asarray(y)
    if ordered:
        found = _forward(len(labels), count)
    elif groups is not None:
        found = _dealt(_by_group(groups, count, seed), count)
    else:
        found = _dealt(_stratified(labels, count, seed), count)
    sound = tuple(fold for fold in found if _both(labels[fold.learnt]) and _both(labels[fold.judged]))
    if not sound:
        raise DataError(
            "inner folds need rows of both classes in every part",
            f"{len(labels):,} rows with {int((labels == 1).sum()):,} positive ones are too few",
            "Use more rows, or keep validation rows to choose by",
        )
    return sound


def _both(labels: npt.NDArray[Any]) -> bool:
    return len(labels) > 0 and bool(labels.min() != labels.max())


def _forward(rows: int, count: int) -> list[Fold]:
    edges = np.linspace(_FIRST * rows, rows, count + 1).round().astype(np.int64)
    return [Fold(np.arange(low), np.arange(low, high)) for low, high in pairwise(edges.tolist())]


def _dealt(numbers: Ints, count: int) -> list[Fold]:
    return [Fold(np.flatnonzero(numbers != k), np.flatnonzero(numbers == k)) for k in range(count)]


def _stratified(labels: npt.NDArray[Any], count: int, seed: int) -> Ints:
    random = np.random.default_rng(seed)
    numbers = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        numbers[rows] = random.permutation(len(rows)) % count
    return numbers


def _by_group(groups: npt.NDArray[Any], count: int, seed: int) -> Ints:
    """Deal whole groups out, the largest first, each to the fold with the fewest rows so far."""
    _, units = np.unique(groups.astype(str), return_inverse=True)
    sizes = np.bincount(units)
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    held = np.zeros(count)
    fold_of = np.empty(len(sizes), dtype=np.int64)
    for unit in order:
        fold_of[unit] = held.argmin()
        held[fold_of[unit]] += sizes[unit]
    return fold_of[units]
