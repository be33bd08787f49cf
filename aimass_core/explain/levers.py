"""What can be moved in one row under change rules: columns and linked ones, with values and costs.

Everything here is in encoded columns (:class:`aimass_core.features.encoder.Encoder`), before cleaning steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimass_core.explain.recourse_rules import ChangeRules, Link, Rule

if TYPE_CHECKING:
    from aimass_core.features.encoder import Encoder

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_VALUES = 16
"""Values of a number that are tried at first; the nearest one that turns the outcome is then searched."""
MOST_LABELS = 40
_ON_GRID = 0.95
"""Share of the known values that must be multiples of a power of ten for it to be the grid of a column."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One column of the row: where it stands, where it may go, and what a unit of change is.

    Attributes
    ----------
    before : the row's value; NaN when missing.
    low, high : values it may change to; the observed range, or what the rule says.
    step : changed values are multiples of this.
    middle, scale : median of the observed values, and their median absolute deviation from it.
    label : the values are codes of labels, or true and false: any change counts 1.
    """

    column: int
    rule: Rule
    before: float
    low: float
    high: float
    step: float
    middle: float
    scale: float
    label: bool
    tried: Vector

    def cost(self, values: Vector) -> Vector:
        """Return what changing to each value costs, in deviations; 0 for the row's own value, shape (m,)."""
        if self.label:
            return np.asarray(values != self.before, dtype=np.float64)
        if math.isnan(self.before):
            found = 1 + np.abs(values - self.middle) / self.scale
            return np.asarray(np.where(np.isnan(values), 0.0, found))
        return np.asarray(np.abs(values - self.before) / self.scale)

    def ok(self, values: Vector) -> Bools:
        """Return which values the column may change to (its own value counts as a change that is fine)."""
        inside = (values >= self.low) & (values <= self.high)
        if self.rule.whole and not self.label:
            inside &= values == np.round(values)
        if math.isnan(self.before):
            return np.asarray(inside & self.rule.fill) | np.isnan(values)
        if self.rule.may == "up":
            inside &= values > self.before
        elif self.rule.may == "down":
            inside &= values < self.before
        elif self.rule.may == "immutable":
            inside &= False
        return np.asarray(inside | (values == self.before))

    def snapped(self, values: Vector) -> Vector:
        """Return the nearest multiples of the step."""
        return np.round(np.round(values / self.step) * self.step, 10)


@dataclass(frozen=True, slots=True)
class Lever:
    """One column, or linked columns, that move together; `kind` says how.

    `values` are what is tried, shape (k, columns); `costs` what each costs, shape (k,).
    """

    kind: str
    axes: tuple[Axis, ...]
    values: Matrix
    costs: Vector

    @property
    def columns(self) -> list[int]:
        """The matrix columns it moves."""
        return [axis.column for axis in self.axes]

    @property
    def before(self) -> Vector:
        """The row's own values of these columns."""
        return np.array([axis.before for axis in self.axes])

    def cost(self, values: Matrix) -> Vector:
        """Return what moving to each row of values costs, shape (m,)."""
        return np.asarray(sum(axis.cost(values[:, i]) for i, axis in enumerate(self.axes)))

    def between(self, start: Vector, end: Vector, count: int) -> Matrix:
        """Return about `count` values on the way from one value to another, both left out, in this order.

        Labels, and values that were missing, have no way between.
        """
        first = self.axes[0]
        if first.label or np.isnan(start).any() != np.isnan(end).any() or math.isnan(start[0]):
            return np.empty((0, len(self.axes)))
        shares = np.linspace(0, 1, count + 2)[1:-1, None]
        found = self._rounded(start + shares * (end - start))
        ok = np.all([axis.ok(found[:, i]) for i, axis in enumerate(self.axes)], axis=0)
        lead = self._lead(start, end)
        low, high = sorted((start[lead], end[lead]))
        ok &= (found[:, lead] > low) & (found[:, lead] < high)
        found = found[ok]
        return found[np.sort(np.unique(found[:, lead], return_index=True)[1])]

    def _lead(self, start: Vector, end: Vector) -> int:
        """Return the column in which the way is longest, compared with its step."""
        length = np.abs(end - start) / [axis.step for axis in self.axes]
        return int(np.nan_to_num(length, nan=-1.0).argmax())

    def _rounded(self, values: Matrix) -> Matrix:
        if self.kind == "number":
            return self.axes[0].snapped(values)
        before = self.before
        if self.kind == "shift":
            lead = max(range(len(self.axes)), key=lambda i: self.axes[i].step)
            return shifted(self.axes, (values[:, lead] - before[lead]))
        lead = int(np.nan_to_num(np.abs(before), nan=0.0).argmax())
        return scaled(self.axes, values[:, lead] / before[lead])


def shifted(axes: Sequence[Axis], shifts: Vector) -> Matrix:
    """Return the columns after shifts on the coarsest of their grids, shape (m, columns)."""
    step = max(axis.step for axis in axes)
    steps = np.round(np.round(shifts / step) * step, 10)
    return np.round(np.array([axis.before for axis in axes]) + steps[:, None], 10)


def scaled(axes: Sequence[Axis], factors: Vector) -> Matrix:
    """Return the columns times each factor, whole or to six significant digits, shape (m, columns)."""
    found = factors[:, None] * np.array([axis.before for axis in axes])
    for i, axis in enumerate(axes):
        if axis.rule.whole:
            found[:, i] = np.round(found[:, i])
        else:
            found[:, i] = [float(f"{value:.6g}") for value in found[:, i]]
    return np.asarray(found)


