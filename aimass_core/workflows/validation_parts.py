"""Which rows each fit of a validation learns from, stops by and is measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError
from aimass_core.split import Split, SplitConfig, split

Ints = npt.NDArray[np.int64]
Values = npt.NDArray[Any]
_LEAST = 2  # rows of each class to learn from


@dataclass(frozen=True, slots=True)
class Part:
    """One fold: its name and its rows (positions); training and validation in order of time if by time."""

    label: str
    rows: Split


def folds(y: Ints, config: SplitConfig, *, count: int, repeats: int, seed: int) -> list[Part]:
    """Return stratified folds, the whole division repeated with other random numbers.

    Raises
    ------
    DataError
        When the rarer class has fewer rows than there are folds.
    """
    smallest = int(min(y.sum(), (y == 0).sum()))
    if smallest < count:
        raise DataError(
            f"{count} folds need at least {count} rows of each class",
            f"the rarer one has {smallest:,}",
            "Use fewer folds",
        )
    found = []
    for repeat in range(repeats):
        fold = np.empty(len(y), dtype=np.int64)
        random = np.random.default_rng((seed, repeat))
        start = 0
        for outcome in (0, 1):
            rows = random.permutation(np.flatnonzero(y == outcome))
            # the second class goes on where the first ended, so that folds are of even size
            fold[rows] = (np.arange(len(rows)) + start) % count
            start += len(rows)
        for number in range(count):
            label = f"Fold {number + 1}" + (f", round {repeat + 1}" if repeats > 1 else "")
            part = _divided(y, np.flatnonzero(fold != number), np.flatnonzero(fold == number), config)
            found.append(Part(label, part))
    return found


def by_time(y: Ints, moments: Values, config: SplitConfig, *, count: int) -> tuple[list[Part], list[str]]:
    """Return folds of an expanding window: learn from everything before a block of time, measure on it.

    Returns
    -------
    tuple
        The folds, and notes on blocks left out because nothing could be learnt before them.

    Raises
    ------
    DataError
        When a row has no time, or no block can be used.
    """
    missing = np.array([value is None or value != value for value in moments.tolist()])
    if np.issubdtype(moments.dtype, np.datetime64):
        missing |= np.isnat(moments)
    if missing.any():
        raise DataError(
            "every row must have a time to divide by time",
            f"{int(missing.sum()):,} of {len(moments):,} rows have none",
            "Choose another time column, or repair it in Clean",
        )
    distinct, unit = np.unique(moments, return_inverse=True)
    if len(distinct) < count + 1:
        raise DataError(
            f"{count} folds by time need {count + 1} moments",
            f"there are {len(distinct):,}",
            "Use fewer folds, or another column",
        )
    before_each = np.cumsum(np.bincount(unit)) - np.bincount(unit)
    wanted = len(y) * np.arange(1, count + 1) / (count + 1)
    starts = np.unique(np.searchsorted(before_each, wanted - 1e-9).clip(1, len(distinct) - 1))
    found, notes = [], []
    ends = [*starts[1:], len(distinct)]
    for start, end in zip(starts, ends, strict=True):
        before, tested = np.flatnonzero(unit < start), np.flatnonzero((unit >= start) & (unit < end))
        label = f"{_moment(distinct[start])} to {_moment(distinct[end - 1])}"
        if _learnable(y[before]):
            part = _divided(y, before, tested, config, time=unit)
            found.append(Part(label, part))
        else:
            notes.append(f"Left out {label}: before it there are too few rows of one class to learn from.")
    if not found:
        raise DataError("some block of time must have both classes before it", "none has", "Use fewer folds")
    return found, notes


def by_group(
    y: Ints, groups: Values, config: SplitConfig, *, count: int, seed: int
) -> tuple[list[Part], list[str]]:
    """Return folds that never part a group: each group once when there are at most `count`, else at random.

    Raises
    ------
    DataError
        When there are fewer than two groups, or no fold can be used.
    """
    names = np.array(["missing" if name is None else str(name) for name in groups], dtype=object)
    distinct, unit = np.unique(names.astype(str), return_inverse=True)
    if len(distinct) < 2:
        raise DataError(
            "folds by group need two groups", f"there is {len(distinct)}", "Choose another column"
        )
    each = len(distinct) <= count
    if each:
        fold = unit
    else:
        random = np.random.default_rng(seed)
        order = random.permutation(len(distinct))
        sizes = np.bincount(unit)
        loads = np.zeros(count)
        of_group = np.empty(len(distinct), dtype=np.int64)
        for group in sorted(order, key=lambda g: -sizes[g]):  # large groups first, each into the emptiest
            of_group[group] = int(loads.argmin())
            loads[of_group[group]] += sizes[group]
        fold = of_group[unit]
    found, notes = [], []
    for number in range(int(fold.max()) + 1):
        rest, tested = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        label = str(distinct[number]) if each else f"Fold {number + 1}"
        if _learnable(y[rest]):
            found.append(Part(label, _divided(y, rest, tested, config, groups=names)))
        else:
            notes.append(f"Left out {label}: the other rows hold too few of one class.")
    if not found:
        raise DataError(
            "some group must leave both classes to learn from", "none does", "Choose another column"
        )
    return found, notes


def subsets(y: Ints, rows: Split, shares: Sequence[float], seed: int) -> Iterator[tuple[float, Split]]:
    """Give the rows of a learning curve: shares of the training rows, the smaller within the larger."""
    random = np.random.default_rng(seed)
    rank = np.empty(len(rows.train))
    for outcome in (0, 1):
        of_class = np.flatnonzero(y[rows.train] == outcome)
        rank[of_class] = (random.permutation(len(of_class)) + 0.5) / max(1, len(of_class))
    for share in shares:
        yield share, Split(rows.train[rank < share], rows.validation, rows.test)


def _learnable(y: Ints) -> bool:
    bads = int(y.sum())
    return min(bads, len(y) - bads) >= 2 * _LEAST


def _divided(
    y: Ints,
    rest: Ints,
    tested: Ints,
    config: SplitConfig,
    *,
    time: Ints | None = None,
    groups: Values | None = None,
) -> Split:
    """Keep validation rows back from the rows that are not tested, the way the run itself does."""
    if time is not None:
        rest = rest[np.argsort(time[rest], kind="stable")]
    if config.validation_share == 0:
        return Split(rest, np.empty(0, dtype=np.int64), tested)
    how = config.model_copy(update={"test_share": config.validation_share, "validation_share": 0.0})
    try:
        inner = split(
            y[rest],
            config=how,
            time=None if time is None else time[rest],
            groups=None if groups is None else groups[rest],
        )
    except DataError:  # no division has both classes in both parts: learn from all rows, stop by none
        return Split(rest, np.empty(0, dtype=np.int64), tested)
    return Split(rest[inner.train], rest[inner.test], tested)


def _moment(value: Any) -> str:
    return str(value)[:10] if isinstance(value, np.datetime64) else str(value)
