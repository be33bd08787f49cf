"""Shapley values of any model against reference rows: by enumeration, or estimated from permutations.

The game is the usual interventional one: a coalition takes its features from the row and the others from each
reference row in turn, and is worth the mean log-odds (Štrumbelj & Kononenko 2014; Janzing et al. 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Model = Callable[[Matrix], Matrix]
Masks = npt.NDArray[np.bool_]

ENUMERATE_UP_TO = 9
"""Players up to which all coalitions are tried: 512 of them, as many as some thirty paired permutations."""
_BATCH_ROWS = 32_768


@dataclass(frozen=True, slots=True)
class Game:
    """A model, the rows it is compared with and the matrix columns of each player.

    `worth_of_none` is the mean log-odds of the reference rows.
    """

    model: Model
    reference: Matrix
    columns: tuple[tuple[int, ...], ...]
    worth_of_none: float

    @classmethod
    def of(cls, model: Model, reference: Matrix, columns: Sequence[tuple[int, ...]]) -> Game:
        """Make a game."""
        return cls(model, reference, tuple(columns), float(model(reference).mean()))

    def worth(self, row: Matrix, masks: Masks) -> Matrix:
        """Return the worth of coalitions.

        Parameters
        ----------
        row : the row explained, shape (p,).
        masks : shape (c, players); True where the player takes its value from the row.
        """
        wide = np.zeros((len(masks), len(row)), dtype=bool)
        for player, columns in enumerate(self.columns):
            wide[:, list(columns)] = masks[:, [player]]
        m = len(self.reference)
        found = np.empty(len(masks))
        step = max(1, _BATCH_ROWS // m)
        for start in range(0, len(masks), step):
            part = wide[start : start + step]
            mixed = np.where(part[:, None, :], row, self.reference)
            found[start : start + step] = self.model(mixed.reshape(-1, len(row))).reshape(-1, m).mean(axis=1)
        return found


def exact(game: Game, row: Matrix, worth_of_all: float) -> Matrix:
    """Return the Shapley value of each player, shape (players,), from all coalitions (Shapley 1953)."""
    count = len(game.columns)
    masks = ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(bool)
    worth = np.empty(len(masks))
    worth[0], worth[-1] = game.worth_of_none, worth_of_all
    worth[1:-1] = game.worth(row, masks[1:-1])
    size = masks.sum(axis=1)
    weight = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
    values = np.empty(count)
    for player in range(count):
        without = np.flatnonzero(~masks[:, player])
        values[player] = np.dot(weight[size[without]], worth[without | (1 << player)] - worth[without])
    return values


def permutations(players: int, *, pairs: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the orders of a seed, shape (pairs, players); each is walked there and back."""
    random = np.random.default_rng(seed)
    return np.array([random.permutation(players) for _ in range(pairs)], dtype=np.int64)


def estimated(
    game: Game, row: Matrix, worth_of_all: float, orders: npt.NDArray[np.int64]
) -> tuple[Matrix, Matrix]:
    """Estimate Shapley values by walking orders there and back (Mitchell et al. 2022, antithetic sampling).

    Each walk adds up to ``worth_of_all - worth_of_none``, so the estimate does as well. Exact for models
    whose features interact in pairs at most.

    Returns
    -------
    values, errors : shape (players,) each; the standard error is over pairs of walks, NaN for one pair.
    """
    pairs, count = orders.shape
    walks = np.stack([orders, orders[:, ::-1]], axis=1).reshape(2 * pairs, count)
    # masks[w, s] is the coalition of the first s + 1 players of walk w; none and all are known.
    place = np.empty_like(walks)
    np.put_along_axis(place, walks, np.arange(count)[None, :], axis=1)
    masks = place[:, None, :] <= np.arange(count - 1)[None, :, None]
    inner = game.worth(row, masks.reshape(-1, count)).reshape(2 * pairs, count - 1)
    steps = np.diff(
        np.column_stack([np.full(2 * pairs, game.worth_of_none), inner, np.full(2 * pairs, worth_of_all)]),
        axis=1,
    )
    gains = np.take_along_axis(steps, place, axis=1).reshape(pairs, 2, count).mean(axis=1)
    errors = gains.std(axis=0, ddof=1) / np.sqrt(pairs) if pairs > 1 else np.full(count, np.nan)
    return gains.mean(axis=0), errors