def levers(encoder: Encoder, pool: Matrix, row: Vector, rules: ChangeRules) -> list[Lever]:
    """Return everything that may move in a row.

    Parameters
    ----------
    pool : observed rows, shape (m, at least p); they give ranges, grids and deviations.
    row : the encoded row, shape (p,).
    rules : what may change.
    """
    axes = {
        column.name: _axis(encoder, j, pool[:, j], float(row[j]), rules.of(column.name))
        for j, column in enumerate(encoder.columns)
    }
    linked = {name for link in rules.links for name in link.columns}
    found = [_single(axis) for name, axis in axes.items() if name not in linked]
    found += [_linked([axes[name] for name in link.columns if name in axes], link) for link in rules.links]
    return [lever for lever in found if len(lever.values)]


def _axis(encoder: Encoder, j: int, observed: Vector, before: float, rule: Rule) -> Axis:
    kind = encoder.columns[j].kind
    known = observed[~np.isnan(observed)]
    if kind == "category":
        labels = len(encoder.labels[encoder.columns[j].name])
        codes = np.arange(labels, dtype=np.float64)
        counts = np.array([(known == code).sum() for code in codes]) if labels > MOST_LABELS else codes * 0
        tried = np.sort(codes[np.argsort(-counts, kind="stable")[:MOST_LABELS]])
        return Axis(j, rule, before, 0.0, labels - 1.0, 1.0, 0.0, 1.0, True, tried)
    if kind == "boolean":
        low, high = max(0.0, rule.low or 0.0), min(1.0, 1.0 if rule.high is None else rule.high)
        return Axis(j, rule, before, low, high, 1.0, 0.0, 1.0, True, np.array([0.0, 1.0]))
    if not len(known):
        known = np.array([before if not math.isnan(before) else 0.0])
    low = float(known.min()) if rule.low is None else rule.low
    high = float(known.max()) if rule.high is None else rule.high
    middle = float(np.median(known))
    step = grid(known)
    if rule.whole:
        step = step if step >= 1 else 1.0
        low, high = math.ceil(low), math.floor(high)
    axis = Axis(j, rule, before, low, high, step, middle, spread(known), False, np.empty(0))
    values = np.unique(known)
    if len(values) > MOST_VALUES:
        values = np.quantile(known, np.linspace(0, 1, MOST_VALUES + 1))
    values = np.unique([*axis.snapped(values), low, high])
    return Axis(j, rule, before, low, high, step, middle, axis.scale, False, values)


def _single(axis: Axis) -> Lever:
    values = axis.tried[axis.ok(axis.tried) & (axis.tried != axis.before)]
    return Lever("label" if axis.label else "number", (axis,), values[:, None], axis.cost(values))


def _linked(axes: Sequence[Axis], link: Link) -> Lever:
    moving = tuple(axis for axis in axes if not math.isnan(axis.before))
    if link.kind == "ratio":
        moving = tuple(axis for axis in moving if axis.before != 0)
    # One column that cannot move holds the others; missing values and zeros stay as they are.
    if not moving or any(axis.rule.may == "immutable" for axis in axes):
        return Lever(link.kind, moving, np.empty((0, len(moving))), np.empty(0))
    if link.kind == "shift":
        amounts = np.unique(np.concatenate([axis.tried - axis.before for axis in moving]))
        values = shifted(moving, amounts)
    else:
        values = scaled(moving, np.unique(np.concatenate([axis.tried / axis.before for axis in moving])))
    before = np.array([axis.before for axis in moving])
    ok = np.all([axis.ok(values[:, i]) for i, axis in enumerate(moving)], axis=0)
    values = np.unique(values[ok & (values != before).any(axis=1)], axis=0)
    if link.kind == "ratio":
        # All columns must move, also after rounding, or the factor would not be the same.
        values = values[[_same_factor(moving, row) for row in values]] if len(values) else values
    if len(values) > 2 * MOST_VALUES:
        values = values[np.unique(np.linspace(0, len(values) - 1, 2 * MOST_VALUES).astype(int))]
    lever = Lever(link.kind, moving, values, np.empty(0))
    return Lever(link.kind, moving, values, lever.cost(values) if len(values) else np.empty(0))


def _same_factor(axes: Sequence[Axis], values: Vector) -> bool:
    rules = ChangeRules(
        rules=tuple(axis.rule for axis in axes),
        links=(Link(columns=tuple(axis.rule.column for axis in axes), kind="ratio"),)
        if len(axes) > 1
        else (),
    )
    before = {axis.rule.column: axis.before for axis in axes}
    after = {axis.rule.column: float(value) for axis, value in zip(axes, values, strict=True)}
    return not rules.broken(before, after)


def grid(known: Vector) -> float:
    """Return the largest power of ten of which nearly all values are multiples.

    Values without one get a grid of a thousandth of their typical deviation, rounded down to a power of ten.
    """
    values = np.unique(known)
    if not (values != 0).any():
        return 1.0
    for power in range(6, -7, -1):
        steps = known / 10.0**power
        near = np.abs(steps - np.round(steps)) <= 1e-6 * np.maximum(1, np.abs(steps))
        # a grid coarser than the values themselves would know only one of them
        if near.mean() >= _ON_GRID and np.ptp(steps) >= 2:
            return float(10.0**power)
    return float(10.0 ** math.floor(math.log10(spread(known) / 1_000)))


def spread(known: Vector) -> float:
    """Return the median absolute deviation from the median, the unit of change of a number.

    Where most values are the same it is 0, and the mean absolute deviation is taken, then 1. A distance is
    the sum of changes in these units (Wachter, Mittelstadt & Russell 2018, "Counterfactual explanations
    without opening the black box", section on distances).
    """
    away = np.abs(known - np.median(known))
    return float(np.median(away) or away.mean() or 1.0)
