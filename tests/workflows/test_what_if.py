"""Trying changes: sliders that fit the data, and differences that add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from aimass_core.workflows import case, explaining, what_if
from aimass_core.workflows.what_if import Span
from aimass_core.workspace import registry
from tests.trained import FAMILIES, Trained


@pytest.mark.parametrize(
    ("values", "places"),
    [([1, 2, 30], 0), ([1.5, 2.25, 3], 2), ([0.1, 0.2, 0.3], 1), ([1 / 3, 2 / 7], 6), ([], 0)],
)
def test_decimals_are_those_of_the_values(values: list[float], places: int) -> None:
    assert what_if.decimals(np.array(values, dtype=float)) == places


def test_one_filled_in_value_does_not_add_decimals() -> None:
    assert what_if.decimals(np.array([*range(20), 7.123456])) == 0


def test_span_is_the_quantiles_and_the_own_value() -> None:
    seen = np.arange(101.0)

    assert what_if.span(seen) == Span(1.0, 99.0, 1.0, 0)
    assert what_if.span(seen, [250.0]) == Span(1.0, 250.0, 1.0, 0)
    assert what_if.span(seen / 10) == Span(0.1, 9.9, 0.1, 1)
    assert what_if.span(seen / 10, whole=True) == Span(0.0, 10.0, 1.0, 0)
    assert what_if.span(np.full(9, 4.0)) is None
    assert what_if.span(np.array([]), [3.0]) is None
    assert what_if.span(np.array([0.0, 2.0**60])) is None


def test_step_grows_where_it_would_be_too_fine() -> None:
    found = what_if.span(np.linspace(0, 1_000_000, 1_001), whole=True)

    assert found is not None
    assert found.step == 100
    assert (found.high - found.low) / found.step <= 10_000


def test_slider_stands_at_the_nearest_step_within() -> None:
    span = Span(0.0, 2.0, 0.1, 1)

    assert [span.nearest(value) for value in (-5.0, 0.3, 0.349, 9.0)] == [0.0, 0.3, 0.3, 2.0]


def test_controls_are_of_the_kind_of_their_column_in_the_order_asked(trained: Trained) -> None:
    found = _case(trained, "boosting", 5)
    controls = what_if.controls(case.bundle_of(trained.ws, found), found, ["since", "gone", "age"])

    by_name = {item.column.name: item for item in controls}
    assert [item.column.name for item in controls] == ["since", "age", "income", "job", "owner"]
    assert by_name["since"].start == date(2015, 1, 5)
    assert by_name["age"].start == trained.raw["age"].iloc[4]
    assert isinstance(by_name["age"].start, int)
    assert isinstance(by_name["owner"].start, bool)
    assert by_name["job"].labels == ("=cmd|' /C calc'!A0", "clerk", "engineer", "nurse")
    span = by_name["age"].span
    assert span is not None
    assert (span.low, span.high, span.step) == (19, 74, 1)
    assert by_name["income"].span is not None
    assert by_name["job"].span is None


def test_missing_value_is_missing_and_the_slider_has_a_middle(trained: Trained) -> None:
    row = int(np.flatnonzero(trained.raw["income"].isna())[0]) + 1
    found = _case(trained, "boosting", row)
    controls = what_if.controls(case.bundle_of(trained.ws, found), found)

    income = next(item for item in controls if item.column.name == "income")
    assert income.start is None
    assert 500 < income.middle < 5_000


def test_own_value_is_no_change_and_true_is_not_one(trained: Trained) -> None:
    found = _case(trained, "boosting", 5)
    controls = what_if.controls(case.bundle_of(trained.ws, found), found)
    starts = {item.column.name: item.start for item in controls}

    assert what_if.settled(starts, controls) == {}
    assert what_if.settled({"age": 99, "gone": 1}, controls) == {"age": 99}
    assert not what_if.same(True, 1)
    assert what_if.same(1, 1.0)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_differences_add_up_to_the_change_of_the_score(trained: Trained, family: str) -> None:
    found = _case(trained, family, 5)
    before = explaining.explain_case(trained.ws, found)
    after = explaining.explain_case(trained.ws, found, changes={"income": 300.0, "job": "clerk", "age": None})

    steps = what_if.differences(before, after)

    assert sum(step.by for step in steps) == pytest.approx(after.log_odds - before.log_odds, abs=2e-6)
    assert {"income", "age"} <= {step.feature for step in steps}
    sizes = [round(abs(step.by), 9) for step in steps]
    assert sizes == sorted(sizes, reverse=True)
    assert what_if.differences(before, before) == []


def test_outcome_follows_the_cut_offs(trained: Trained) -> None:
    found = replace(_case(trained, "boosting", 5), low=0.2, high=0.5)
    bundle = case.bundle_of(trained.ws, found)

    assert [what_if.outcome(bundle, found, p) for p in (0.1, 0.2, 0.5)] == ["approve", "refer", "decline"]
    assert what_if.outcome(bundle, replace(found, low=None, high=None), 0.5) is None


def _case(trained: Trained, family: str, row: int) -> case.Case:
    return case.of_row(trained.ws, registry.get(trained.ws, family).run_id, row)
