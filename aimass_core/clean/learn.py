"""Learning a step from training rows: quartiles, medians, frequent labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from aimass_core.clean.fitted import FittedMissing, FittedOutliers, FittedRare, FittedStep
from aimass_core.clean.recipe import MissingStep, OutlierStep, RareStep, Step
from aimass_core.errors import DataError, SettingsError

if TYPE_CHECKING:
    import torch


class Encoded(Protocol):
    """What is known about the columns of an encoded matrix."""

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each matrix column."""

    @property
    def categorical(self) -> tuple[int, ...]:
        """Matrix columns that hold label codes; the code after the last label means other."""

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """Known labels of each category column, in code order."""


def learn(step: Step, x: torch.Tensor, encoded: Encoded) -> FittedStep:
    """Learn one step from a matrix of training rows, shape (n, p); p may include indicator columns.

    Raises
    ------
    DataError
        When a named column is not a feature.
    SettingsError
        When a named column is not of the kind that the step needs.
    """
    if isinstance(step, OutlierStep):
        return _outliers(step, x, encoded)
    if isinstance(step, MissingStep):
        return _missing(step, x, encoded)
    return _rare(step, x, encoded)


def _chosen(
    names: Sequence[str] | None, every: Sequence[int], encoded: Encoded, what: str
) -> tuple[int, ...]:
    if names is None:
        return tuple(every)
    found = []
    for name in names:
        if name not in encoded.names:
            raise DataError(
                f"`{name}` must be a feature to be cleaned by a step",
                "it is not among the features",
                "Set its role to `feature`, or take it out of the step",
            )
        position = encoded.names.index(name)
        if position not in every:
            raise SettingsError(f"`{name}` must be a {what} here", "it is not", "Take it out of the step")
        found.append(position)
    return tuple(found)


def _numbers(encoded: Encoded) -> list[int]:
    codes = set(encoded.categorical)
    return [j for j in range(len(encoded.names)) if j not in codes]


def present(column: torch.Tensor) -> torch.Tensor:
    """The values of a column that are not missing, shape (m,)."""
    return column[~column.isnan()]


def quantiles(values: torch.Tensor, *shares: float) -> tuple[float, ...]:
    """Quantiles with linear interpolation (type 7 of Hyndman & Fan 1996) of values, none of them missing.

    torch.quantile refuses more than 16 million values.
    """
    last = values.numel() - 1
    places = [(share * last, int(share * last)) for share in shares]
    ranks = sorted({rank for _, below in places for rank in (below, min(below + 1, last))})
    if values.device.type == "cpu":  # selecting a few values is several times as fast as sorting them all
        chosen = np.partition(values.numpy(), ranks)[ranks].tolist()
    else:
        chosen = values.sort().values[ranks].tolist()
    at = dict(zip(ranks, chosen, strict=True))
    return tuple(
        at[below] + (at[min(below + 1, last)] - at[below]) * (place - below) for place, below in places
    )


def _counted(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Distinct values in ascending order and how often each occurs."""
    distinct, counts = values.unique(return_counts=True)  # type: ignore[no-untyped-call]
    return distinct, counts


def _outliers(step: OutlierStep, x: torch.Tensor, encoded: Encoded) -> FittedOutliers:
    columns, lows, highs = [], [], []
    for j in _chosen(step.columns, _numbers(encoded), encoded, "number"):
        values = present(x[:, j])
        if not values.numel():
            continue
        first, third = quantiles(values, 0.25, 0.75)
        if third - first <= 0:
            continue
        columns.append(j)
        lows.append(first - step.factor * (third - first))
        highs.append(third + step.factor * (third - first))
    return FittedOutliers(columns=tuple(columns), low=tuple(lows), high=tuple(highs), action=step.action)


def _missing(step: MissingStep, x: torch.Tensor, encoded: Encoded) -> FittedMissing:
    every = range(len(encoded.names))
    if step.method == "constant" and step.columns is None:
        every_fitting = encoded.categorical if isinstance(step.constant, str) else _numbers(encoded)
        columns = tuple(every_fitting)
    else:
        columns = _chosen(step.columns, every, encoded, "feature")
    values = tuple(_fill(step, x[:, j], j, encoded) for j in columns)
    with_missing = tuple(j for j in columns if bool(x[:, j].isnan().any()))
    return FittedMissing(
        columns=columns,
        method=step.method,
        values=values,
        indicated=with_missing if step.indicator else (),
        label="" if step.constant is None else _label(step.constant),
    )


def _label(constant: float | str) -> str:
    return constant if isinstance(constant, str) else f"{constant:.15g}"


def _fill(step: MissingStep, column: torch.Tensor, j: int, encoded: Encoded) -> float | None:
    if step.method == "drop":
        return None
    if step.constant is not None:
        return _constant(step.constant, j, encoded)
    values = present(column)
    if not values.numel():
        return None
    if step.method == "median" and j not in encoded.categorical:
        return quantiles(values, 0.5)[0]
    # of equally frequent values the smallest is taken
    distinct, counts = _counted(values)
    return float(distinct[int(counts.argmax())])


def _constant(constant: float | str, j: int, encoded: Encoded) -> float:
    name = encoded.names[j]
    if j in encoded.categorical:
        known = encoded.labels[name]
        text = _label(constant)
        # a label of its own comes after the code of "other"
        return float(known.index(text)) if text in known else float(len(known) + 1)
    try:
        return float(constant)
    except ValueError:
        raise SettingsError(
            f"a constant for `{name}` must be a number", f"'{constant}' came", "Give a number"
        ) from None


def _rare(step: RareStep, x: torch.Tensor, encoded: Encoded) -> FittedRare:
    columns, rare, other = [], [], []
    for j in _chosen(step.columns, encoded.categorical, encoded, "category"):
        values = present(x[:, j])
        codes, counts = _counted(values)
        last = len(encoded.labels[encoded.names[j]])
        few = codes[(counts < step.min_share * values.numel()) & (codes != last)]
        if few.numel():
            columns.append(j)
            rare.append(tuple(int(code) for code in few.tolist()))
            other.append(last)
    return FittedRare(columns=tuple(columns), rare=tuple(rare), other=tuple(other))
