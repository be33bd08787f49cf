"""How near rows are to one row: by their features, or by what moved their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Cells = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Players = Sequence[tuple[str, tuple[int, ...]]]

_CHUNK = 8_192
"""Rows compared at once, so that memory does not grow with them."""
_ENDS = (0.05, 0.95)


@dataclass(frozen=True, slots=True)
class Scale:
    """How the columns of a matrix are compared.

    Attributes
    ----------
    spread : distance between the 5 % and the 95 % quantile of each column, shape (p,); their whole range
        where that is 0, and 1 where the column has one value.
    label : whether a column holds codes without an order, shape (p,).
    players : features with the columns that belong to each; a feature differs as its most different column.
    """

    spread: Vector
    label: npt.NDArray[np.bool_]
    players: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, X: Cells, *, categorical: Sequence[int], players: Players) -> Scale:
        """Measure the spread of prepared rows, shape (n, p); NaN is left out."""
        label = np.zeros(X.shape[1], dtype=bool)
        label[list(categorical)] = True
        spread = np.ones(X.shape[1])
        for j in range(X.shape[1]):
            known = X[:, j][np.isfinite(X[:, j])].astype(np.float64)
            if len(known) and not label[j]:
                low, high = np.quantile(known, _ENDS)
                spread[j] = (high - low) or float(known.max() - known.min()) or 1.0
        return cls(spread, label, tuple((name, tuple(columns)) for name, columns in players))


def differences(X: Cells, row: Vector, scale: Scale) -> Matrix:
    """Return how different each feature of each row is from one row's, 0 (same) to 1; shape (n, features).

    Numbers: their distance over the column's spread, at most 1. Labels: 0 or 1. Where one is missing and the
    other is not: 1; both missing: 0.

    Parameters
    ----------
    X : prepared rows, shape (n, p). row : the row they are compared with, shape (p,).
    """
    row = row.astype(X.dtype)  # what was stored with fewer digits must equal itself
    there, here = np.isnan(X), np.isnan(row)
    apart = np.where(
        scale.label,
        (row != X).astype(np.float64),
        np.minimum(np.abs(X - row) / scale.spread, 1.0),
    )
    apart = np.where(there | here, (there != here).astype(np.float64), apart)
    return np.column_stack([apart[:, list(columns)].max(axis=1) for _, columns in scale.players])


def distances(X: Cells, row: Vector, scale: Scale) -> Vector:
    """Return the mean difference of the features of each row from one row, 0 (the same) to 1; shape (n,).

    One minus the general coefficient of similarity of Gower (1971, Biometrics 27, 857-871), all features
    with the same weight, with two departures: the range of a number is that between its 5 % and 95 %
    quantiles, which no outlier stretches, and missing is a value of its own rather than left out.
    """
    found = np.empty(len(X))
    for start in range(0, len(X), _CHUNK):
        part = X[start : start + _CHUNK]
        found[start : start + _CHUNK] = differences(part, row, scale).mean(axis=1)
    return found


def nearest(distance: Vector, rows: Rows, *, k: int) -> npt.NDArray[np.int64]:
    """Return the positions of the k nearest rows, nearest first; of equally near ones the lowest row numbers.

    Distances are compared to nine decimals, so that ties are ties on every machine.
    """
    return np.lexsort((rows, np.round(distance, 9)))[:k]
