"""Calibration of log-odds: it mends what is bent, keeps the order of rows and says when it does not help."""

from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import log_loss
from aimass_core.evaluate.calibrators import LEAST_SLOPE, Calibrator, choose, fit
from aimass_core.evaluate.discrimination import auc

FITTED: tuple[Literal["platt", "isotonic"], ...] = ("platt", "isotonic")


def bent(
    rows: int = 4_000, *, seed: int = 0, slope: float = 3.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with known log-odds, a score that exaggerates and is shifted, and outcomes."""
    random = np.random.default_rng(seed)
    truth = random.normal(-1.0, 1.2, rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-truth))).astype(int)
    return truth, slope * truth + 1.5, y


def probability(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))


@pytest.mark.parametrize("method", FITTED)
def test_exaggerated_scores_come_back_to_the_truth(method: Literal["platt", "isotonic"]) -> None:
    _, score, y = bent()
    truth, later, outcome = bent(seed=1)

    found = fit(method, score, y).apply(later)

    assert np.abs(found - truth).mean() < 0.15
    assert log_loss(outcome, probability(found)) < log_loss(outcome, probability(later)) - 0.1


def test_platt_finds_slope_and_offset() -> None:
    _, score, y = bent(40_000)

    found = fit("platt", score, y)

    assert found.slope(0.0) == pytest.approx(1 / 3, rel=0.05)
    assert found.apply(1.5) == pytest.approx(0.0, abs=0.06)


def test_isotonic_mends_what_no_line_can() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(0, 2, 20_000)
    y = (random.random(20_000) < probability(truth)).astype(int)
    score = np.where(truth > 0, 4 * truth, truth / 4)

    line, curve = fit("platt", score, y), fit("isotonic", score, y)

    assert log_loss(y, probability(curve.apply(score))) < log_loss(y, probability(line.apply(score))) - 0.005


@pytest.mark.parametrize("method", FITTED)
def test_order_of_rows_is_kept(method: Literal["platt", "isotonic"]) -> None:
    _, score, y = bent(500)
    wide = np.sort(np.concatenate([score, [-60.0, -20.0, 20.0, 60.0]]))

    found = fit(method, score, y).apply(np.unique(wide))

    assert (np.diff(found) > 0).all()
    assert np.isfinite(found).all()
    assert auc(y, probability(fit(method, score, y).apply(score))) == pytest.approx(
        auc(y, probability(score))
    )


@pytest.mark.parametrize("method", FITTED)
def test_ends_go_on_with_the_slope_of_the_line(method: Literal["platt", "isotonic"]) -> None:
    _, score, y = bent(1_000)
    line, found = fit("platt", score, y), fit(method, score, y)

    high, low = score.max() + np.array([10.0, 11.0]), score.min() - np.array([11.0, 10.0])

    assert float(np.diff(found.apply(high))[0]) == pytest.approx(line.high_slope)
    assert float(np.diff(found.apply(low))[0]) == pytest.approx(line.low_slope)


@pytest.mark.parametrize("method", FITTED)
def test_slope_is_the_rise_of_the_map(method: Literal["platt", "isotonic"]) -> None:
    _, score, y = bent(800)
    found = fit(method, score, y)
    places = np.linspace(score.min() - 3, score.max() + 3, 201)

    step = 1e-7
    rise = (found.apply(places + step) - found.apply(places)) / step

    np.testing.assert_allclose(found.slope(places), rise, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", FITTED)
def test_scores_that_say_the_opposite_do_not_turn_the_order_round(
    method: Literal["platt", "isotonic"],
) -> None:
    _, score, y = bent(2_000)

    found = fit(method, -score, y)

    assert found.low_slope == LEAST_SLOPE
    assert (found.slope(np.linspace(-20, 20, 99)) > 0).all()
    assert probability(found.apply(-score)).mean() == pytest.approx(y.mean(), abs=0.02)


@pytest.mark.parametrize("method", FITTED)
def test_perfect_and_constant_scores_have_a_calibration(method: Literal["platt", "isotonic"]) -> None:
    y = np.repeat([0, 1], 50)

    perfect = fit(method, np.where(y == 1, 8.0, -8.0), y).apply([-8.0, 8.0])
    constant = fit(method, np.full(100, 2.0), y).apply([2.0])

    assert perfect[0] < -3
    assert perfect[1] > 3
    assert constant[0] == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-30, 30), st.booleans()), min_size=4, max_size=60).filter(
        lambda rows: len({bad for _, bad in rows}) == 2
    ),
    st.sampled_from(FITTED),
)
def test_whatever_the_rows_the_map_rises(rows: list[tuple[float, bool]], method: Any) -> None:
    score, y = np.array([s for s, _ in rows]), np.array([int(b) for _, b in rows])

    found = fit(method, score, y)

    grid = np.linspace(-40, 40, 161)
    assert (np.diff(found.apply(grid)) > 0).all()


@pytest.mark.parametrize("method", FITTED)
def test_it_survives_json(method: Literal["platt", "isotonic"]) -> None:
    _, score, y = bent(600)
    found = fit(method, score, y)

    again = Calibrator.from_json(json.loads(json.dumps(found.to_json())))

    assert again == found
    np.testing.assert_array_equal(again.apply(score), found.apply(score))


@pytest.mark.parametrize(
    "change",
    [
        {"method": "magic"},
        {"method": None},
        {"knots": [0.0, 0.0]},
        {"values": [1.0, 0.0]},
        {"knots": [0.0]},
        {"low_slope": 0.0},
        {"high_slope": -1.0},
        {"values": ["a", "b"]},
        {"values": [0.0, float("nan")]},
    ],
)
def test_a_file_that_is_no_calibration_is_refused(change: dict[str, Any]) -> None:
    sound = {
        "method": "isotonic",
        "knots": [0.0, 1.0],
        "values": [0.0, 2.0],
        "low_slope": 1.0,
        "high_slope": 1.0,
    }
    assert Calibrator.from_json(sound).apply(0.5) == 1.0

    with pytest.raises(DataError):
        Calibrator.from_json(sound | change)


def test_auto_leaves_good_scores_alone() -> None:
    truth, _, y = bent()

    found = choose("auto", truth, y)

    assert (found.method, found.calibrator) == ("none", None)
    assert set(found.losses) == {"none", "platt", "isotonic"}
    assert "No method gains clearly" in found.reason


def test_auto_mends_bent_scores() -> None:
    _, score, y = bent()

    found = choose("auto", score, y)

    assert found.method == "platt"  # a line bent them, so a line is enough
    assert found.calibrator == fit("platt", score, y)
    assert found.losses["platt"] < found.losses["none"] - 0.1


def test_losses_are_of_rows_the_method_was_not_fitted_to() -> None:
    random = np.random.default_rng(0)
    score, y = random.normal(size=60), random.integers(0, 2, 60)  # nothing to be learnt

    found = choose("auto", score, y)

    inside = log_loss(y, probability(fit("isotonic", score, y).apply(score)))
    assert found.losses["isotonic"] > inside


@pytest.mark.parametrize("asked", ["platt", "isotonic"])
def test_what_is_asked_for_is_done(asked: Any) -> None:
    truth, _, y = bent(300)

    found = choose(asked, truth, y)

    assert found.method == asked
    assert found.calibrator is not None


def test_none_is_none() -> None:
    assert choose("none", [], []).calibrator is None


@pytest.mark.parametrize(
    ("score", "y", "words"),
    [
        ([0.0, 1.0], [1, 1], "both classes"),
        ([], [], "both classes"),
        ([0.0, float("inf")], [0, 1], "finite"),
        ([0.0, float("nan")], [0, 1], "numbers"),
        ([0.0, 1.0, 2.0], [0, 1], "same length"),
    ],
)
def test_rows_that_cannot_be_learnt_from_are_refused(score: list[float], y: list[int], words: str) -> None:
    with pytest.raises(DataError, match=words):
        fit("platt", score, y)


def test_auto_with_one_row_of_a_class_changes_nothing() -> None:
    found = choose("auto", np.arange(20.0), np.eye(20, dtype=int)[3])

    assert found.method == "none"
    assert "Too few" in found.reason
