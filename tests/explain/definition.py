"""Shapley values straight from their definition, as the oracle of small games."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from math import factorial

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def by_orders(
    model: Callable[[Matrix], Matrix], row: Matrix, reference: Matrix, columns: Sequence[Sequence[int]]
) -> Matrix:
    """Mean marginal gain over all orders of the players; few players only."""
    values = np.zeros(len(columns))
    for order in permutations(range(len(columns))):
        mixed = reference.copy()
        before = float(np.mean(model(mixed)))
        for player in order:
            mixed[:, list(columns[player])] = row[list(columns[player])]
            after = float(np.mean(model(mixed)))
            values[player] += after - before
            before = after
    return values / factorial(len(columns))


def by_coalitions(
    model: Callable[[Matrix], Matrix], row: Matrix, reference: Matrix, columns: Sequence[Sequence[int]]
) -> Matrix:
    """Weighted marginal gains over all coalitions; up to some ten players."""
    count = len(columns)
    masks = ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(bool)
    wide = np.zeros((len(masks), len(row)), dtype=bool)
    for player, found in enumerate(columns):
        wide[:, list(found)] = masks[:, [player]]
    mixed = np.where(wide[:, None, :], row, reference)
    worth = np.asarray(model(mixed.reshape(-1, len(row)))).reshape(len(masks), -1).mean(axis=1)
    size = masks.sum(axis=1)
    weight = [factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)]
    values = np.zeros(count)
    for player in range(count):
        without = np.flatnonzero(~masks[:, player])
        gain = worth[without | (1 << player)] - worth[without]
        values[player] = float(np.dot(np.array(weight)[size[without]], gain))
    return values
