"""What the network sees of a matrix: quantile positions of numbers, indices of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from aimass_core.models.binning import Floats, known_codes, quantile_edges

UNSEEN = 0
MISSING = 1
FIRST_LABEL = 2


@dataclass(frozen=True)
class Inputs:
    """Learnt transformation of rows.

    A number becomes its position among the quantile knots of the training rows, interpolated
    between two knots and held at the ends: 0 at the lowest knot, k at the k-th. The network
    spreads this position over segments (piecewise-linear encoding, Gorishniy et al., NeurIPS 2022).
    So neither units nor outliers matter, and float32 is enough to train in.

    Attributes
    ----------
    knots : knots of each number column, at least two, or None for label columns.
    known : known codes of each label column, or None for number columns.
    fill : position taken by a missing number of a column that had none missing in training.
    flagged : whether missing numbers of the column have an input of their own.
    """

    knots: tuple[Floats | None, ...]
    known: tuple[Floats | None, ...]
    fill: tuple[float, ...]
    flagged: tuple[bool, ...]

    @classmethod
    def fit(cls, X: Floats, weight: Floats, *, bins: int, categorical: tuple[int, ...]) -> Self:
        """Learn knots and labels from training rows; rows of weight 0 count as absent."""
        knots: list[Floats | None] = []
        known: list[Floats | None] = []
        fill: list[float] = []
        flagged: list[bool] = []
        for j in range(X.shape[1]):
            used = weight > 0
            kept = used & ~np.isnan(X[:, j])
            values = X[kept, j]
            flagged.append(bool((used & ~kept).any()))
            if j in categorical:
                knots.append(None)
                known.append(np.unique(values))
                fill.append(0.0)
                continue
            found = _knots(values, weight[kept], bins)
            knots.append(found)
            known.append(None)
            middle = float(np.median(values)) if len(values) else 0.0
            fill.append(float(_position(found, np.array([middle]))[0]))
        return cls(tuple(knots), tuple(known), tuple(fill), tuple(flagged))

    @property
    def segments(self) -> tuple[int, ...]:
        """Number of segments of each number column."""
        return tuple(len(knots) - 1 for knots in self.knots if knots is not None)

    @property
    def flags(self) -> tuple[bool, ...]:
        """Which number columns have an input for missing."""
        return tuple(flag for flag, knots in zip(self.flagged, self.knots, strict=True) if knots is not None)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of indices of each label column, unseen and missing included."""
        return tuple(FIRST_LABEL + len(known) for known in self.known if known is not None)

    @property
    def columns(self) -> tuple[int, ...]:
        """Matrix column of each number column, then of each label column."""
        numbers = (j for j, knots in enumerate(self.knots) if knots is not None)
        return (*numbers, *(j for j, known in enumerate(self.known) if known is not None))

    def transform(self, X: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return positions (n, numbers), NaN where missing is an input, and label indices (n, labels)."""
        numbers = [j for j, knots in enumerate(self.knots) if knots is not None]
        labels = [j for j, known in enumerate(self.known) if known is not None]
        positions = np.empty((len(X), len(numbers)))
        indices = np.empty((len(X), len(labels)), dtype=np.int64)
        for i, j in enumerate(numbers):
            column, knots = X[:, j], self.knots[j]
            missing = np.isnan(column)
            positions[:, i] = _position(knots, column)  # type: ignore[arg-type]
            positions[missing, i] = np.nan if self.flagged[j] else self.fill[j]
        for i, j in enumerate(labels):
            column, known = X[:, j], self.known[j]
            codes = known_codes(known, column, unseen=-1)  # type: ignore[arg-type]
            indices[:, i] = np.where(codes < 0, UNSEEN, codes + FIRST_LABEL)
            # A gap in a column that had none in training is as unknown as a new label.
            indices[np.isnan(column), i] = MISSING if self.flagged[j] else UNSEEN
        return positions, indices

    def to_json(self) -> dict[str, Any]:
        """Return everything learnt as JSON values."""
        return {
            "knots": [None if knots is None else knots.tolist() for knots in self.knots],
            "known": [None if known is None else known.tolist() for known in self.known],
            "fill": list(self.fill),
            "flagged": list(self.flagged),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_json`."""
        return cls(
            tuple(None if item is None else np.array(item, dtype=np.float64) for item in data["knots"]),
            tuple(None if item is None else np.array(item, dtype=np.float64) for item in data["known"]),
            tuple(float(value) for value in data["fill"]),
            tuple(bool(value) for value in data["flagged"]),
        )


def _knots(values: Floats, weight: Floats, bins: int) -> Floats:
    if not len(values):
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if low == high:
        # A constant: one segment that no other value can leave either.
        return np.array([low, np.nextafter(low, np.inf) if low else 1.0])
    inner = quantile_edges(values, weight, bins)
    return np.unique(np.concatenate([[low], inner, [high]]))


def _position(knots: Floats, column: Floats) -> Floats:
    return np.asarray(np.interp(column, knots, np.arange(len(knots), dtype=np.float64)))
