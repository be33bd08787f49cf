"""Shapley values of any model: all coalitions where they are few, otherwise sampled by leverage scores.

Sampled values come with standard errors. Coalitions are added until the strongest reasons of a row cannot
swap places within their errors, or the budget ends. How far a row gets depends on that row alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from aimass_core.explain import coalitions
from aimass_core.explain.coalitions import Design, Solver
from aimass_core.explain.game import Game

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ENUMERATE_UP_TO = 12
"""Most players of whom all coalitions may be tried."""
TOP = 4
"""Strongest reasons whose order should be settled."""
FEWEST_REFERENCES = 16
"""Fewest reference rows an expensive model is compared with."""
_MODERATE_REFERENCES = 32
_PAIRS_A_PLAYER = 2
"""Pairs a player before values are worked out; with one there would be as many unknowns as pairs."""
_NORMAL_95 = 1.96
_NEGLIGIBLE = 0.01
"""Differences below this share of the strongest value need not be told apart."""
_ROWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried for one row.

    Attributes
    ----------
    pairs : pairs of coalitions after each stage, ascending.
    references : reference rows to compare with.
    """

    pairs: tuple[int, ...]
    references: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Values of rows.

    Attributes
    ----------
    values : shape (n, players); they add up to the score less the base of the game.
    errors : standard errors, same shape; 0 where exact.
    pairs : pairs of coalitions tried for each row, shape (n,).
    exact : all coalitions were tried.
    """

    values: Matrix
    errors: Matrix
    pairs: Ints
    exact: bool


def effort(players: int, references: int, *, evaluations: int) -> Effort:
    """Divide a budget of scored rows over coalitions and reference rows.

    Every pair is worked out with every reference row: measured on networks, leaving reference rows out of
    single pairs costs more accuracy than the pairs saved for it bring. A model too expensive for all
    reference rows is compared with fewer, to which the values and their errors then refer.

    Parameters
    ----------
    references : reference rows there are.
    evaluations : scored rows that may be spent on a row explained.
    """
    every = coalitions.pairs_of_all(players)
    fewest = min(FEWEST_REFERENCES, references)
    if players <= ENUMERATE_UP_TO and 2 * every * fewest <= 2 * evaluations:
        return Effort((every,), max(fewest, min(references, 2 * evaluations // max(1, 2 * every))))
    least = min(every, _PAIRS_A_PLAYER * players)
    # Twice the least pairs before more than a moderate number of reference rows.
    affordable, comfortable = evaluations // (2 * least), evaluations // (4 * least)
    used = max(fewest, min(references, max(comfortable, min(_MODERATE_REFERENCES, affordable))))
    pairs = max(least, min(every, evaluations // (2 * used)))
    # A stage worth stopping for is well below the next.
    earlier = {max(least, pairs // 4), max(least, pairs // 2)}
    return Effort((*sorted(stage for stage in earlier if stage <= 0.8 * pairs), pairs), used)


def estimate(game: Game, X: Matrix, scores: Vector, effort: Effort, *, seed: int = 0) -> Estimate:
    """Return Shapley values of rows.

    Parameters
    ----------
    X : rows explained, shape (n, p).
    scores : their log-odds by the game's model, shape (n,).
    """
    players = len(game.columns)
    design, solvers = _prepared(players, effort.pairs, seed)
    values, errors = np.zeros((len(X), players)), np.zeros((len(X), players))
    used = np.zeros(len(X), dtype=np.int64)
    total = scores - game.base
    for start in range(0, len(X), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        values[part], errors[part], used[part] = _grown(game, X[part], total[part], design, solvers)
    return Estimate(values, errors, used, len(design.masks) == coalitions.pairs_of_all(players))


@lru_cache(maxsize=4)
def _prepared(players: int, stages: tuple[int, ...], seed: int) -> tuple[Design, tuple[Solver, ...]]:
    """Return the coalitions and their solvers; for a single row they take as long as its scores."""
    design = coalitions.design(players, stages, seed=seed)
    return design, tuple(coalitions.solver(design, pairs) for pairs in design.stages)


def _grown(
    game: Game, X: Matrix, total: Vector, design: Design, solvers: tuple[Solver, ...]
) -> tuple[Matrix, Matrix, Ints]:
    """Add coalitions stage by stage, each time for the rows that are not settled."""
    players = design.players
    values = np.repeat(total[:, None] / players, players, axis=1)
    errors, used = np.zeros((len(X), players)), np.zeros(len(X), dtype=np.int64)
    halves = np.empty((len(X), len(design.masks)))
    left, before = np.arange(len(X)), 0
    for pairs, solver in zip(design.stages, solvers, strict=True):
        if pairs > before:
            halves[left, before:pairs] = game.differences(X[left], design.masks[before:pairs])
        values[left] = solver.values(halves[left, :pairs], total[left])
        errors[left] = solver.errors(halves[left, :pairs], values[left])
        used[left] = pairs
        left, before = left[~_settled(values[left], errors[left])], pairs
        if not len(left):
            break
    return values, errors, used


def _settled(values: Matrix, errors: Matrix) -> npt.NDArray[np.bool_]:
    """Tell for which rows the strongest reasons cannot swap places within their errors."""
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, : TOP + 1]
    size = np.take_along_axis(np.abs(values), order, axis=1)
    squared = np.take_along_axis(errors, order, axis=1) ** 2
    gap = size[:, :-1] - size[:, 1:]
    doubt = _NORMAL_95 * np.sqrt(squared[:, :-1] + squared[:, 1:])
    return np.asarray(((gap >= doubt) | (doubt <= _NEGLIGIBLE * size[:, :1])).all(axis=1))
