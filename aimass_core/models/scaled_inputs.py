"""What an anomaly score sees of a matrix: scaled numbers that keep their tails, indices of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from aimass_core.models.binning import Floats, known_codes
from aimass_core.models.network_inputs import FIRST_LABEL, MISSING, UNSEEN

_FARTHEST = 40.0
"""Scaled numbers are held here: far beyond anything seen, and harmless to arithmetic."""


@dataclass(frozen=True)
class ScaledInputs:
    """Learnt transformation of rows.

    A number becomes ``asinh((x - median) / scale)``, then is divided by the spread of that: near the middle
    it is linear, far out it grows like a logarithm, so that an amount a thousand times the usual stays far
    out without drowning everything else. The scale is that of the middle half of the rows (quartile range
    over 1.349) or, where that half is one value, the standard deviation. Missing stays NaN.

    Attributes
    ----------
    middle, scale, spread : of each number column, shape (numbers,).
    numbers : positions of the number columns.
    known : known codes of each label column; labels : their positions.
    flagged : whether a gap in the column is an input of its own, for all columns.
    """

    numbers: tuple[int, ...]
    middle: Floats
    scale: Floats
    spread: Floats
    labels: tuple[int, ...]
    known: tuple[Floats, ...]
    flagged: tuple[bool, ...]

    @classmethod
    def fit(cls, X: Floats, *, categorical: tuple[int, ...]) -> Self:
        """Learn from training rows."""
        numbers = tuple(j for j in range(X.shape[1]) if j not in categorical)
        labels = tuple(sorted(set(categorical)))
        middle, scale, spread = (np.empty(len(numbers)) for _ in range(3))
        for i, j in enumerate(numbers):
            values = X[~np.isnan(X[:, j]), j]
            low, middle[i], high = np.quantile(values, (0.25, 0.5, 0.75)) if len(values) else (0.0, 0.0, 0.0)
            width = (high - low) / 1.349
            if not width > 0:
                with np.errstate(over="ignore"):
                    width = float(values.std()) if len(values) else 1.0
            scale[i] = width if np.isfinite(width) and width > 0 else max(1.0, abs(middle[i]))
            found = _squashed(values, middle[i], scale[i])
            spread[i] = max(float(found.std()), 1e-3) if len(values) else 1.0
        known = tuple(np.unique(X[~np.isnan(X[:, j]), j]) for j in labels)
        return cls(
            numbers,
            middle,
            scale,
            spread,
            labels,
            known,
            tuple(bool(np.isnan(X[:, j]).any()) for j in range(X.shape[1])),
        )

    @property
    def flags(self) -> tuple[bool, ...]:
        """Which number columns have an input for missing."""
        return tuple(self.flagged[j] for j in self.numbers)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of indices of each label column, unseen and missing included."""
        return tuple(FIRST_LABEL + len(known) for known in self.known)

    @property
    def columns(self) -> tuple[int, ...]:
        """Matrix column of each number column, then of each label column."""
        return (*self.numbers, *self.labels)

    def transform(self, X: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return scaled numbers (n, numbers), NaN where missing, and label indices (n, labels)."""
        scaled = np.empty((len(X), len(self.numbers)))
        for i, j in enumerate(self.numbers):
            found = _squashed(X[:, j], self.middle[i], self.scale[i]) / self.spread[i]
            scaled[:, i] = np.clip(found, -_FARTHEST, _FARTHEST)
        indices = np.empty((len(X), len(self.labels)), dtype=np.int64)
        for i, (j, known) in enumerate(zip(self.labels, self.known, strict=True)):
            codes = known_codes(known, X[:, j], unseen=-1)
            indices[:, i] = np.where(codes < 0, UNSEEN, codes + FIRST_LABEL)
            indices[np.isnan(X[:, j]), i] = MISSING if self.flagged[j] else UNSEEN
        return scaled, indices

    def to_json(self) -> dict[str, Any]:
        """Return everything learnt as JSON values."""
        return {
            "numbers": list(self.numbers),
            "middle": self.middle.tolist(),
            "scale": self.scale.tolist(),
            "spread": self.spread.tolist(),
            "labels": list(self.labels),
            "known": [item.tolist() for item in self.known],
            "flagged": list(self.flagged),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_json`."""
        middle, scale, spread = (
            np.array(data[name], dtype=np.float64) for name in ("middle", "scale", "spread")
        )
        return cls(
            tuple(int(j) for j in data["numbers"]),
            middle,
            scale,
            spread,
            tuple(int(j) for j in data["labels"]),
            tuple(np.array(item, dtype=np.float64) for item in data["known"]),
            tuple(bool(value) for value in data["flagged"]),
        )


def _squashed(values: Floats, middle: float, scale: float) -> Floats:
    # A number near the end of what a double holds may overflow on the way; it is far out either way.
    with np.errstate(over="ignore"):
        return np.asarray(np.arcsinh((values - middle) / scale))
