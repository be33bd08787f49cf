"""Charts of a closer look draw what was measured, leave out what is undefined, and read no name as HTML."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aimass_core.evaluate.conditions import Feature
from aimass_core.evaluate.drift import drift
from aimass_core.evaluate.folds import Fold, summarise
from aimass_core.evaluate.learning_curve import learning_curve
from aimass_core.evaluate.measure import Measure
from aimass_core.evaluate.segments import weak_spots
from aimass_core.evaluate.sensitivity import Disturbed, sensitivity
from aimass_core.evaluate.tradeoff import trade_off
from aimass_core.evaluate.validation import GroupGain
from aimass_core.evaluate.value import Payoff, value
from app.charts import scrutiny, validation

HTML = "<b>bad</b>"
SAFE = "&lt;b&gt;bad&lt;/b&gt;"
RANDOM = np.random.default_rng(0)
P = RANDOM.beta(2, 5, 800)
Y = (RANDOM.random(800) < P).astype(int)


def group(name: str, gain: float) -> GroupGain:
    return GroupGain(
        name=name,
        features=("x",),
        auc_without=0.7,
        gain=gain,
        spread=math.nan,
        low=gain - 0.01,
        high=gain + 0.01,
        fits=1,
    )


def fold(label: str, area: float) -> Fold:
    measures = dict.fromkeys(("auc", "average_precision", "ks", "brier", "log_loss"), area)
    return Fold(
        label=label, train_rows=9, rows=9, bads=1, measures=measures, auc=Measure(value=area), seconds=1
    )


def test_profit_marks_the_best_and_its_interval() -> None:
    found = value(Y, P, payoff=Payoff(), replicates=50)

    figure = scrutiny.profit(found, currency=HTML)

    best = figure.data[-1]
    assert (best.x[0], best.y[0]) == (found.best.threshold, found.best_profit)
    band = figure.layout.shapes[0]
    assert (band.x0, band.x1) == (found.cutoff_low, found.cutoff_high)
    assert SAFE in figure.layout.yaxis.title.text
    without = scrutiny.profit(value(Y, P, payoff=Payoff(), replicates=0), currency="")
    assert not [shape for shape in without.layout.shapes if shape.type == "rect"]


def test_trade_offs_differ_by_dash_as_well_as_by_colour() -> None:
    figure = scrutiny.trade_offs({HTML: trade_off(Y, P), "b": trade_off(Y, P)})

    first, second = figure.data
    assert first.name == SAFE
    assert first.line.dash != second.line.dash
    assert first.y[-1] == pytest.approx(Y.mean())


def test_segments_show_predicted_beside_observed() -> None:
    found = weak_spots(Y, P, [Feature(HTML, P)], min_rows=50)

    figure = scrutiny.segments(found.segments)

    assert list(figure.data[0].x) == [item.observed for item in found.segments]
    assert list(figure.data[1].x) == [item.predicted for item in found.segments]
    assert "<b>" not in figure.to_json().replace("<br>", "")


def test_noise_draws_every_feature_and_every_level() -> None:
    found = sensitivity(
        lambda X: np.nan_to_num(X[:, 0]),
        P[:, None],
        Y,
        [Disturbed(HTML)],
        cutoff=0.3,
        level=0.5,
        levels=(0.5,),
    )

    bars, lines = scrutiny.flips(found.single), scrutiny.levels(found.together, auc=found.auc)

    assert {bar.name: bar.x[0] for bar in bars.data}["Noise"] > 0
    assert bars.layout.yaxis.ticktext == (SAFE,)
    assert list(lines.data[0].x) == [0.0, 0.5]
    assert lines.data[0].y[0] == pytest.approx(found.auc)


def test_undefined_periods_are_gaps() -> None:
    found = drift(Y, P, np.where(np.arange(800) < 799, 0, 1), labels=[HTML, "one row"], reference=P)

    for draw in (scrutiny.quality, scrutiny.rates, scrutiny.shifts):
        figure = draw(found)
        assert figure.data[0].x == (SAFE, "one row")
    assert scrutiny.quality(found).data[0].y[1] is None


def test_folds_mark_the_mean_and_the_run() -> None:
    found = [fold(HTML, 0.7), fold("b", math.nan)]

    figure = validation.folds(found, summarise(found, exchangeable=True)["auc"], run=Measure(value=0.75))

    assert list(figure.data[0].x) == [0.7, None]
    assert [line.x[0] for line in figure.data[1:]] == [0.7, 0.75]
    assert figure.layout.yaxis.ticktext == (SAFE, "b")


def test_learning_curve_is_drawn_by_doublings_and_looks_one_ahead() -> None:
    found = learning_curve([100, 200, 400], [[0.70, 0.71], [0.74, 0.75], [0.76, 0.77]])

    figure = validation.learning(found)

    band, mean, ahead = figure.data
    assert list(mean.y) == pytest.approx([0.705, 0.745, 0.765])
    assert list(ahead.x) == [400, 800]
    assert ahead.y[1] == pytest.approx(0.765 + found.next_gain)
    assert max(band.y) == 0.77
    assert figure.layout.xaxis.type == "log"
    assert len(validation.learning(learning_curve([100], [[0.7]])).data) == 1


def test_gains_differ_by_symbol_as_well_as_by_colour() -> None:
    figure = validation.gains([group(HTML, 0.05), group("open", 0.0), group("harm", -0.05)])

    assert [trace.name for trace in figure.data] == ["Helps", "Harms", "Cannot be told"]
    assert len({trace.marker.symbol for trace in figure.data}) == 3
    assert figure.layout.yaxis.ticktext == (SAFE, "open", "harm")
