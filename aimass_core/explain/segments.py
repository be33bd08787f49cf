"""Whether a model has other reasons for some groups of rows than for the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimass_core.errors import DataError
from aimass_core.evaluate.conditions import Feature
from aimass_core.explain.contributions import LEAST_ROWS, Contributions, Z, mean_error
from aimass_core.explain.grouping import group
from aimass_core.explain.reason_mix import chance_of_same, total_variation

SEGMENTS = 10
"""Most groups of known values."""


@dataclass(frozen=True, slots=True)
class Part:
    """One feature's contributions in one segment, log-odds; NaN where too few rows say."""

    feature: str
    mean_abs: float
    mean_abs_low: float
    mean_abs_high: float
    mean: float
    mean_low: float
    mean_high: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One group of rows and its reasons.

    Attributes
    ----------
    small : whether it has fewer than :data:`LEAST_ROWS` rows; it is shown, and never called different.
    parts : in the order of the model.
    top : share of its rows for which each feature is the top reason, and last for which none is.
    distance : total variation between its mix of top reasons and that of all other rows, 0 (same) to 1; NaN
        when there are no others.
    differs : whether the two mixes differ beyond chance (chi-squared at 5 %, for all segments together).
    """

    text: str
    rows: int
    small: bool
    parts: tuple[Part, ...]
    top: tuple[float, ...]
    distance: float
    differs: bool


@dataclass(frozen=True, slots=True)
class Segmented:
    """The segments of a column, in order of value."""

    column: str
    names: tuple[str, ...]
    segments: tuple[Segment, ...]

    @property
    def most_different(self) -> Segment | None:
        """The segment whose mix of reasons differs most from the rest, None where none differs."""
        return max((s for s in self.segments if s.differs), key=lambda s: s.distance, default=None)


def segmented(found: Contributions, column: Feature) -> Segmented:
    """Measure contributions by the values of a column, which need not be a feature.

    Raises
    ------
    DataError
        When there are no rows.
    """
    if not len(found):
        raise DataError("segments need explained rows", "there are none")
    # few rows are cut into fewer ranges, so that each holds enough of them
    ranges = max(2, min(SEGMENTS, len(found) // LEAST_ROWS))
    groups = group(column, most=SEGMENTS if column.labels else ranges)
    size, none = len(groups.texts), len(found.names)
    top = found.top()
    table = np.zeros((size, none + 1), dtype=np.int64)
    np.add.at(table, (groups.codes, np.where(top < 0, none, top)), 1)
    _, strength, strength_error = mean_error(np.abs(found.values), groups.codes, size)
    _, mean, error = mean_error(found.values, groups.codes, size)
    whole = table.sum(axis=0)
    rows = table.sum(axis=1)
    tests = max(1, int((rows >= LEAST_ROWS).sum()))
    made = []
    for k, text in enumerate(groups.texts):
        parts = tuple(
            Part(name, *_interval(strength[k, j], strength_error[k, j]), *_interval(mean[k, j], error[k, j]))
            for j, name in enumerate(found.names)
        )
        others = whole - table[k]
        small = bool(rows[k] < LEAST_ROWS)
        known = others.sum() > 0
        made.append(
            Segment(
                text=text,
                rows=int(rows[k]),
                small=small,
                parts=parts,
                top=tuple(float(share) for share in table[k] / max(1, rows[k])),
                distance=total_variation(table[k], others) if known else float("nan"),
                differs=bool(
                    known
                    and not small
                    and others.sum() >= LEAST_ROWS
                    and chance_of_same(table[k], others) < 0.05 / tests
                ),
            )
        )
    return Segmented(column.name, found.names, tuple(made))


def _interval(mean: float, error: float) -> tuple[float, float, float]:
    return float(mean), float(mean - Z * error), float(mean + Z * error)
