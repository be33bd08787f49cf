"""The nearest changes of a row that turn its outcome under change rules, or why there are none.

A row is changed as it came in, and every answer is scored again through the whole bundle (repairs, encoder,
steps, model, calibrator) before it is given. What is nearest: fewest changes first, then the sum of the
changes, each in median absolute deviations of the data (Wachter, Mittelstadt & Russell 2018); several answers
use different features (Mothilal, Sharma & Tan 2020). The same row and rules always get the same answers.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import expit

from aimass_core.errors import SettingsError
from aimass_core.explain.levers import Lever, levers
from aimass_core.explain.recourse_rules import ChangeRules, Rule
from aimass_core.explain.turning import Point, Score, Search

if TYPE_CHECKING:
    from aimass_core.bundle import Bundle, Prepared
    from aimass_core.features.encoder import Encoder

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Prepare = Callable[[Sequence[Mapping[str, Any]]], "Prepared"]
"""Changes of raw values by column, one mapping a row → the changed rows as the bundle prepares them."""
Value = str | int | float | bool | dt.datetime | dt.date | None

MOST_ANSWERS = 10
_EPOCH = dt.datetime(1970, 1, 1)
_MARGIN = 1e-6
"""Relative room left below the goal, so that a score rounded otherwise elsewhere still turns."""


class Change(BaseModel):
    """One value that would have to be another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str = Field(description="Name of the column.")
    before: Value = Field(description="Value as it came in.")
    after: Value = Field(description="Value it would have to be, as it would have to come in.")
    before_text: str = Field(description="The value now, for people.")
    after_text: str = Field(description="The value it would have to be, for people.")
    by: float | None = Field(description="Difference of numbers (days for dates); none for labels.")


class Counterfactual(BaseModel):
    """One set of changes after which the outcome is another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes: tuple[Change, ...] = Field(description="What would have to change, the largest change first.")
    probability: float = Field(description="Probability of the bad class after the changes, 0–1.")
    outcome: str = Field(description="Outcome after the changes.")
    distance: float = Field(
        description="Sum of the changes in median absolute deviations of the data; another label counts 1."
    )


class Impossible(BaseModel):
    """Why no allowed change turns the outcome."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(description="In words.")
    best: float = Field(description="Lowest probability reached by allowed changes, 0–1.")
    blocked: tuple[str, ...] = Field(description="Columns that would have to move against their rules.")


