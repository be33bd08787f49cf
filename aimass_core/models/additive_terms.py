"""A sum of curves and pair tables: scores, exact Shapley values and what is shown of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from aimass_core.models.binning import known_codes

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Axis:
    """Bins of one column: code 0 is missing; then numbers by `cuts`, or labels and "unseen".

    A number in ``cuts[k - 1] <= x < cuts[k]`` has code ``k + 1``. Known labels have the codes
    from 1, in ascending order; any other label has the last code.

    Attributes
    ----------
    cuts : inner edges of a number, ascending; None for labels.
    known : known label codes, ascending; None for numbers.
    """

    cuts: Floats | None
    known: Floats | None

    @property
    def size(self) -> int:
        """Number of codes."""
        if self.cuts is not None:
            return len(self.cuts) + 2
        assert self.known is not None
        return len(self.known) + 2

    def codes(self, column: Floats) -> Codes:
        """Return the code of each value."""
        if self.cuts is not None:
            found = np.searchsorted(self.cuts, column, side="right") + 1
        else:
            assert self.known is not None
            found = known_codes(self.known, column, unseen=len(self.known)) + 1
        found[np.isnan(column)] = 0
        return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Pair:
    """A term of two columns: ``table[code of first, code of second]`` in log-odds."""

    first: int
    second: int
    table: Floats


@dataclass(frozen=True, slots=True)
class Terms:
    """``log_odds = intercept + sum of curves + sum of pairs``.

    Attributes
    ----------
    axes : bins of each column for its curve.
    pair_axes : coarser bins of each column for its pairs.
    curves : log-odds by code, one array per column.
    """

    intercept: float
    axes: tuple[Axis, ...]
    pair_axes: tuple[Axis, ...]
    curves: tuple[Floats, ...]
    pairs: tuple[Pair, ...]

    def codes(self, X: Floats) -> tuple[Codes, Codes]:
        """Return the codes of rows on both sets of axes, each of shape (columns, n)."""
        fine = np.empty((len(self.axes), len(X)), dtype=np.int64)
        coarse = np.zeros_like(fine)
        paired = {j for pair in self.pairs for j in (pair.first, pair.second)}
        for j, axis in enumerate(self.axes):
            column = np.ascontiguousarray(X[:, j])
            fine[j] = axis.codes(column)
            if j in paired:
                coarse[j] = self.pair_axes[j].codes(column)
        return fine, coarse

    def log_odds(self, X: Floats) -> Floats:
        """Return the score of each row, shape (n,)."""
        fine, coarse = self.codes(X)
        total = np.full(len(X), self.intercept)
        for j, curve in enumerate(self.curves):
            total += curve[fine[j]]
        for pair in self.pairs:
            total += pair.table[coarse[pair.first], coarse[pair.second]]
        return total

    def effects(self, X: Floats, weight: Floats) -> Effects:
        """Return what Shapley values against these reference rows are looked up from.

        A curve is worth its value less its mean over the reference. A pair is a game of two
        players: with v(S) the mean of the term over the reference, the columns in S taken from
        the row, the first player's value is ``(v(1) - v() + v(1, 2) - v(2)) / 2``. Each v is a
        mean over at most one of the two axes, so the share of reference rows per code is enough:
        no row is compared with any other, and the values are exact.

        Parameters
        ----------
        weight : weight of each reference row, shape (n,), not all 0.
        """
        fine, coarse = self.codes(X)
        share = weight / weight.sum()
        base = self.intercept
        curves = []
        for curve, codes in zip(self.curves, fine, strict=True):
            mean = float(share @ curve[codes])
            curves.append(curve - mean)
            base += mean
        firsts, seconds = [], []
        for pair in self.pairs:
            rows, columns = coarse[pair.first], coarse[pair.second]
            nobody = float(share @ pair.table[rows, columns])
            only_first = pair.table @ np.bincount(columns, weights=share, minlength=pair.table.shape[1])
            only_second = np.bincount(rows, weights=share, minlength=pair.table.shape[0]) @ pair.table
            edge = only_first[:, None] - only_second[None, :]
            firsts.append((pair.table - nobody + edge) / 2)
            seconds.append((pair.table - nobody - edge) / 2)
            base += nobody
        return Effects(self, base, tuple(curves), tuple(firsts), tuple(seconds))


@dataclass(frozen=True, slots=True)
class Effects:
    """Shapley values of every code against reference rows, ready to be looked up.

    Attributes
    ----------
    base : mean log-odds of the reference.
    """

    terms: Terms
    base: float
    curves: tuple[Floats, ...]
    firsts: tuple[Floats, ...]
    seconds: tuple[Floats, ...]

    @classmethod
    def of(cls, terms: Terms, base: float, tables: Sequence[Floats]) -> Self:
        """Rebuild from `tables`."""
        columns, pairs = len(terms.curves), len(terms.pairs)
        return cls(
            terms,
            base,
            tuple(tables[:columns]),
            tuple(tables[columns : columns + pairs]),
            tuple(tables[columns + pairs :]),
        )

    @property
    def tables(self) -> tuple[Floats, ...]:
        """All arrays in one row, for saving."""
        return self.curves + self.firsts + self.seconds

    def values(self, X: Floats) -> Floats:
        """Return the Shapley values of rows, shape (n, columns); with `base` they sum to the score."""
        fine, coarse = self.terms.codes(X)
        found = np.empty((len(self.curves), len(X)))
        for j, curve in enumerate(self.curves):
            found[j] = curve[fine[j]]
        for pair, first, second in zip(self.terms.pairs, self.firsts, self.seconds, strict=True):
            rows, columns = coarse[pair.first], coarse[pair.second]
            found[pair.first] += first[rows, columns]
            found[pair.second] += second[rows, columns]
        return np.ascontiguousarray(found.T)


def purified(
    axes: Sequence[Axis],
    pair_axes: Sequence[Axis],
    curves: Sequence[Floats],
    pairs: Sequence[Pair],
    shares: Sequence[Floats],
) -> tuple[tuple[Axis, ...], tuple[Floats, ...], tuple[Pair, ...], float]:
    """Move what a pair says about one feature alone into that feature's curve.

    The scores stay the same. Afterwards a pair table has the mean 0 along each axis (Lengerich et
    al., AISTATS 2020, with the rows of both columns taken as independent), so a curve shows all
    that its feature does by itself. A curve's cuts become those of the curve and its pairs.

    Parameters
    ----------
    shares : share of the training rows per code of each pair axis.

    Returns
    -------
    axes, curves, pairs, and what is to be added to the intercept.
    """
    paired = {j for pair in pairs for j in (pair.first, pair.second)}
    new_axes, new_curves = [], []
    for j, (axis, curve) in enumerate(zip(axes, curves, strict=True)):
        if j in paired and axis.cuts is not None:
            coarse = pair_axes[j].cuts
            assert coarse is not None
            merged = Axis(np.union1d(axis.cuts, coarse), None)
            new_axes.append(merged)
            new_curves.append(curve[_carried(merged, axis)])
        else:
            new_axes.append(axis)
            new_curves.append(curve.copy())
    new_pairs, intercept = [], 0.0
    for pair in pairs:
        i, j = pair.first, pair.second
        by_first, by_second = pair.table @ shares[j], shares[i] @ pair.table
        mean = float(by_first @ shares[i])
        new_curves[i] += (by_first - mean)[_carried(new_axes[i], pair_axes[i])]
        new_curves[j] += (by_second - mean)[_carried(new_axes[j], pair_axes[j])]
        intercept += mean
        new_pairs.append(Pair(i, j, pair.table - by_first[:, None] - by_second[None, :] + mean))
    return tuple(new_axes), tuple(new_curves), tuple(new_pairs), intercept


def _carried(fine: Axis, coarse: Axis) -> Codes:
    """Return the coarse code in which each fine code lies; the cuts of `fine` include those of `coarse`."""
    if fine.cuts is None or coarse.cuts is None:
        return np.arange(fine.size)
    if not len(fine.cuts):
        return np.arange(2)
    inner = np.searchsorted(coarse.cuts, fine.cuts, side="right") + 1
    return np.concatenate([[0, 1], inner]).astype(np.int64)
