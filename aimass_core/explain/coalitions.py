"""Which coalitions of players are tried, and how their worths become Shapley values.

Shapley values are the solution of a weighted least-squares problem over all coalitions (Charnes et al. 1988;
Lundberg & Lee, NeurIPS 2017). The leverage score of a coalition of s of n players in it is proportional to
``1 / C(n, s)``: every size gets the same number of coalitions (Musco & Witter, "Provably Accurate Shapley
Value Estimation via Leverage Score Sampling", ICLR 2025). Coalitions are drawn without replacement, each with
its complement: a pair says ``(v(z) - v(not z)) / 2``, in which what the values do not depend on cancels.
The coalitions do not depend on the row explained, so one pseudo-inverse solves for all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Design:
    """Pairs of coalitions in the order they are tried.

    Attributes
    ----------
    masks : shape (pairs, players); True where the player is in. The other of the pair is its complement.
    sizes : number of players in, at most half of them; shape (pairs,).
    stages : numbers of pairs after which values can be worked out, ascending.
    """

    masks: Bools
    sizes: Ints
    stages: tuple[int, ...]

    @property
    def players(self) -> int:
        """Number of players."""
        return int(self.masks.shape[1])


@dataclass(frozen=True, slots=True)
class Solver:
    """From worths of the first pairs of a design to values.

    Attributes
    ----------
    signs : +½ where a player is in the coalition, −½ where not; shape (pairs, players).
    gain : ``values = total / players + gain @ (halves - signs @ total / players)``; shape (players, pairs).
    leverage : how much each pair decides its own fitted worth, 0 to 1; shape (pairs,).
    chance : chance of each pair to have been drawn; 1 where all of its size were.
    """

    signs: Matrix
    gain: Matrix
    leverage: Vector
    chance: Vector

    def values(self, halves: Matrix, total: Vector) -> Matrix:
        """Return values, shape (n, players), that add up to `total`.

        Parameters
        ----------
        halves : ``(v(z) - v(not z)) / 2`` of each row and pair, shape (n, pairs).
        total : worth of all players less that of none, shape (n,).
        """
        players = self.signs.shape[1]
        share = np.repeat(total[:, None] / players, players, axis=1)
        return share + (halves - share @ self.signs.T) @ self.gain.T

    def errors(self, halves: Matrix, values: Matrix) -> Matrix:
        """Return standard errors of values, shape (n, players).

        What a pair misses its fitted worth by, each judged without itself (the jackknife in closed form,
        MacKinnon & White 1985), counts as far as the pair was drawn by chance.
        """
        missed = (halves - values @ self.signs.T) / (1.0 - self.leverage)
        return np.asarray(np.sqrt(((1.0 - self.chance) * missed**2) @ (self.gain**2).T))


def pairs_of_all(players: int) -> int:
    """Return how many pairs there are."""
    return max(0, int(2 ** (players - 1)) - 1)


def design(players: int, stages: Sequence[int], *, seed: int) -> Design:
    """Return the coalitions of a seed; those of a stage contain those of the stage before.

    Parameters
    ----------
    stages : pairs wanted after each stage; where there are no more, all are taken.
    """
    counts: list[dict[int, int]] = []
    for wanted in stages:
        shared = _shares(players, wanted)
        before = counts[-1] if counts else {}
        counts.append({size: max(count, before.get(size, 0)) for size, count in shared.items()})
    random = np.random.default_rng(seed)
    last = counts[-1] if counts else {}
    drawn = {size: _drawn(players, size, count, random) for size, count in last.items() if count}
    masks, sizes, ends = [np.zeros((0, players), dtype=bool)], [np.zeros(0, dtype=np.int64)], []
    for stage, shared in enumerate(counts):
        for size, count in shared.items():
            first = counts[stage - 1][size] if stage else 0
            if count > first:
                masks.append(drawn[size][first:count])
                sizes.append(np.full(count - first, size, dtype=np.int64))
        ends.append(sum(len(part) for part in masks))
    return Design(np.concatenate(masks), np.concatenate(sizes), tuple(dict.fromkeys(ends)))


def solver(design: Design, pairs: int) -> Solver:
    """Return the solver of a design's first pairs."""
    players = design.players
    signs: Matrix = np.where(design.masks[:pairs], 0.5, -0.5)
    sizes = design.sizes[:pairs]
    if not pairs:
        return Solver(signs, np.zeros((players, 0)), np.zeros(0), np.zeros(0))
    drawn = np.bincount(sizes, minlength=players // 2 + 1)
    chance = np.array([drawn[size] / _all_pairs(players, size) for size in sizes.tolist()])
    # The kernel's weight of a pair, 2 / (C(n, s) s (n - s)), over its chance.
    halved = np.where(2 * sizes == players, 0.5, 1.0)
    weight = halved / (sizes * (players - sizes) * drawn[sizes])
    root = np.sqrt(weight / weight.max())
    centred = signs - signs.mean(axis=1, keepdims=True)  # values of equal sum: efficiency by projection
    scaled = root[:, None] * centred
    inverse = np.linalg.pinv(scaled, rcond=_RANK_TOLERANCE)
    gain = inverse * root
    leverage = np.einsum("ij,ji->i", scaled, inverse)
    return Solver(signs, gain, np.clip(leverage, 0.0, 0.95), chance)


def _all_pairs(players: int, size: int) -> int:
    """Return how many pairs have a smaller coalition of that size."""
    return comb(players, size) // 2 if 2 * size == players else comb(players, size)


def _shares(players: int, wanted: int) -> dict[int, int]:
    """Return how many pairs of each size to take: the same of each, no more than there are."""
    limits = {size: _all_pairs(players, size) for size in range(1, players // 2 + 1)}
    # A pair of unequal sizes covers two sizes, one of equal sizes only one.
    parts = {size: 0.5 if 2 * size == players else 1.0 for size in limits}
    left = min(wanted, sum(limits.values()))
    taken = dict.fromkeys(limits, 0)
    open_sizes = list(limits)
    while left > 0 and open_sizes:
        level = left / sum(parts[size] for size in open_sizes)
        full = [size for size in open_sizes if limits[size] - taken[size] <= level * parts[size]]
        if full:
            for size in full:
                left -= limits[size] - taken[size]
                taken[size] = limits[size]
            open_sizes = [size for size in open_sizes if size not in full]
            continue
        for size in open_sizes:
            taken[size] += int(level * parts[size])
        left -= sum(int(level * parts[size]) for size in open_sizes)
        for size in open_sizes[:left]:  # what whole numbers leave over goes to the small coalitions
            taken[size] += 1
        break
    return taken


def _drawn(players: int, size: int, count: int, random: np.random.Generator) -> Bools:
    """Return different coalitions of one size, in any stretch of which players occur about equally often."""
    if 2 * count > _all_pairs(players, size):
        every = np.array(list(_every(players, size)), dtype=np.int64)
        masks = np.zeros((len(every), players), dtype=bool)
        np.put_along_axis(masks, every, True, axis=1)
        return masks[random.permutation(len(masks))[:count]]
    found: dict[bytes, Bools] = {}
    while len(found) < count:
        order = random.permutation(players)
        for start in range(0, players - size + 1, size):
            mask = np.zeros(players, dtype=bool)
            mask[order[start : start + size]] = True
            if 2 * size == players and not mask[0]:
                mask = ~mask
            found.setdefault(mask.tobytes(), mask)
    return np.array(list(found.values()))[:count]


def _every(players: int, size: int) -> Iterator[tuple[int, ...]]:
    if 2 * size < players:
        yield from combinations(range(players), size)
    else:  # of a coalition and its complement, the one with the first player
        for others in combinations(range(1, players), size - 1):
            yield (0, *others)