class Turned(BaseModel):
    """The answer to "what would turn it?"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["passes", "turned", "impossible"] = Field(
        description="It passes already, these changes would turn it, or no allowed change does."
    )
    probability: float = Field(description="Probability of the bad class as the row is, 0–1.")
    outcome: str = Field(description="Outcome as the row is.")
    goal: float = Field(description="Probability below which the row passes, 0–1.")
    answers: tuple[Counterfactual, ...] = Field(default=(), description="Fewest changes first, then nearest.")
    impossible: Impossible | None = Field(default=None, description="Why there is no answer.")


def turn(
    bundle: Bundle,
    prepare: Prepare,
    raw: Mapping[str, Any],
    *,
    goal: float,
    rules: ChangeRules,
    outcome: Callable[[float], str],
    wanted: int = 4,
) -> Turned:
    """Return the nearest changes that bring a row's probability below the goal.

    Parameters
    ----------
    prepare : applies changes to the raw row and prepares it; `prepare([{}])` is the row as it is.
    raw : the raw row, for the values that the answers quote.
    goal : probability of the bad class below which the row passes, above 0 and at most 1.
    rules : what may change.
    outcome : probability → outcome, in words of the policy.
    wanted : most answers, 1 to 10.

    Raises
    ------
    DataError
        When a column is absent or a value of the row does not fit.
    SettingsError
        When the goal or the number of answers is out of range, or a rule does not fit the columns.
    """
    if not 0 < goal <= 1:
        raise SettingsError(
            "the probability to come below must be above 0 and at most 1",
            f"it is {goal:g}",
            "With a cut-off of 0 nothing passes: set a policy with a higher one",
        )
    if not 1 <= wanted <= MOST_ANSWERS:
        raise SettingsError(f"1 to {MOST_ANSWERS} answers can be asked for", f"{wanted} came")
    rules = rules.within(bundle.input_columns).checked(bundle.input_columns)
    now = prepare([{}])
    probability = float(bundle.score_prepared(now.X).probability[0])
    if probability < goal:
        return Turned(status="passes", probability=probability, outcome=outcome(probability), goal=goal)
    row = bundle.encoder.transform(now.frame)[0]
    case = _Case(bundle, prepare, raw, row, bundle.display(now.frame)[0], goal, outcome)
    found, best = case.answers(rules, wanted)
    return Turned(
        status="turned" if found else "impossible",
        probability=probability,
        outcome=outcome(probability),
        goal=goal,
        answers=tuple(found),
        impossible=None if found else case.impossible(rules, min(best, probability)),
    )


def raw_value(encoder: Encoder, j: int, value: float) -> Value:
    """Return one encoded value of column `j` as it would come in."""
    column = encoder.columns[j]
    if math.isnan(value):
        return None
    if column.kind == "category":
        return encoder.labels[column.name][int(value)]
    if column.kind == "boolean":
        return bool(value)
    if column.kind == "integer" and value.is_integer():
        return int(value)
    if column.kind in ("date", "timestamp"):
        moment = _EPOCH + dt.timedelta(days=value)
        return moment.date() if column.kind == "date" else moment
    return float(value)


class _Case:
    """One row that does not pass, and everything needed to try changes of it."""

    def __init__(
        self,
        bundle: Bundle,
        prepare: Prepare,
        raw: Mapping[str, Any],
        row: Vector,
        shown: Mapping[str, str],
        goal: float,
        outcome: Callable[[float], str],
    ) -> None:
        self._bundle, self._prepare, self._raw, self._row = bundle, prepare, raw, row
        self._shown, self._goal, self._outcome = shown, goal, outcome
        self._pool = bundle.applicants[:, : len(row)]

    def answers(self, rules: ChangeRules, wanted: int) -> tuple[list[Counterfactual], float]:
        """Return verified answers, and the lowest probability seen."""
        usable = self._writable(levers(self._bundle.encoder, self._pool, self._row, rules))
        if not usable:
            return [], 1.0
        goal = self._goal * (1 - _MARGIN)
        points, best = Search(self._row, usable, self._score(), goal).answers(wanted)
        kept = self._verified(points, usable, rules)
        if len(kept) < len(points):
            # A value between those tried was a code that repairs remove; those tried are known to arrive.
            points, _ = Search(self._row, usable, self._score(), goal, exact=False).answers(wanted)
            kept = self._verified(points, usable, rules)
        return kept, best.probability

    def impossible(self, rules: ChangeRules, best: float) -> Impossible:
        """Say why nothing turns the row, naming the rules without which something would."""
        blocked = self._blocking(rules)
        goal = f"it would have to come below {_percent(self._goal)}"
        if not levers(self._bundle.encoder, self._pool, self._row, rules):
            reason = f"The rules let no column change, and the probability is {_percent(best)}; {goal}."
        else:
            reason = (
                f"The best change found within the rules leaves the probability at {_percent(best)}; {goal}."
            )
        if blocked:
            named = "; ".join(f"`{name}` {_said(rules, name)}" for name in blocked)
            reason += f" It would take a change that the rules forbid: {named}."
        else:
            reason += " Without the rules no change within the range of the data was found to turn it either."
        return Impossible(reason=reason, best=best, blocked=blocked)

    def _blocking(self, rules: ChangeRules) -> tuple[str, ...]:
        columns = self._bundle.encoder.columns
        free = ChangeRules(
            rules=tuple(Rule(column=c.name, whole=rules.of(c.name).whole, fill=True) for c in columns)
        )
        usable = levers(self._bundle.encoder, self._pool, self._row, free)
        points, _ = Search(self._row, usable, self._score(), self._goal * (1 - _MARGIN)).answers(1)
        if not points:
            return ()
        before, after = self._named(self._row), self._named(points[0].x)
        linked = {name for link in rules.links for name in link.columns}
        moved = [name for name, old in before.items() if old != after[name]]
        broken = [n for n in moved if rules.of(n).broken(before[n], after[n]) or n in linked]
        return tuple(broken or moved)

    def _score(self) -> Score:
        steps, bundle = self._bundle.steps, self._bundle

        def score(rows: Matrix) -> tuple[Vector, Vector]:
            raw = bundle.raw_log_odds(steps.apply(rows).X)
            # The estimator's own log-odds guide the search: a calibrator may be flat where they still fall.
            return np.nan_to_num(raw), np.asarray(expit(bundle.calibrated(raw)))

        return score

    def _writable(self, found: list[Lever]) -> list[Lever]:
        """Leave out values that the repairs of raw rows would change on their way in."""
        columns = [(which, lever, k) for which, lever in enumerate(found) for k in range(len(lever.values))]
        if not columns or not self._bundle.manifest.repairs:
            return found
        changes = [self._changes(lever.columns, lever.values[k]) for _, lever, k in columns]
        came = self._bundle.encoder.transform(self._prepare(changes).frame)
        kept: list[list[int]] = [[] for _ in found]
        for arrived, (which, lever, k) in zip(came, columns, strict=True):
            wanted = self._row.copy()
            wanted[lever.columns] = lever.values[k]
            if np.allclose(arrived, wanted, rtol=1e-9, atol=1e-9, equal_nan=True):
                kept[which].append(k)
        return [
            Lever(lever.kind, lever.axes, lever.values[kept[which]], lever.costs[kept[which]])
            for which, lever in enumerate(found)
            if kept[which]
        ]

    def _verified(
        self, points: Sequence[Point], usable: Sequence[Lever], rules: ChangeRules
    ) -> list[Counterfactual]:
        """Score each answer again as a raw row through the whole bundle, and check it against the rules."""
        if not points:
            return []
        before, kept = self._named(self._row), []
        moved = [self._moved(point, usable) for point in points]
        prepared = self._prepare(
            [self._changes(columns, point.x[columns]) for columns, point in zip(moved, points, strict=True)]
        )
        probability = self._bundle.score_prepared(prepared.X).probability
        arrived = self._bundle.encoder.transform(prepared.frame)
        for i, (columns, point) in enumerate(zip(moved, points, strict=True)):
            if probability[i] < self._goal and not rules.broken(before, self._named(arrived[i])):
                kept.append(self._told(columns, point, float(probability[i])))
        return kept

    def _moved(self, point: Point, usable: Sequence[Lever]) -> list[int]:
        """Return the columns that changed, those of the costliest lever first."""
        costs = {i: float(usable[i].cost(point.x[None, usable[i].columns])[0]) for i in point.moved}
        order = sorted(costs, key=lambda i: (-costs[i], i))
        return [j for i in order for j in usable[i].columns if not _same(point.x[j], self._row[j])]

    def _told(self, columns: Sequence[int], point: Point, probability: float) -> Counterfactual:
        encoder, changes = self._bundle.encoder, []
        for j in columns:
            column, old, new = encoder.columns[j], float(self._row[j]), float(point.x[j])
            numeric = column.kind not in ("category", "boolean") and not math.isnan(old)
            changes.append(
                Change(
                    feature=column.name,
                    before=self._raw.get(column.name),
                    after=raw_value(encoder, j, new),
                    before_text=self._shown[column.name],
                    after_text=encoder.display_code(j, new),
                    by=round(new - old, 10) if numeric else None,
                )
            )
        return Counterfactual(
            changes=tuple(changes),
            probability=probability,
            outcome=self._outcome(probability),
            distance=point.cost,
        )

    def _changes(self, columns: Sequence[int], values: Vector) -> dict[str, Value]:
        encoder = self._bundle.encoder
        return {
            encoder.columns[j].name: raw_value(encoder, j, float(value))
            for j, value in zip(columns, values, strict=True)
        }

    def _named(self, row: Vector) -> dict[str, float | None]:
        return {
            name: None if math.isnan(value) else float(value)
            for name, value in zip(self._bundle.encoder.names, row.tolist(), strict=True)
        }


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _percent(share: float) -> str:
    """Return a share with four significant digits, so that two close ones look different."""
    return f"{100 * share:.4g}%"


def _said(rules: ChangeRules, name: str) -> str:
    rule = rules.of(name)
    if any(name in link.columns for link in rules.links):
        return "is linked to others"
    if rule.may == "immutable":
        return "may not change" + (f" ({rule.why})" if rule.why else "")
    if rule.may in ("up", "down"):
        return f"may only go {rule.may}"
    return "is held by its limits" if rule.low is not None or rule.high is not None else "must stay missing"
