"""The search for the fewest and then smallest moves that turn an outcome: a beam, and a descent behind it.

Pure: it knows levers and a function that scores rows, nothing of models or data sets.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aimass_core.explain.levers import Lever

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Score = Callable[[Matrix], tuple[Vector, Vector]]
"""Rows, shape (n, p) → a guide that falls on the way to the goal, and the probability, shape (n,) each."""

WIDTHS = (6, 5, 4)
"""Sets of levers kept for two, three and four moves; beyond these one goes on with the best alone."""
MOST_COMBINED = 40
"""Levers that are combined with others, those that help most by themselves; all are tried alone."""
_POINTS = 16
_ROUNDS = 6
_SHRUNK = 6
"""Solutions of one search that are shrunk before the nearest is chosen."""
_BANS = 4
"""Searches again, at most, for ways with other levers."""
_GAIN = 1e-9


@dataclass(frozen=True)
class Point:
    """A changed row: the levers moved, with its score.

    `cost` is the distance from the row, the sum of the costs of the moves.
    """

    x: Vector
    moved: frozenset[int]
    guide: float
    probability: float
    cost: float


Shrinking = Generator[Matrix, tuple[Vector, Vector], Point]
"""Asks for scores of rows, is sent them, and ends with a point."""


@dataclass
class Search:
    """Levers of one row, and what has been scored of them.

    Attributes
    ----------
    start : the encoded row, shape (p,).
    goal : the probability must come below this.
    exact : bring each move as near to the row as possible; otherwise only the values of the levers are used.
    """

    start: Vector
    levers: list[Lever]
    score: Score
    goal: float
    exact: bool = True
    _owner: npt.NDArray[np.int64] = field(init=False)
    _values: Matrix = field(init=False)
    _mask: npt.NDArray[np.bool_] = field(init=False)
    _costs: Vector = field(init=False)
    _first: tuple[Vector, Vector] | None = field(init=False, default=None)
    _weak: frozenset[int] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        counts = [len(lever.values) for lever in self.levers]
        self._owner = np.repeat(np.arange(len(self.levers)), counts)
        self._values = np.zeros((sum(counts), len(self.start)))
        self._mask = np.zeros(self._values.shape, dtype=bool)
        at = 0
        for lever in self.levers:
            rows = slice(at, at + len(lever.values))
            self._values[rows, lever.columns] = lever.values
            self._mask[rows, lever.columns] = True
            at = rows.stop
        self._costs = np.concatenate([lever.costs for lever in self.levers]) if self.levers else np.empty(0)

    def answers(self, wanted: int) -> tuple[list[Point], Point]:
        """Return up to `wanted` ways to turn the outcome, the fewest moves first, and the best point seen.

        Each further way avoids the levers of those before it if that is possible, else one of them (diversity
        by different features, as Mothilal, Sharma & Tan 2020 ask for). A way that holds another is left out.
        """
        origin = self._point(self.start, frozenset())
        found, best = self._turned(frozenset())
        chosen: list[Point] = []
        banned: set[frozenset[int]] = set()
        pool = found
        while pool and len(chosen) < wanted:
            chosen.append(min(pool, key=lambda point: self._rank(point, chosen)))
            pool = self._apart(pool, chosen)
            if not pool and len(chosen) < wanted:
                pool = self._others(chosen, banned)
        first = sorted(chosen, key=lambda point: (len(point.moved), point.cost))
        return first, min([origin, best, *chosen], key=lambda point: (point.probability, point.guide))

    def _others(self, chosen: list[Point], banned: set[frozenset[int]]) -> list[Point]:
        """Search again without levers of the ways chosen: all of them, else one at a time."""
        bans = [frozenset(lever for point in chosen for lever in point.moved)]
        bans += [frozenset({lever}) for point in chosen for lever in self._costliest_first(point)]
        for ban in bans:
            if ban in banned or len(banned) >= _BANS:
                continue
            banned.add(ban)
            pool = self._apart(self._turned(ban, deep=False)[0], chosen)
            if pool:
                return pool
        return []

    def _apart(self, pool: Iterable[Point], chosen: list[Point]) -> list[Point]:
        return [
            point
            for point in pool
            if not any(other.moved <= point.moved or point.moved <= other.moved for other in chosen)
        ]

    def _rank(self, point: Point, chosen: list[Point]) -> tuple[float, int, float, tuple[int, ...]]:
        shared = [len(point.moved & other.moved) / len(point.moved | other.moved) for other in chosen]
        return max(shared, default=0.0), len(point.moved), point.cost, tuple(sorted(point.moved))

    def _turned(self, banned: frozenset[int], *, deep: bool = True) -> tuple[list[Point], Point]:
        """Return shrunk solutions without banned levers, none where there is none, and the best point."""
        beam = [self._point(self.start, frozenset())]
        best = beam[0]
        for depth in range(len(WIDTHS) + 1):
            reached = self._expanded(beam, banned)
            if not reached:
                break
            best = min([best, *reached], key=lambda point: (point.guide, point.cost))
            turned = [point for point in reached if point.probability < self.goal]
            if turned:
                nearest = sorted(turned, key=lambda point: (point.cost, tuple(sorted(point.moved))))
                return self._distinct(self._all_shrunk(nearest[:_SHRUNK])), best
            if depth < len(WIDTHS):
                kept = sorted(reached, key=lambda point: (point.guide, point.cost))
                beam = kept[: WIDTHS[depth]]
        if not deep:
            return [], best
        best = self._descended(best, banned)
        return (self._all_shrunk([best]) if best.probability < self.goal else []), best

    def _expanded(self, beam: list[Point], banned: frozenset[int]) -> list[Point]:
        """Return for each set of levers one move further its cheapest turned point, else its best one."""
        rows, origins = [], []
        for point in beam:
            usable = ~np.isin(self._owner, [*point.moved, *banned, *self._weak])
            moves = np.flatnonzero(usable)
            rows.append(np.where(self._mask[moves], self._values[moves], point.x))
            origins.append(moves)
        stacked = np.concatenate(rows)
        if not len(stacked):
            return []
        if len(beam) == 1 and not beam[0].moved:
            if self._first is None:
                self._first = self.score(np.where(self._mask, self._values, self.start))
                self._weak = self._weakest(self._first[0])
            guide, probability = (scored[origins[0]] for scored in self._first)
        else:
            guide, probability = self.score(stacked)
        at, found = 0, dict[frozenset[int], Point]()
        for point, moves in zip(beam, origins, strict=True):
            part = slice(at, at + len(moves))
            at = part.stop
            costs = point.cost + self._costs[moves]
            turned = probability[part] < self.goal
            owners = self._owner[moves]
            # The best move of each lever: the cheapest that turns, else the one that helps most.
            order = np.lexsort((costs, np.where(turned, costs, guide[part]), ~turned, owners))
            for i in order[np.unique(owners[order], return_index=True)[1]].tolist():
                j = part.start + i
                reached = Point(
                    stacked[j],
                    point.moved | {int(owners[i])},
                    float(guide[j]),
                    float(probability[j]),
                    float(costs[i]),
                )
                known = found.get(reached.moved)
                if known is None or self._before(reached, known):
                    found[reached.moved] = reached
        return list(found.values())

    def _weakest(self, guide: Vector) -> frozenset[int]:
        """Return the levers that help least by themselves, beyond those that are combined with others."""
        helped = [guide[self._owner == index].min() for index in range(len(self.levers))]
        return frozenset(np.argsort(helped, kind="stable")[MOST_COMBINED:].tolist())

    def _before(self, one: Point, other: Point) -> bool:
        ones, others = one.probability < self.goal, other.probability < self.goal
        if ones != others:
            return ones
        return one.cost < other.cost if ones else one.guide < other.guide

    def _descended(self, point: Point, banned: frozenset[int]) -> Point:
        """Move one lever at a time to where it helps most, until none helps or the outcome turns."""
        for _ in range(2 * len(self.levers)):
            usable = np.flatnonzero(~np.isin(self._owner, [*banned, *self._weak]))
            if not len(usable) or point.probability < self.goal:
                return point
            rows = np.where(self._mask[usable], self._values[usable], point.x)
            guide, probability = self.score(rows)
            i = int(guide.argmin())
            if not guide[i] < point.guide - _GAIN:
                return point
            moved = point.moved | {int(self._owner[usable[i]])}
            point = self._placed(rows[i], moved, float(guide[i]), float(probability[i]))
        return point

    def _all_shrunk(self, points: Sequence[Point]) -> list[Point]:
        """Shrink points side by side: what they ask about in one round is scored together."""
        done: dict[int, Point] = {}
        tasks = {i: self._shrunk(point) for i, point in enumerate(points)}
        asked: dict[int, Matrix] = {}
        answers: dict[int, tuple[Vector, Vector]] = {}
        while True:
            for i, task in list(tasks.items()):
                try:
                    asked[i] = task.send(answers[i]) if i in answers else next(task)
                except StopIteration as stop:
                    done[i] = stop.value
                    del tasks[i]
            if not tasks:
                return [done[i] for i in range(len(points))]
            guide, probability = self.score(np.concatenate([asked[i] for i in tasks]))
            at = 0
            for i in tasks:
                part = slice(at, at + len(asked[i]))
                answers[i] = guide[part], probability[part]
                at = part.stop

    def _shrunk(self, point: Point) -> Shrinking:
        """Undo moves that are not needed, then bring each that is back towards the row, in two orders."""
        point = yield from self._slimmed(point)
        if not self.exact:
            return point
        order = self._costliest_first(point)
        found = yield from self._drawn(point, order)
        if len(order) > 1:
            other = yield from self._drawn(point, order[::-1])
            found = min(found, other, key=lambda way: way.cost)
        return found

    def _slimmed(self, point: Point) -> Shrinking:
        while len(point.moved) > 1:
            order = self._costliest_first(point)
            rows = np.repeat(point.x[None], len(order), axis=0)
            for i, index in enumerate(order):
                columns = self.levers[index].columns
                rows[i, columns] = self.start[columns]
            guide, probability = yield rows
            spare = np.flatnonzero(probability < self.goal)
            if not len(spare):
                break
            i = int(spare[0])
            point = self._placed(rows[i], point.moved - {order[i]}, float(guide[i]), float(probability[i]))
        return point

    def _drawn(self, point: Point, order: list[int]) -> Shrinking:
        for index in order:
            lever = self.levers[index]
            near = self.start[lever.columns]
            for _ in range(_ROUNDS):
                values = lever.between(near, point.x[lever.columns], _POINTS)
                if not len(values):
                    break
                rows = np.repeat(point.x[None], len(values), axis=0)
                rows[:, lever.columns] = values
                guide, probability = yield rows
                turned = np.flatnonzero(probability < self.goal)
                if not len(turned):
                    near = values[-1]
                    continue
                i = int(turned[0])
                point = self._placed(rows[i], point.moved, float(guide[i]), float(probability[i]))
                near = values[i - 1] if i else near
        return point

    def _costliest_first(self, point: Point) -> list[int]:
        return sorted(point.moved, key=lambda index: (-self._cost_of(index, point.x), index))

    def _distinct(self, points: Iterable[Point]) -> list[Point]:
        found: dict[frozenset[int], Point] = {}
        for point in points:
            if point.moved not in found or point.cost < found[point.moved].cost:
                found[point.moved] = point
        kept = list(found.values())
        return [point for point in kept if not any(other.moved < point.moved for other in kept)]

    def _cost_of(self, index: int, x: Vector) -> float:
        lever = self.levers[index]
        return float(lever.cost(x[None, lever.columns])[0])

    def _placed(self, x: Vector, moved: frozenset[int], guide: float, probability: float) -> Point:
        cost = sum(self._cost_of(index, x) for index in sorted(moved))
        return Point(x, moved, guide, probability, cost)

    def _point(self, x: Vector, moved: frozenset[int]) -> Point:
        guide, probability = self.score(x[None])
        return self._placed(x, moved, float(guide[0]), float(probability[0]))
