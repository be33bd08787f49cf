"""Charts of quality: what they draw is what was measured, and a run's name is never read as HTML."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aimass_core.evaluate.report import Report, evaluate
from aimass_core.evaluate.unlabelled import describe
from app.charts import curves, cutoff, progress


@pytest.fixture(scope="module")
def perfect() -> Report:
    """Four rows, the two bads scored highest."""
    return evaluate([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], bootstrap=0)


@pytest.fixture(scope="module")
def one_class() -> Report:
    return evaluate([0, 0, 0], [0.1, 0.2, 0.3], bootstrap=0)


def test_roc_of_a_perfect_run_goes_through_the_upper_left_corner(perfect: Report) -> None:
    figure = curves.roc({"best": perfect.roc})

    line = next(trace for trace in figure.data if trace.name == "best")
    assert (0.0, 1.0) in list(zip(line.x, line.y, strict=True))


def test_runs_differ_by_dash_as_well_as_by_colour(perfect: Report) -> None:
    figure = curves.roc({"a": perfect.roc, "b": perfect.roc})

    first, second = (t for t in figure.data if t.name in {"a", "b"})
    assert first.line.color != second.line.color
    assert first.line.dash != second.line.dash


def test_names_from_data_are_not_html(perfect: Report) -> None:
    figure = curves.gains({"<b>x</b>": perfect.gains})

    assert figure.data[-1].name == "&lt;b&gt;x&lt;/b&gt;"


def test_precision_recall_draws_the_base_rate_once_for_equal_shares(perfect: Report) -> None:
    figure = curves.precision_recall({"a": perfect.pr, "b": perfect.pr}, base_rates={"a": 0.5, "b": 0.5})

    assert [trace.name for trace in figure.data] == ["No skill (50.0%)", "a", "b"]


def test_ks_of_one_run_shows_both_classes_and_the_widest_gap(perfect: Report) -> None:
    figure = curves.ks({"best": perfect.ks}, base_rates={"best": 0.5})

    bads, goods, mark = figure.data
    assert (bads.name, goods.name) == ("Bads", "Goods")
    assert mark.name == "KS 100.0%, at probability 0.800"
    assert list(mark.x) == [0.5, 0.5]
    assert list(mark.y) == [0.0, 1.0]


def test_ks_of_several_runs_shows_their_gaps_over_the_share_flagged(perfect: Report) -> None:
    figure = curves.ks({"a": perfect.ks, "b": perfect.ks}, base_rates={"a": 0.5, "b": 0.5})

    assert [trace.name for trace in figure.data] == ["a", "b"]
    assert max(figure.data[0].y) == pytest.approx(1.0)


def test_calibration_has_the_interval_of_every_bin(perfect: Report) -> None:
    figure = curves.calibration({"best": perfect.reliability})

    points = figure.data[-1]
    assert len(points.x) == len(perfect.reliability)
    assert points.error_y.array[0] == pytest.approx(
        perfect.reliability[0].observed_high - perfect.reliability[0].observed
    )


def test_calibration_of_a_rare_event_is_not_squeezed_into_a_corner() -> None:
    random = np.random.default_rng(0)
    p = random.uniform(0, 0.02, 5_000)
    report = evaluate(random.uniform(size=5_000) < p, p, bootstrap=0)

    figure = curves.calibration({"rare": report.reliability})

    assert figure.layout.xaxis.range[1] < 0.1


def test_histogram_shows_shares_of_each_class(perfect: Report) -> None:
    figure = curves.histogram(perfect.histogram)

    assert [sum(trace.y) for trace in figure.data] == [1.0, 1.0]
    assert figure.data[0].marker.color != figure.data[1].marker.color


def test_log_odds_histogram_names_its_scale(perfect: Report) -> None:
    figure = curves.histogram(perfect.histogram_log_odds, log_odds=True)

    assert figure.layout.xaxis.title.text == "Log-odds"


def test_deciles_show_the_rate_of_each_tenth_and_of_all(perfect: Report) -> None:
    figure = curves.deciles(perfect.deciles, bad_rate=perfect.bad_rate)

    assert list(figure.data[0].y) == [group.bad_rate for group in perfect.deciles]
    assert figure.data[1].name == "All rows (50.0%)"


@pytest.mark.parametrize("draw", ["roc", "gains", "lift"])
def test_a_run_on_one_class_gives_an_empty_chart_not_an_error(one_class: Report, draw: str) -> None:
    field = {"roc": one_class.roc}.get(draw, one_class.gains)

    figure = getattr(curves, draw)({"one": field})

    assert list(figure.data[-1].x) in ([], [0.0])


def test_ks_of_one_class_is_empty(one_class: Report) -> None:
    figure = curves.ks({"one": one_class.ks}, base_rates={"one": 0.0})

    assert all(len(trace.x) == 0 for trace in figure.data)


def test_deciles_without_a_rate_leave_the_line_out() -> None:
    figure = curves.deciles((), bad_rate=math.nan)

    assert len(figure.data) == 1


def test_cost_marks_best_and_chosen_at_what_they_cost(perfect: Report) -> None:
    figure = cutoff.cost(
        perfect.cutoffs, cost_false_positive=1, cost_false_negative=5, best=0.8, chosen=0.0, currency="EUR"
    )

    curve, chosen, best = figure.data
    assert chosen.y[0] == 2  # both goods flagged
    assert best.y[0] == 0
    assert best.y[0] == min(curve.y)
    assert figure.layout.yaxis.title.text == "Cost of errors on the test rows (EUR)"


def test_training_draws_loss_and_measure_on_their_own_axes() -> None:
    figure = progress.training([1, 2, 3], [0.9, 0.5, None], [None, 0.7, 0.8], metric_name="auc")

    loss, measure = figure.data
    assert list(loss.y) == [0.9, 0.5]
    assert list(measure.x) == [2, 3]
    assert measure.yaxis == "y2"
    assert figure.layout.yaxis2.title.text == "auc"


def test_training_without_loss_uses_the_left_axis() -> None:
    figure = progress.training([1, 2], [None, None], [0.6, 0.7], metric_name="auc")

    (measure,) = figure.data
    assert measure.yaxis is None
    assert measure.name == "Validation auc"


def test_training_compares_losses_on_one_axis() -> None:
    figure = progress.training([1, 2], [0.6, 0.5], [0.65, 0.6], metric_name="log_loss")

    _, measure = figure.data
    assert measure.yaxis is None
    assert measure.name == "Validation log loss"


def test_scores_without_outcomes_are_shares_of_all_rows() -> None:
    counts = describe([0.1, 0.1, 0.1, 0.9]).histogram_log_odds

    figure = curves.unlabelled_histogram(counts)

    assert len(figure.data) == 1
    assert sum(figure.data[0].y) == pytest.approx(1.0)
    assert max(figure.data[0].y) == 0.75
