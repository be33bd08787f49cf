"""Charts of contributions: bars add up, nothing is hidden, text from data stays text."""

from __future__ import annotations

import math

import pytest

from aimass_core.explain.reasons import Reason
from aimass_core.explain.summary import Importance, Swarm
from app.charts import shapley
from app.charts.template import BAD, GOOD


def step(name: str, value: str, contribution: float) -> Reason:
    return Reason(
        feature=name,
        value=value,
        typical="0",
        contribution=contribution,
        error=None,
        direction="raises" if contribution > 0 else "lowers",
        text="",
    )


def importance(name: str, mean_abs: float) -> Importance:
    return Importance(feature=name, mean_abs=mean_abs, error=0.01, mean=0.0, share=mean_abs)


def test_bar_shows_the_largest_on_top_and_adds_up_the_rest() -> None:
    figure = shapley.bar(
        [importance(n, v) for n, v in (("a", 0.1), ("b", 0.4), ("c", 0.2), ("d", 0.3))], limit=2
    )

    bars = figure.data[0]
    assert list(bars.x) == pytest.approx([0.4, 0.3, 0.3])
    assert list(figure.layout.yaxis.ticktext) == ["b", "d", "2 other features together"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_bar_without_features_is_empty() -> None:
    figure = shapley.bar([])

    assert len(figure.data[0].x) == 0


def test_waterfall_runs_from_reference_to_row() -> None:
    steps = [step("income", "1,200", 0.5), step("age", "33", -0.2), step("late", "2", 1.0)]

    figure = shapley.waterfall(steps, base=-1.0, log_odds=0.3)

    bars = figure.data[0]
    assert list(bars.x) == [1.0, 0.5, -0.2]
    assert list(bars.base) == pytest.approx([-1.0, 0.0, 0.5])
    assert bars.base[-1] + bars.x[-1] == pytest.approx(0.3)


def test_waterfall_colours_say_the_direction() -> None:
    figure = shapley.waterfall([step("a", "1", 0.5), step("b", "2", -0.5)], base=0.0, log_odds=0.0)

    assert list(figure.data[0].marker.color) == [BAD, GOOD]


def test_waterfall_puts_the_tail_into_one_step_that_still_meets_the_row() -> None:
    steps = [step(f"f{i}", "", 0.1 * (i + 1)) for i in range(12)]
    total = sum(step.contribution for step in steps)

    figure = shapley.waterfall(steps, base=0.0, log_odds=total, limit=3)

    bars = figure.data[0]
    assert len(bars.x) == 4
    assert bars.base[-1] + bars.x[-1] == pytest.approx(total)
    assert "9 other features together" in figure.layout.yaxis.ticktext


def test_waterfall_shows_intervals_where_contributions_are_estimated() -> None:
    exact, estimated = step("a", "1", 0.5), step("b", "2", -0.2).model_copy(update={"error": 0.1})

    drawn = shapley.waterfall([exact, estimated], base=0.0, log_odds=0.3).data[0].error_x
    plain = shapley.waterfall([exact], base=0.0, log_odds=0.5).data[0].error_x

    assert list(drawn.array) == [0.0, pytest.approx(0.196)]
    assert drawn.visible
    assert not plain.visible


def test_numbers_stand_beyond_the_whiskers() -> None:
    estimated = step("b", "2", -0.2).model_copy(update={"error": 0.1})

    numbers = next(
        trace
        for trace in shapley.waterfall([estimated], base=0.0, log_odds=-0.2).data
        if trace.type == "scatter" and trace.mode == "text"
    )

    assert list(numbers.x) == [pytest.approx(-0.2 - 0.196)]
    assert list(numbers.text) == [" -0.200 "]


def test_waterfall_axes_have_few_level_labels() -> None:
    figure = shapley.waterfall([step("a", "1", 4.0), step("b", "2", 5.0)], base=-4.0, log_odds=5.0)

    assert len(figure.layout.xaxis2.ticktext) <= 4
    assert figure.layout.xaxis.tickangle == figure.layout.xaxis2.tickangle == 0


def test_waterfall_names_the_probability_of_both_ends() -> None:
    figure = shapley.waterfall([step("a", "1", 1.0)], base=0.0, log_odds=1.0)

    names = list(figure.layout.yaxis.ticktext)
    assert names[0] == "Reference: 50.0%"
    assert names[-1] == f"This row: {1 / (1 + math.exp(-1)):.1%}"


def test_upper_axis_places_each_probability_at_its_log_odds() -> None:
    figure = shapley.waterfall([step("a", "1", 4.0)], base=-2.0, log_odds=2.0)

    axis = figure.layout.xaxis2
    half = list(axis.ticktext).index("50%")
    assert axis.tickvals[half] == pytest.approx(0.0)
    assert axis.matches == "x"


def test_text_from_data_is_not_html() -> None:
    figure = shapley.waterfall([step("<i>n</i>", "<img src=x>", 0.4)], base=0.0, log_odds=0.4)

    assert "<" not in figure.layout.yaxis.ticktext[1].replace("<br>", "")


def test_beeswarm_keeps_every_dot_near_its_feature_and_always_in_the_same_place() -> None:
    swarm = Swarm(feature="income", contributions=(0.0,) * 50, levels=tuple(i / 49 for i in range(50)))

    first, second = shapley.beeswarm([swarm]), shapley.beeswarm([swarm])

    dots = first.data[0]
    assert len(dots.x) == 50
    assert max(abs(y) for y in dots.y) <= 0.4
    assert len(set(dots.y)) == 50
    assert list(dots.y) == list(second.data[0].y)


def test_beeswarm_shows_missing_and_unordered_values_apart() -> None:
    swarm = Swarm(feature="city", contributions=(0.1, -0.1), levels=(None, 0.5))

    figure = shapley.beeswarm([swarm])

    ordered, other = figure.data
    assert list(ordered.x) == [-0.1]
    assert list(other.x) == [0.1]
    assert other.name == "Missing value, or category (no order)"


@pytest.mark.parametrize(("log_odds", "expected"), [(0.0, 0.5), (-800.0, 0.0), (800.0, 1.0)])
def test_probability_never_overflows(log_odds: float, expected: float) -> None:
    figure = shapley.waterfall([step("a", "1", log_odds)], base=0.0, log_odds=log_odds)

    assert f"This row: {expected:.1%}" in figure.layout.yaxis.ticktext
