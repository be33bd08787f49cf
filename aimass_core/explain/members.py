"""What an estimator offers for its explanation: closed forms, trees, or only its scores.

Nothing here asks for the family: an ensemble that is a weighted sum of its members' log-odds says so by
`affine_members`, a model with points by `points` and `contributions`, trees by `booster_`. All else is a
function of the matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from aimass_core.explain.game import Differences, MixedRows

Matrix = npt.NDArray[np.float64]
Players = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Members:
    """An estimator as a weighted sum: ``intercept + Σ weight · member.log_odds``.

    Attributes
    ----------
    additive, trees, functions : its members by how they are explained, each with its weight.
    """

    intercept: float
    additive: tuple[tuple[float, Any], ...]
    trees: tuple[tuple[float, Any], ...]
    functions: tuple[tuple[float, Any], ...]

    @classmethod
    def of(cls, estimator: Any) -> Members:
        """Take an estimator apart; one that is no ensemble is its own only member."""
        intercept, leaves = _leaves(estimator)
        kinds: dict[str, list[tuple[float, Any]]] = {"additive": [], "trees": [], "functions": []}
        for weight, leaf in leaves:
            kinds[_kind(leaf)].append((weight, leaf))
        return cls(intercept, *(tuple(kinds[kind]) for kind in ("additive", "trees", "functions")))

    @property
    def only(self) -> Any | None:
        """The member when there is just one and it is the estimator itself, else None."""
        found = (*self.additive, *self.trees, *self.functions)
        plain = len(found) == 1 and found[0][0] == 1.0 and self.intercept == 0.0
        return found[0][1] if plain else None

    def score_functions(self, X: Matrix) -> Matrix:
        """Return the weighted sum of the functions' log-odds, shape (n,)."""
        return np.asarray(sum(weight * member.log_odds(X) for weight, member in self.functions))


def differences(estimator: Any, reference: Matrix, columns: Players) -> Differences:
    """Return the fastest way to half-differences that an estimator offers."""
    if hasattr(estimator, "log_odds_of_depths"):
        from aimass_core.explain.bent_trees import BentTrees

        return BentTrees.of(estimator, reference, columns)
    if not hasattr(estimator, "network_log_odds"):
        return MixedRows(estimator.log_odds, reference, columns)
    from aimass_core.explain.networks import MixedInputs, MixedTokens, SplitFirstLayer

    kept = _kept.setdefault(estimator, [])
    for seen, players, found in kept:
        if players == columns and np.array_equal(seen, reference, equal_nan=True):
            return found
    made: Differences
    if hasattr(estimator.network_, "after_first_layer"):
        made = SplitFirstLayer.of(estimator, reference, columns)
    elif hasattr(estimator.network_, "after_tokens"):
        made = MixedTokens.of(estimator, reference, columns)
    else:
        return MixedInputs.of(estimator, reference, columns)  # holds the estimator, so it is not kept
    kept.append((reference, columns, made))
    del kept[:-_KEPT]
    return made


_KEPT = 3
"""Sets of reference rows whose halves are kept for each estimator: as many as there are references."""

_kept: WeakKeyDictionary[Any, list[tuple[Matrix, Players, Differences]]] = WeakKeyDictionary()

_DENSE_FLOPS_A_SECOND, _DENSE_OVERHEAD = 6e10, 0.25e-6
"""Of dense layers in single precision; the overhead is that of a member of a network."""
_FLOPS_A_SECOND, _OVERHEAD = 1e10, 1.5e-6
_SECONDS_A_TREE = 6e-9
_UNKNOWN_SECONDS = 10e-6

_seconds: WeakKeyDictionary[Any, float] = WeakKeyDictionary()


def seconds_a_score(functions: Sequence[tuple[float, Any]], width: int) -> float:
    """Return what one more scored row costs on a plain processor core, in nominal seconds.

    Counted from the operations of the model, not timed: the same model gets the same effort, and so the same
    values, on every machine.
    """
    total = 0.0
    for _, member in functions:
        if member not in _seconds:
            _seconds[member] = _nominal(member, width)
        total += _seconds[member]
    return total


def _nominal(estimator: Any, width: int) -> float:
    if hasattr(estimator, "log_odds_of_depths"):
        return _SECONDS_A_TREE * len(estimator.forest.roots)
    network: Any = getattr(estimator, "network_", None)
    if hasattr(network, "after_first_layer"):
        after = network.after_first_layer()
        return _DENSE_OVERHEAD * len(after.head) + float(after.operations) / _DENSE_FLOPS_A_SECOND
    counted = _operations(estimator, width)
    return _OVERHEAD + counted / _FLOPS_A_SECOND if counted else _UNKNOWN_SECONDS


def _operations(estimator: Any, width: int) -> float:
    """Return the floating-point operations of one row as far as torch counts them; 0 where it does not."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    rows = np.zeros((4, width))
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        estimator.log_odds(rows)
    return float(counter.get_total_flops()) / len(rows)


def _leaves(estimator: Any) -> tuple[float, list[tuple[float, Any]]]:
    if not hasattr(estimator, "affine_members"):
        return 0.0, [(1.0, estimator)]
    intercept = float(estimator.affine_intercept)
    found: list[tuple[float, Any]] = []
    for weight, member in estimator.affine_members():
        inner, leaves = _leaves(member)
        intercept += weight * inner
        found += [(weight * share, leaf) for share, leaf in leaves]
    return intercept, found


def _kind(estimator: Any) -> str:
    if hasattr(estimator, "points") and hasattr(estimator, "contributions"):
        return "additive"
    return "trees" if hasattr(estimator, "booster_") else "functions"
