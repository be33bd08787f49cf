"""Nearest changes whose answers are known by hand: a linear model on two numbers and a label.

The log-odds are (a - 50) / 10 - (b - 50) / 20 + the label's, so below 0 (a probability of 0.5) a row passes.
The observed values are 0, 1, … 100, whose median absolute deviation is 25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aimass_core.bundle import Bundle, Prepared
from aimass_core.clean.steps import fit_steps
from aimass_core.errors import SettingsError
from aimass_core.evaluate.calibrators import Calibrator
from aimass_core.explain.counterfactual import Turned, turn
from aimass_core.explain.levers import grid
from aimass_core.explain.recourse_rules import ChangeRules, Link, Rule, default_rules
from aimass_core.features.encoder import Encoder
from aimass_core.models import catalog
from aimass_core.schema import Column
from aimass_core.workflows.rows import to_frame
from aimass_core.workspace.cells import plain
from tests.small_models import applicants, small

A, B = Column(name="a", kind="number"), Column(name="b", kind="number")
TOWN = Column(name="town", kind="category")
LABELS = {"Bonn": 3.0, "Rom": 0.0, "Ulm": -4.0}
STEP_CODE = 49.0


@dataclass
class Linear:
    """A model whose answers are known; a missing `a` counts 80, an unknown or missing town like Rom."""

    columns: tuple[Column, ...]

    def log_odds(self, X: np.ndarray) -> np.ndarray:
        odds = np.zeros(len(X))
        for j, column in enumerate(self.columns):
            if column.name == "a":
                odds += (np.nan_to_num(X[:, j], nan=80.0) - 50) / 10
            elif column.name == "b":
                odds -= (np.nan_to_num(X[:, j], nan=50.0) - 50) / 20
            else:
                known = np.nan_to_num(X[:, j], nan=1.0).astype(int)
                odds += np.array([*LABELS.values(), 0.0])[known]
        return odds


def linear(*columns: Column, kind: str = "credit", repairs: Sequence[dict[str, Any]] = ()) -> Bundle:
    pool = pd.DataFrame(
        {
            "a": np.arange(101.0),
            "b": np.arange(101.0)[::-1],
            "town": np.resize(list(LABELS), 101),
        }
    )
    encoder = Encoder.fit(pool, columns)
    encoded = encoder.transform(pool)
    model = Linear(columns)
    return replace(
        small("scorecard"),
        manifest=small("scorecard").manifest.model_copy(
            update={"columns": columns, "repairs": tuple(repairs), "kind": kind}
        ),
        encoder=encoder,
        steps=fit_steps(encoded, encoder, (), device="cpu"),
        estimator=model,
        applicants=encoded,
        applicants_log_odds=model.log_odds(encoded),
    )


def asked(
    bundle: Bundle,
    row: Mapping[str, Any],
    rules: ChangeRules | None = None,
    *,
    goal: float = 0.5,
    wanted: int = 4,
) -> Turned:
    """Ask, and check each answer once more, apart from the engine."""
    columns = bundle.input_columns

    def prepare(changes: Sequence[Mapping[str, Any]]) -> Prepared:
        return bundle.prepare(to_frame([{**row, **change} for change in changes], columns))

    used = rules if rules is not None else ChangeRules()
    passed, refused = ("approve", "decline") if bundle.manifest.kind == "credit" else ("allow", "block")
    found = turn(
        bundle,
        prepare,
        row,
        goal=goal,
        rules=used,
        outcome=lambda probability: passed if probability < goal else refused,
        wanted=wanted,
    )
    names = bundle.encoder.names
    before = dict(zip(names, _encoded(bundle, row), strict=True))
    for answer in found.answers:
        changed = {**row, **{change.feature: change.after for change in answer.changes}}
        frame = pd.DataFrame([changed]).astype(object)
        assert bundle.score(frame).probability[0] < goal
        assert bundle.score(frame).probability[0] == pytest.approx(answer.probability, abs=1e-9)
        assert answer.outcome == passed
        after = dict(zip(names, _encoded(bundle, changed), strict=True))
        assert used.broken(before, after) == []
        for change in answer.changes:  # none is more than is needed; linked ones go back together
            linked = next((link.columns for link in used.links if change.feature in link.columns), ())
            undone = {**changed, change.feature: row[change.feature], **{n: row[n] for n in linked}}
            assert bundle.score(pd.DataFrame([undone]).astype(object)).probability[0] >= goal
    return found


def _encoded(bundle: Bundle, row: Mapping[str, Any]) -> list[float | None]:
    repaired = bundle.prepare(pd.DataFrame([row]).astype(object)).frame
    return [None if v != v else v for v in bundle.encoder.transform(repaired)[0].tolist()]


def ways(found: Turned) -> list[dict[str, Any]]:
    return [{change.feature: change.after for change in answer.changes} for answer in found.answers]


def test_nearest_change_of_one_number() -> None:
    found = asked(linear(A, B), {"a": 80.0, "b": 50.0})

    assert ways(found) == [{"a": 49.0}]  # b alone cannot: 3 - 50 / 20 > 0
    (answer,) = found.answers
    assert answer.distance == pytest.approx(31 / 25)
    (change,) = answer.changes
    assert (change.before, change.before_text, change.after_text, change.by) == (80.0, "80", "49", -31.0)


def test_each_way_uses_other_features_the_nearest_first() -> None:
    found = asked(linear(A, B, TOWN), {"a": 60.0, "b": 50.0, "town": "Rom"})

    # a below 50 costs 11 / 25, another town 1, b above 70 costs 21 / 25
    assert ways(found) == [{"a": 49.0}, {"b": 71.0}, {"town": "Ulm"}]
    assert [answer.distance for answer in found.answers] == pytest.approx([11 / 25, 21 / 25, 1.0])
    assert len(asked(linear(A, B, TOWN), {"a": 60.0, "b": 50.0, "town": "Rom"}, wanted=2).answers) == 2


def test_two_changes_where_one_is_not_enough() -> None:
    rules = ChangeRules(rules=(Rule(column="a", low=60),))

    found = asked(linear(A, B), {"a": 80.0, "b": 50.0}, rules)

    # a counts more for its cost, so it goes as far as it may, and b just far enough
    assert ways(found) == [{"a": 60.0, "b": 71.0}]


def test_fixed_column_makes_it_impossible_and_is_named() -> None:
    rules = ChangeRules(rules=(Rule(column="a", may="immutable", why="a test"),))

    found = asked(linear(A, B), {"a": 80.0, "b": 50.0}, rules)

    assert (found.status, found.answers) == ("impossible", ())
    assert found.impossible is not None
    assert found.impossible.best == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert found.impossible.blocked == ("a",)
    assert "`a` may not change (a test)" in found.impossible.reason
    assert "62.25%" in found.impossible.reason


@pytest.mark.parametrize(("may", "status"), [("down", "turned"), ("up", "impossible")])
def test_direction(may: Any, status: str) -> None:
    rules = ChangeRules(rules=(Rule(column="a", may=may),))

    found = asked(linear(A), {"a": 80.0}, rules)

    assert found.status == status
    if found.impossible is not None:
        assert "may only go up" in found.impossible.reason


def test_nothing_may_change() -> None:
    rules = ChangeRules(rules=(Rule(column="a", may="immutable"), Rule(column="b", may="immutable")))

    found = asked(linear(A, B), {"a": 80.0, "b": 50.0}, rules)

    assert found.impossible is not None
    assert "let no column change" in found.impossible.reason
    assert found.impossible.best == found.probability


def test_no_value_of_the_data_is_enough() -> None:
    found = asked(linear(B), {"b": 50.0}, goal=0.01)

    assert found.impossible is not None
    assert found.impossible.blocked == ()
    assert "Without the rules" in found.impossible.reason


def test_whole_numbers() -> None:
    bundle = linear(A)
    tenths = replace(bundle, applicants=bundle.applicants / 2 + 10.1)

    assert ways(asked(tenths, {"a": 55.25})) == [{"a": 49.9}]
    assert ways(asked(tenths, {"a": 55.25}, ChangeRules(rules=(Rule(column="a", whole=True),)))) == [
        {"a": 49.0}
    ]


def test_linked_by_the_same_amount() -> None:
    rules = ChangeRules(links=(Link(columns=("a", "b"), kind="shift"),))

    found = asked(linear(A, B), {"a": 80.0, "b": 90.0}, rules)

    assert ways(found) == [{"a": 59.0, "b": 69.0}]  # 1 + s / 20 < 0 for s < -20


def test_linked_by_the_same_factor() -> None:
    rules = ChangeRules(links=(Link(columns=("a", "b"), kind="ratio"),))

    (way,) = ways(asked(linear(A, B), {"a": 80.0, "b": 50.0}, rules))

    assert way["a"] / 80 == pytest.approx(way["b"] / 50, rel=1e-5)
    assert 0.45 < way["a"] / 80 < 2.5 / 5.5  # 5.5 k - 2.5 < 0


def test_a_fixed_column_holds_those_linked_to_it() -> None:
    rules = ChangeRules(
        rules=(Rule(column="b", may="immutable"),), links=(Link(columns=("a", "b"), kind="shift"),)
    )

    found = asked(linear(A, B), {"a": 80.0, "b": 50.0}, rules)

    assert found.impossible is not None
    assert "`a` is linked to others" in found.impossible.reason


def test_missing_value_is_filled_only_where_allowed() -> None:
    row = {"a": None, "b": 50.0}
    found = asked(linear(A, B), row)
    assert found.impossible is not None
    assert "`a` must stay missing" in found.impossible.reason

    found = asked(linear(A, B), row, ChangeRules(rules=(Rule(column="a", fill=True),)))

    (change,) = found.answers[0].changes
    assert (change.feature, change.before_text, change.by) == ("a", "missing", None)
    assert float(change.after) < 50  # type: ignore[arg-type]


def test_all_values_missing() -> None:
    found = asked(linear(A, B, TOWN), {"a": None, "b": None, "town": None})

    assert found.status == "impossible"


def test_label_never_seen_may_become_a_known_one() -> None:
    found = asked(linear(A, TOWN), {"a": 80.0, "town": "Atlantis"})

    assert {"town": "Ulm"} in ways(found)
    change = next(a.changes[0] for a in found.answers if a.changes[0].feature == "town")
    assert (change.before_text, change.after_text, change.by) == ("Atlantis", "Ulm", None)


def test_row_that_passes_needs_no_change() -> None:
    found = asked(linear(A), {"a": 10.0})

    assert (found.status, found.outcome, found.answers) == ("passes", "approve", ())


def test_fraud_goes_from_blocked_to_allowed() -> None:
    found = asked(linear(A, kind="fraud"), {"a": 80.0})

    assert (found.outcome, found.answers[0].outcome) == ("block", "allow")


def test_value_that_a_repair_takes_for_missing_is_never_advised() -> None:
    repair = {"kind": "sentinel", "column": "a", "values": [STEP_CODE]}
    bundle = linear(A, repairs=[repair])

    found = asked(bundle, {"a": 80.0})

    assert found.status == "turned"
    assert found.answers[0].changes[0].after < STEP_CODE  # type: ignore[operator]


def test_bent_and_flat_calibration_is_seen_through() -> None:
    knots, values = (-1.0, -0.5, 2.5, 3.5), (-1.0, 1.0, 1.0 + 1e-9, 2.0)
    flat = Calibrator("isotonic", knots=knots, values=values, low_slope=1.0, high_slope=1.0)
    bundle = replace(linear(A, B), calibrator=flat)

    found = asked(bundle, {"a": 80.0, "b": 50.0}, ChangeRules(rules=(Rule(column="a", low=60),)))

    # the calibrated score passes below -0.75 of the raw one, and is flat from -0.5 to 2.5
    assert ways(found) == [{"a": 60.0, "b": 86.0}]


def test_among_many_columns_those_that_help_most_are_combined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aimass_core.explain.turning.MOST_COMBINED", 2)
    monkeypatch.setattr("aimass_core.explain.turning.WIDTHS", (1, 1, 1))
    rules = ChangeRules(rules=(Rule(column="a", low=75), Rule(column="b", high=70)))
    row = {"a": 80.0, "b": 50.0, "town": "Rom"}

    found = asked(linear(A, B, TOWN), row, rules, goal=0.2)

    # 3 - 4 for the town; b lowers it by 1 at most and a by 0.5: below ln(0.25) with b above 57.7
    assert ways(found) == [{"town": "Ulm", "b": 58.0}]


@pytest.mark.parametrize("goal", [0.0, -0.1, 1.2])
def test_goal_out_of_range(goal: float) -> None:
    with pytest.raises(SettingsError, match="above 0"):
        asked(linear(A), {"a": 80.0}, goal=goal)


def test_grid_of_a_column() -> None:
    assert grid(np.array([10_000.0, 20_000.0, 50_000.0])) == 10_000
    assert grid(np.arange(7.0)) == 1
    assert grid(np.array([0.25, 1.5, 3.75])) == 0.01
    assert grid(np.zeros(4)) == 1


@pytest.mark.parametrize("family", list(catalog.FAMILIES))
def test_every_family_is_turned_and_gives_the_same_answers_again(family: str) -> None:
    bundle = small(family)
    frame = applicants(60, seed=5)
    probability = bundle.score(frame).probability
    goal = float(np.quantile(probability, 0.5))
    fill = ChangeRules(rules=(Rule(column="income", fill=True), Rule(column="town", fill=True)))
    rules = fill.over(default_rules(bundle.input_columns))
    turned = 0
    for i in np.argsort(-probability)[3:12:3]:
        values = {name: plain(value) for name, value in frame.iloc[i].items() if name != "y"}
        row = {name: None if value != value else value for name, value in values.items()}

        found = asked(bundle, row, rules, goal=goal)

        assert found == asked(bundle, row, rules, goal=goal)
        assert found.status in ("turned", "impossible")
        assert all(change.feature != "since" for answer in found.answers for change in answer.changes)
        turned += found.status == "turned"
    assert turned
