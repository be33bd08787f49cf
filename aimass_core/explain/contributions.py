"""Contributions of many rows as one matrix, and the top reason against each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_ROWS = 30
"""Rows below which a group is called small: its mean is still far from normal."""
Z = 1.959964
"""Quantile of the normal distribution that leaves 2.5 % above: half of a 95 % interval in standard errors."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each feature added to the log-odds of each row.

    Attributes
    ----------
    rows : (n,) numbers of the rows in the data set.
    names : features, in the order of the model.
    values : (n, p) contributions in log-odds; positive speaks against the row.
    """

    rows: Ints
    names: tuple[str, ...]
    values: Matrix

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, name: str) -> Matrix:
        """Return the contributions of one feature, shape (n,)."""
        return np.asarray(self.values[:, self.names.index(name)])

    def taken(self, places: Ints) -> Contributions:
        """Return these rows, by position."""
        return Contributions(self.rows[places], self.names, self.values[places])

    def importance(self) -> Matrix:
        """Return the mean absolute contribution of each feature, shape (p,); NaN without rows."""
        if not len(self):
            return np.full(len(self.names), np.nan)
        return np.asarray(np.abs(self.values).mean(axis=0))

    def by_importance(self) -> tuple[str, ...]:
        """Return the features, the most important first; ties in the order of the model."""
        strength = np.round(np.nan_to_num(self.importance()), 9)
        return tuple(
            self.names[j] for j in sorted(range(len(strength)), key=lambda j: (-float(strength[j]), j))
        )

    def top(self) -> Ints:
        """Return the feature that speaks most against each row, shape (n,).

        -1 where nothing does. Ties are settled as :func:`aimass_core.explain.reasons.reasons` settles them:
        by the order of the model, after rounding to 1e-9.
        """
        if not self.values.size:
            return np.full(len(self), -1, dtype=np.int64)
        rounded = np.round(self.values, 9)
        best = rounded.argmax(axis=1)
        return np.where(rounded[np.arange(len(self)), best] > 0, best, -1).astype(np.int64)


def mean_error(values: Matrix, codes: Ints, groups: int) -> tuple[Ints, Matrix, Matrix]:
    """Return rows (groups,), and mean and standard error of the mean of each group, shape (groups, p) each.

    The mean of no row, and the error of fewer than two, are NaN.

    Parameters
    ----------
    values : (n, p) numbers.
    codes : (n,) group of each, from 0.
    """
    rows = np.bincount(codes, minlength=groups)
    seen = np.flatnonzero(rows)
    mean, error = np.full((groups, values.shape[1]), np.nan), np.full((groups, values.shape[1]), np.nan)
    if not len(seen):
        return rows, mean, error
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], seen)
    ordered = values[order]
    mean[seen] = np.add.reduceat(ordered, starts, axis=0) / rows[seen, None]
    ordered -= mean[codes[order]]
    squares = np.add.reduceat(ordered**2, starts, axis=0)
    several = rows[seen] > 1
    some = rows[seen][several, None]
    error[seen[several]] = np.sqrt(squares[several] / (some - 1) / some)
    return rows, mean, error
