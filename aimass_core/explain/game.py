"""The game whose Shapley values explain a row: players come from the row or from a reference row.

The game is the usual interventional one: a coalition takes its features from the row and the others from each
reference row in turn, and is worth the mean log-odds (Štrumbelj & Kononenko 2014; Janzing et al. 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Model = Callable[[Matrix], Vector]

_BATCH_ROWS = 16_384
_BATCH_CELLS = 4_000_000


class Differences(Protocol):
    """How half-differences of pairs of coalitions are found."""

    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        """Return ``(v(z) - v(not z)) / 2`` of every row and pair, shape (n, pairs).

        Parameters
        ----------
        X : rows explained, shape (n, p).
        masks : coalitions, shape (pairs, players).
        """
        ...


@dataclass(frozen=True, slots=True)
class Game:
    """A model, the rows it is compared with and the matrix columns of each player.

    Attributes
    ----------
    model : log-odds of rows of the matrix.
    worths : log-odds of the reference rows, shape (m,).
    differences : finds half-differences; by default the model scores mixed rows.
    """

    model: Model
    reference: Matrix
    columns: tuple[tuple[int, ...], ...]
    worths: Vector
    differences: Differences

    @classmethod
    def of(
        cls,
        model: Model,
        reference: Matrix,
        columns: Sequence[tuple[int, ...]],
        *,
        differences: Differences | None = None,
    ) -> Game:
        """Make a game."""
        found = tuple(tuple(player) for player in columns)
        worths = np.asarray(model(reference), dtype=np.float64)
        return cls(model, reference, found, worths, differences or MixedRows(model, reference, found))

    @property
    def base(self) -> float:
        """Worth of no player: mean log-odds of the reference rows."""
        return float(self.worths.mean())


@dataclass(frozen=True, slots=True)
class MixedRows:
    """Lets the model score rows mixed from the row explained and a reference row."""

    model: Model
    reference: Matrix
    columns: tuple[tuple[int, ...], ...]

    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        m, width = self.reference.shape
        wide = np.zeros((len(masks), width), dtype=bool)
        for player, columns in enumerate(self.columns):
            wide[:, list(columns)] = masks[:, [player]]
        found = np.empty((len(X), len(masks)))
        at_once = max(1, min(_BATCH_ROWS, _BATCH_CELLS // max(1, width)) // (2 * m))
        for i, row in enumerate(X):
            for start in range(0, len(masks), at_once):
                part = wide[start : start + at_once, None, :]
                mixed = np.stack([np.where(part, row, self.reference), np.where(part, self.reference, row)])
                scored = np.asarray(self.model(mixed.reshape(-1, width))).reshape(mixed.shape[:-1])
                found[i, start : start + at_once] = (scored[0] - scored[1]).mean(axis=1) / 2
        return found


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """Half-differences of a weighted sum of models."""

    parts: tuple[tuple[float, Differences], ...]

    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        """Return the weighted sum of the parts' half-differences."""
        return np.asarray(sum(weight * part(X, masks) for weight, part in self.parts))
