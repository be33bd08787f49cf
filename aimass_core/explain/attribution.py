"""Values of one estimator's raw log-odds against reference rows, by the best means it offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from aimass_core.device import on_one_thread
from aimass_core.explain import leverage, trees
from aimass_core.explain.forest import Forest
from aimass_core.explain.game import Game, WeightedSum
from aimass_core.explain.members import Members, Players, differences, seconds_a_score
from aimass_core.explain.path_trees import PathTables

Matrix = npt.NDArray[np.float64]
Thoroughness = Literal["row", "batch"]

REFERENCE_ROWS = 100
"""Reference rows that trees, and functions cheap enough, are compared with."""
_SECONDS: dict[Thoroughness, float] = {"row": 0.055, "batch": 0.03}
_MOST: dict[Thoroughness, int] = {"row": 40_000, "batch": 8_000}


@dataclass(frozen=True, slots=True)
class Attribution:
    """Values and their standard errors, shape (n, players), what they start from, and how they were found."""

    values: Matrix
    errors: Matrix
    base: float
    method: str


def effort(members: Members, players: int, width: int, thoroughness: Thoroughness) -> leverage.Effort | None:
    """Return how much is tried for one row; None where nothing needs trying."""
    if not members.functions:
        return None
    cost = seconds_a_score(members.functions, width)
    evaluations = min(_MOST[thoroughness], int(_SECONDS[thoroughness] / cost))
    return leverage.effort(players, REFERENCE_ROWS, evaluations=evaluations)


def seconds_a_row(members: Members, players: int, width: int, thoroughness: Thoroughness) -> float:
    """Return about how long one row takes on a plain processor core."""
    tried = effort(members, players, width, thoroughness)
    found = 2e-5 * len(members.additive) + 5e-4 * len(members.trees)
    if tried is not None:
        found += 2 * tried.pairs[-1] * tried.references * seconds_a_score(members.functions, width)
    return found


def attribute(
    members: Members,
    X: Matrix,
    reference: Matrix,
    columns: Players,
    tried: leverage.Effort | None,
    *,
    seed: int,
) -> Attribution:
    """Explain the weighted sum of an estimator's members, all against the same reference rows.

    Points and trees are exact. All functions are one game, so that the errors are those of their sum.

    Parameters
    ----------
    X : rows explained, shape (n, p). reference : rows compared with, shape (m, p).
    columns : matrix columns of each player.
    tried : effort for the functions, as :func:`effort` returns it.
    """
    values, errors = np.zeros((len(X), len(columns))), np.zeros((len(X), len(columns)))
    base, methods = members.intercept, []
    for weight, member in members.additive:
        found, start = member.contributions(X, reference)
        values += weight * grouped(np.asarray(found), columns)
        base += weight * float(start)
        methods.append("exact: points less their mean")
    for weight, member in members.trees:
        found, start = trees.interventional(forest(member, columns), X, reference)
        values += weight * found
        base += weight * start
        methods.append("exact: interventional TreeSHAP")
    if members.functions and tried is not None:
        parts = tuple(
            (weight, differences(member, reference, columns)) for weight, member in members.functions
        )
        game = Game.of(members.score_functions, reference, columns, differences=WeightedSum(parts))
        with on_one_thread():
            estimated = leverage.estimate(game, X, members.score_functions(X), tried, seed=seed)
        values += estimated.values
        errors += estimated.errors
        base += game.base
        methods.append(
            "exact: all coalitions of features"
            if estimated.exact
            else f"estimated: up to {tried.pairs[-1]:,} pairs of coalitions by leverage scores, "
            "with standard errors"
        )
    return Attribution(values, errors, base, "; ".join(dict.fromkeys(methods)))


def grouped(values: Matrix, columns: Players) -> Matrix:
    """Add up the matrix columns of each player."""
    return np.column_stack([values[:, list(found)].sum(axis=1) for found in columns])


MANY_ROWS = 1_000
"""Rows from which tables of all patterns are worth their making."""

_tables: WeakKeyDictionary[Any, PathTables | None] = WeakKeyDictionary()


def path_dependent(estimator: Any, X: Matrix) -> tuple[Matrix, float]:
    """Return path-dependent contributions of trees, shape (n, p), and their base; the same for few and many.

    LightGBM's own for few rows; for many the same from tables, several times as fast.
    """
    if len(X) >= MANY_ROWS and estimator not in _tables:
        every = tuple((j,) for j in range(X.shape[1]))
        _tables[estimator] = PathTables.of(Forest.of(estimator.booster_.dump_model(), every))
    tables = _tables.get(estimator) if len(X) >= MANY_ROWS else None
    if tables is not None:
        return tables.contributions(X), tables.base
    values, base = estimator.contributions(X)
    return np.asarray(values), float(base)


_forests: WeakKeyDictionary[Any, tuple[Players, Forest]] = WeakKeyDictionary()


def forest(estimator: Any, columns: Players) -> Forest:
    """Return the trees of an estimator, read once: reading them takes longer than explaining a row."""
    found = _forests.get(estimator)
    if found is None or found[0] != columns:
        found = _forests[estimator] = (columns, Forest.of(estimator.booster_.dump_model(), columns))
    return found[1]
