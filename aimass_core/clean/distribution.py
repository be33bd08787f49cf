"""The values of one column as counts: bins of numbers and times, or labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.schema import TEMPORAL, Kind

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BINS = 40
LABELS = 20


class Distribution(BaseModel):
    """How often values occur in one column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale: Literal["numbers", "times", "labels"] = Field(description="What the counts are over.")
    edges: tuple[float, ...] = Field(
        default=(), description="Bin edges, one more than counts; for times in seconds since 1970-01-01."
    )
    labels: tuple[str, ...] = Field(default=(), description="Labels, the most frequent first; for labels.")
    counts: tuple[int, ...] = Field(description="Values per bin or label.")
    others: int = Field(default=0, description="Values with labels beyond the first 20.")
    missing: int = Field(description="Rows without a value, infinities counted among them.")
    rows: int = Field(description="Rows counted.")
    sampled: bool = Field(default=False, description="Whether the rows are a sample of the data set.")


def pair(
    before: pd.Series[Any], after: pd.Series[Any], kinds: tuple[Kind, Kind], *, sampled: bool
) -> tuple[Distribution, Distribution]:
    """Count a column before and after cleaning, over the same bins or labels where its type stayed.

    Parameters
    ----------
    before, after : values; they may differ in length
    kinds : type of the column before and after
    """
    scales = (_scale(kinds[0]), _scale(kinds[1]))
    if scales[0] == "labels" or scales[1] == "labels":
        first = _counted(before, kinds[0], None, (), sampled)
        return first, _counted(after, kinds[1], None, first.labels, sampled)
    values = np.concatenate([_numbers(before, kinds[0]), _numbers(after, kinds[1])])
    whole = kinds == ("integer", "integer")
    edges = _edges(values[np.isfinite(values)], whole=whole) if scales[0] == scales[1] else None
    return (
        _counted(before, kinds[0], edges, (), sampled),
        _counted(after, kinds[1], edges, (), sampled),
    )


def _scale(kind: Kind) -> Literal["numbers", "times", "labels"]:
    if kind in TEMPORAL:
        return "times"
    return "numbers" if kind in ("integer", "number") else "labels"


def _numbers(values: pd.Series[Any], kind: Kind) -> NDArray[np.float64]:
    if kind in TEMPORAL:
        moments = values.astype("datetime64[s]").to_numpy()
        return np.where(np.isnat(moments), np.nan, moments.astype(np.int64).astype(np.float64))
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _edges(values: NDArray[np.float64], *, whole: bool) -> NDArray[np.float64]:
    if not values.size:
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if whole and high - low < 1e9:
        # each bin holds equally many whole numbers, else bins would look uneven
        width = max(1, int(np.ceil((high - low + 1) / BINS)))
        return np.arange(low - 0.5, high + 0.5 + width, width)
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    return np.linspace(low, high, BINS + 1)


def _counted(
    values: pd.Series[Any],
    kind: Kind,
    edges: NDArray[np.float64] | None,
    order: tuple[str, ...],
    sampled: bool,
) -> Distribution:
    scale, rows = _scale(kind), len(values)
    if scale == "labels":
        counted = values.dropna().astype(str).value_counts()
        found = {str(label): int(count) for label, count in counted.items()}
        # labels that were there before keep their place, so that the two can be laid side by side
        shown = [*(label for label in order if label in found)]
        shown += [label for label in found if label not in set(order)][: max(0, LABELS - len(shown))]
        return Distribution(
            scale=scale,
            labels=tuple(shown),
            counts=tuple(found[label] for label in shown),
            others=sum(found.values()) - sum(found[label] for label in shown),
            missing=rows - sum(found.values()),
            rows=rows,
            sampled=sampled,
        )
    numbers = _numbers(values, kind)
    finite = numbers[np.isfinite(numbers)]
    edges = _edges(finite, whole=kind == "integer") if edges is None else edges
    counts = np.histogram(finite, edges)[0]
    return Distribution(
        scale=scale,
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        missing=rows - int(finite.size),
        rows=rows,
        sampled=sampled,
    )
