"""Training, validation and test rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError, SettingsError

Rows = npt.NDArray[np.int64]
Values = npt.NDArray[Any]


class SplitConfig(BaseModel):
    """How rows are divided into training, validation and test rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["stratified", "time", "group"] = Field(
        default="stratified",
        description="stratified: at random, same share of each class; time: the latest rows are "
        "tested; group: all rows of a customer stay together.",
    )
    test_share: float = Field(
        default=0.3, gt=0, lt=1, description="Share of all rows kept for the test, 0 to 1."
    )
    validation_share: float = Field(
        default=0.2, ge=0, lt=1, description="Share of the training rows kept to stop training, 0 to 1."
    )
    seed: int = Field(default=0, ge=0, description="Random seed of the division.")
    time_column: str | None = Field(default=None, description="Column to order by; for method time.")
    group_column: str | None = Field(default=None, description="Column kept together; for method group.")


@dataclass(frozen=True, slots=True)
class Split:
    """Row positions of the three parts, each sorted; together they are all rows, each once."""

    train: Rows
    validation: Rows
    test: Rows


def split(
    y: npt.ArrayLike, *, config: SplitConfig, time: Values | None = None, groups: Values | None = None
) -> Split:
    """Divide rows into training, validation and test rows.

    Parameters
    ----------
    y : target, shape (n,), two classes, none missing.
    time : moment of each row, shape (n,); needed by method "time". Rows of the same moment stay together.
    groups : group of each row, shape (n,); needed by method "group". A row without a group is its own.

    Raises
    ------
    DataError
        When the target has not two classes or a part would be without one of them, or a time is missing.
    SettingsError
        When the method needs times or groups and none were given.
    """
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) != 2:
        raise DataError(
            "the target must have two classes",
            f"it has {len(classes):,}" + (f": only '{classes[0]}'" if len(classes) == 1 else ""),
            "Choose another target, or say which values count as positive",
        )
    found = _divided(codes, config, time, groups)
    _check(found, codes, classes, config)
    return found


def split_unlabelled(
    rows: int, *, config: SplitConfig, time: Values | None = None, groups: Values | None = None
) -> Split:
    """Divide rows that have no target; the method "stratified" divides at random.

    Raises
    ------
    DataError
        When there are too few rows, or a time is missing.
    SettingsError
        As :func:`split`.
    """
    found = _divided(np.zeros(rows, dtype=np.int64), config, time, groups)
    if (
        len(found.train) < 2
        or not len(found.test)
        or (config.validation_share > 0 and not len(found.validation))
    ):
        raise DataError(
            "every part needs rows", f"there are {rows:,} rows in all", "Use more rows, or other shares"
        )
    return found


def _divided(codes: Values, config: SplitConfig, time: Values | None, groups: Values | None) -> Split:
    n = len(codes)
    random = np.random.default_rng(config.seed)
    if config.method == "stratified":
        rank = _stratified_rank(codes, random)
        units = np.arange(n)
    elif config.method == "time":
        rank, units = _time_rank(_given(time, n, "time", "time_column"))
    else:
        rank, units = _group_rank(_given(groups, n, "group", "group_column"), random)
    held_out = _last(rank, units, config.test_share)
    rest = np.flatnonzero(~held_out)
    stop = _last(rank[rest], units[rest], config.validation_share)
    return Split(rest[~stop], rest[stop], np.flatnonzero(held_out))


def _stratified_rank(codes: Values, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Position in (0, 1) of each row within its shuffled class, so any cut keeps the class shares."""
    rank = np.empty(len(codes))
    for code in (0, 1):
        rows = np.flatnonzero(codes == code)
        rank[rows] = (random.permutation(len(rows)) + 0.5) / len(rows)
    return rank


def _time_rank(time: Values) -> tuple[npt.NDArray[np.float64], Rows]:
    missing = np.array([value is None or value != value for value in time.tolist()], dtype=bool)
    if np.issubdtype(time.dtype, np.datetime64):
        missing |= np.isnat(time)
    if missing.any():
        first = int(missing.argmax()) + 1
        raise DataError(
            "every row must have a time to divide by time",
            f"{int(missing.sum()):,} of {len(time):,} rows have none (first: row {first:,})",
            "Choose another time column, or divide at random",
        )
    _, units = np.unique(time, return_inverse=True)
    return units.astype(np.float64), units.astype(np.int64)


def _group_rank(groups: Values, random: np.random.Generator) -> tuple[npt.NDArray[np.float64], Rows]:
    missing = np.array([value is None or value != value for value in groups.tolist()], dtype=bool)
    _, known = np.unique(groups[~missing].astype(str), return_inverse=True)
    units = np.empty(len(groups), dtype=np.int64)
    units[~missing] = known
    units[missing] = (known.max() + 1 if known.size else 0) + np.arange(int(missing.sum()))
    return random.permutation(units.max() + 1)[units].astype(np.float64), units


def _last(rank: npt.NDArray[np.float64], units: Rows, share: float) -> npt.NDArray[np.bool_]:
    """Mark the rows of highest rank that make up `share`, without cutting a unit in two."""
    if share == 0 or not len(rank):
        return np.zeros(len(rank), dtype=bool)
    order = np.argsort(rank, kind="stable")
    cut = len(rank) - round(share * len(rank))
    ordered = units[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    nearest = starts[np.abs(starts - cut).argmin()]
    marked = np.zeros(len(rank), dtype=bool)
    marked[order[nearest:]] = True
    return marked


def _given(values: Values | None, n: int, what: str, setting: str) -> Values:
    if values is None:
        raise SettingsError(f"dividing by {what} needs a {what} column", "none was named", f"Set `{setting}`")
    array = np.asarray(values)
    if array.shape != (n,):
        raise DataError(f"one {what} per row is needed", f"{n:,} rows and {array.size:,} values")
    return array


def _check(found: Split, codes: Values, classes: Values, config: SplitConfig) -> None:
    parts = {"training": found.train, "test": found.test}
    if config.validation_share > 0:
        parts["validation"] = found.validation
    for name, rows in parts.items():
        counts = np.bincount(codes[rows], minlength=2)
        if counts.min() == 0:
            absent = classes[counts.argmin()]
            raise DataError(
                f"the {name} rows must hold both classes of the target",
                f"{len(rows):,} of {len(codes):,} rows are {name} rows and none is '{absent}'",
                "Use more rows, other shares, or another way to divide",
            )
