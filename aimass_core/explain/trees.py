"""Exact Shapley values of trees against reference rows.

For one row and one reference row a leaf is reached by a coalition when every feature on its path passes with
the value it takes from the coalition. Features that only the row passes must be in, those that only the
reference row passes must be out; so a leaf is a unanimity-like game with a closed form (Lundberg et al. 2020,
"interventional" TreeSHAP; Laberge & Pequignot 2022). Only where row and reference row part are both ways
walked, so most leaves are never visited. shap's own implementation does not read LightGBM's category splits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from aimass_core.explain.compiled import compiled
from aimass_core.explain.forest import Forest

Matrix = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_ROWS_AT_ONCE = 1_024


def interventional(forest: Forest, X: Matrix, reference: Matrix) -> tuple[Matrix, float]:
    """Return exact Shapley values against reference rows.

    Parameters
    ----------
    forest : the trees with their players.
    X : rows to explain, shape (n, p).
    reference : rows to compare with, shape (m, p).

    Returns
    -------
    values : shape (n, players), log-odds.
    base : mean log-odds of the reference rows.
    """
    gain, loss = _weights(min(forest.depth, forest.players))
    theirs = np.ascontiguousarray(forest.goes_left(reference).T)
    tree = (forest.roots, forest.left, forest.right, forest.player, forest.value)
    parts = []
    for start in range(0, len(X), _ROWS_AT_ONCE):
        mine = np.ascontiguousarray(forest.goes_left(X[start : start + _ROWS_AT_ONCE]).T)
        parts.append(_explained(mine, theirs, *tree, gain, loss, forest.players))
    values = np.concatenate([np.zeros((0, forest.players)), *parts])
    return values / len(reference), float(_scores(theirs, *tree).mean())


def _weights(depth: int) -> tuple[Matrix, Matrix]:
    """Shapley weights of a leaf with a features that must be in and b that must be out.

    ``(a-1)! b! / (a+b)!`` for one that must be in, ``a! (b-1)! / (a+b)!`` for one that must be out.
    """
    a, b = np.meshgrid(np.arange(depth + 1.0), np.arange(depth + 1.0), indexing="ij")
    whole = gammaln(a + b + 1)
    gain = np.where(a > 0, np.exp(gammaln(np.maximum(a, 1)) + gammaln(b + 1) - whole), 0.0)
    loss = np.where(b > 0, np.exp(gammaln(a + 1) + gammaln(np.maximum(b, 1)) - whole), 0.0)
    return gain, loss


@compiled
def _scores(goes: Bools, roots: Ints, left: Ints, right: Ints, player: Ints, value: Matrix) -> Matrix:
    found = np.zeros(len(goes))
    for i in range(len(goes)):
        for root in roots:
            node = root
            while left[node] >= 0:
                node = left[node] if goes[i, node] else right[node]
            found[i] += value[node]
    return found


@compiled
def _explained(
    mine: Bools,
    theirs: Bools,
    roots: Ints,
    left: Ints,
    right: Ints,
    player: Ints,
    value: Matrix,
    gain: Matrix,
    loss: Matrix,
    players: int,
) -> Matrix:
    """Add up the values of each row over all trees and reference rows."""
    found = np.zeros((len(mine), players))
    room = len(gain) + 2
    side = np.zeros(players, dtype=np.int64)  # 0 open, 1 must be in, 2 must be out
    path = np.empty(room, dtype=np.int64)
    later = np.empty(room, dtype=np.int64)  # nodes to come back to, where the reference row parts
    later_length = np.empty(room, dtype=np.int64)
    for i in range(len(mine)):
        for b in range(len(theirs)):
            for root in roots:
                node, length, waiting = root, 0, 0
                while True:
                    while left[node] >= 0:
                        mine_left, theirs_left = mine[i, node], theirs[b, node]
                        k = player[node]
                        goes = mine_left
                        if mine_left != theirs_left:
                            if side[k] == 2:
                                goes = theirs_left
                            elif side[k] == 0:
                                later[waiting] = left[node] if theirs_left else right[node]
                                later_length[waiting] = length
                                waiting += 1
                                side[k] = 1
                                path[length] = k
                                length += 1
                        node = left[node] if goes else right[node]
                    ins = 0
                    for place in range(length):
                        if side[path[place]] == 1:
                            ins += 1
                    up, down = value[node] * gain[ins, length - ins], value[node] * loss[ins, length - ins]
                    for place in range(length):
                        if side[path[place]] == 1:
                            found[i, path[place]] += up
                        else:
                            found[i, path[place]] -= down
                    if waiting == 0:
                        break
                    waiting -= 1
                    node = later[waiting]
                    # Back to where the ways parted; from there the reference row is followed.
                    while length > later_length[waiting] + 1:
                        length -= 1
                        side[path[length]] = 0
                    side[path[length - 1]] = 2
                for place in range(length):
                    side[path[place]] = 0
    return found
