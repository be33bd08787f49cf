"""Rows put into groups by the value of one column: labels, ranges of equal size, missing apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aimass_core.evaluate.conditions import Feature

Ints = npt.NDArray[np.int64]
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Groups:
    """Each row's group.

    Attributes
    ----------
    codes : (n,) position in `texts`.
    texts : what each group is called, in order of value; missing comes last.
    middles : the median value of each group; NaN for labels and for missing.
    """

    codes: Ints
    texts: tuple[str, ...]
    middles: tuple[float, ...]

    @property
    def missing(self) -> int | None:
        """Position of the group without a value, None when each row has one."""
        last = len(self.texts) - 1
        return last if last >= 0 and self.texts[last] == MISSING else None


def group(feature: Feature, *, most: int) -> Groups:
    """Put rows into at most `most` groups of known values, and one of missing ones.

    Numbers with few distinct values are grouped by value, others into ranges that hold about equal numbers
    of rows; equal values are never parted. The least frequent labels beyond `most` are one group.
    """
    values = feature.values
    known = ~np.isnan(values)
    texts: tuple[str, ...] = ()
    middles: tuple[float, ...] = ()
    codes = np.zeros(len(values), dtype=np.int64)
    if known.any():
        found, texts, middles = (_labels if feature.labels else _numbers)(feature, values[known], most)
        codes[known] = found
    if not known.all():
        codes[~known] = len(texts)
        texts, middles = (*texts, MISSING), (*middles, float("nan"))
    return Groups(codes, texts, middles)


def _labels(
    feature: Feature, known: npt.NDArray[np.float64], most: int
) -> tuple[Ints, tuple[str, ...], tuple[float, ...]]:
    distinct, position, rows = np.unique(known, return_inverse=True, return_counts=True)
    order = np.argsort(-rows, kind="stable")
    kept = order if len(order) <= most else order[: most - 1]
    place = np.full(len(distinct), len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    texts = [feature.labels[int(distinct[k])] for k in kept]
    if len(kept) < len(order):
        texts.append(f"{len(order) - len(kept):,} other values")
    # a label may itself read "missing"; only the group of rows without a value is called so
    named = tuple(f"'{text}'" if text == MISSING else text for text in texts)
    return place[position], named, (float("nan"),) * len(texts)


def _numbers(
    feature: Feature, known: npt.NDArray[np.float64], most: int
) -> tuple[Ints, tuple[str, ...], tuple[float, ...]]:
    distinct, position, rows = np.unique(known, return_inverse=True, return_counts=True)
    if len(distinct) <= most:
        return position, tuple(feature.show(float(v)) for v in distinct), tuple(float(v) for v in distinct)
    before = np.cumsum(rows) - rows
    kept, first, part = np.unique(before * most // len(known), return_index=True, return_inverse=True)
    shown = [feature.show(float(value)) for value in distinct[first]]
    last = len(kept) - 1
    texts = tuple(
        f"from {shown[k]}"
        if k == last
        else f"below {shown[1]}"
        if k == 0
        else f"{shown[k]} to below {shown[k + 1]}"
        for k in range(len(kept))
    )
    # the middle row of each part lies where half of its rows are counted
    starts = before[first]
    ends = np.append(starts[1:], len(known))
    middles = distinct[np.searchsorted(np.cumsum(rows), (starts + ends) // 2, side="right")]
    return part[position], texts, tuple(float(value) for value in middles)
