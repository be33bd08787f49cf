"""Weights of members: against answers known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from aimass_core.evaluate.discrimination import auc
from aimass_core.models.ensembles.weights import (
    Weights,
    blended,
    measured,
    stacked,
    step,
    towards_best,
)


def made(rows: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two members that each know one half of the log-odds, a third that knows nothing."""
    random = np.random.default_rng(seed)
    first, second, noise = random.normal(size=(3, rows)) * 2
    y = (random.random(rows) < expit(0.6 * first + 0.3 * second + 0.4)).astype(float)
    return np.column_stack([first, second, noise]), y


def test_logistic_stacking_finds_the_true_weights() -> None:
    odds, y = made()

    found = stacked(odds, y, np.ones(len(y)), l2=0.0, final="logistic")

    np.testing.assert_allclose(found.values, [0.6, 0.3, 0.0], atol=0.04)
    assert found.intercept == pytest.approx(0.4, abs=0.05)


def test_ridge_stacking_finds_the_same_proportions_and_scale() -> None:
    odds, y = made()

    found = stacked(odds, y, np.ones(len(y)), l2=0.0, final="ridge")

    assert found.values[1] / found.values[0] == pytest.approx(0.5, abs=0.06)
    assert expit(found.of(odds)).mean() == pytest.approx(y.mean(), abs=1e-3)
    np.testing.assert_allclose(found.values, [0.6, 0.3, 0.0], atol=0.05)


def test_a_member_that_is_wrong_gets_nothing() -> None:
    odds, y = made()
    odds[:, 2] = odds[:, 2] - odds[:, 0]

    for weights in (
        blended(odds * 0.5, y, np.ones(len(y)), l2=0.0, sum_to_one=True),
        blended(odds, y, np.ones(len(y)), l2=0.0, sum_to_one=False),
        stacked(odds, y, np.ones(len(y)), l2=0.0, final="logistic"),
        stacked(odds, y, np.ones(len(y)), l2=0.0, final="ridge"),
    ):
        assert (weights.values >= 0).all()
        assert weights.values[2] == 0


def test_blending_weights_sum_to_one_and_minimise_log_loss() -> None:
    odds, y = made(4_000)

    found = blended(odds, y, np.ones(len(y)), l2=0.0, sum_to_one=True)
    best = -measured("log_loss", y, found.of(odds))

    assert found.values.sum() == pytest.approx(1.0)
    assert found.intercept == 0
    steps = np.linspace(0, 1, 21)
    for a in steps:
        for b in steps[steps <= 1 - a + 1e-9]:
            other = Weights(np.array([a, b, max(0.0, 1 - a - b)]))
            assert -measured("log_loss", y, other.of(odds)) >= best - 1e-7


def test_rows_of_weight_zero_do_not_weigh() -> None:
    odds, y = made(2_000)
    weight = np.r_[np.ones(1_000), np.zeros(1_000)]
    flipped = np.where(weight > 0, y, 1 - y)

    for fit in (
        lambda target: blended(odds, target, weight, l2=1.0, sum_to_one=True),
        lambda target: stacked(odds, target, weight, l2=1.0, final="logistic"),
        lambda target: stacked(odds, target, weight, l2=1.0, final="ridge"),
    ):
        np.testing.assert_allclose(fit(y).values, fit(flipped).values, atol=1e-8)


def test_a_strong_pull_gives_the_plain_mean() -> None:
    odds, y = made(500)
    ones = np.ones(len(y))

    for found in (
        blended(odds, y, ones, l2=1e9, sum_to_one=True),
        stacked(odds, y, ones, l2=1e9, final="logistic"),
    ):
        np.testing.assert_allclose(found.values, 1 / 3, atol=1e-4)


def test_one_member_alone_has_the_weight_one() -> None:
    odds, y = made(500)

    found = blended(odds[:, :1], y, np.ones(len(y)), l2=10.0, sum_to_one=True)

    assert found.values.tolist() == [1.0]


def test_weights_move_to_the_best_member_where_they_measure_worse() -> None:
    odds, y = made(4_000)
    bad = Weights(np.array([0.1, 0.1, 0.8]), 0.3)

    moved = towards_best(bad, odds, y, metric="auc")
    kept = towards_best(Weights(np.array([0.6, 0.3, 0.0])), odds, y, metric="auc")

    assert auc(y, expit(moved.of(odds))) >= auc(y, expit(odds[:, 0]))
    assert moved.values[0] > bad.values[0]
    assert kept.values.tolist() == [0.6, 0.3, 0.0]


def test_the_last_step_is_the_best_member_itself() -> None:
    odds, y = made(4_000)
    odds[:, 1:] = odds[:, 2:] * 100  # noise so loud that any share of it hurts

    moved = towards_best(Weights(np.array([0.2, 0.4, 0.4])), odds, y, metric="auc")

    assert moved.values.tolist() == [1.0, 0.0, 0.0]
    assert moved.intercept == 0


def test_weights_stay_where_the_measure_is_undefined() -> None:
    odds, _ = made(50)
    given = Weights(np.array([0.2, 0.3, 0.5]))

    assert towards_best(given, odds, np.zeros(50), metric="auc") is given


def test_the_step_of_a_correction_is_the_one_that_is_missing() -> None:
    odds, y = made()
    ones = np.ones(len(y))

    assert step(0.6 * odds[:, 0] + 0.4, odds[:, 1], y, ones) == pytest.approx(0.3, abs=0.04)
    assert step(0.6 * odds[:, 0] + 0.4, -odds[:, 1], y, ones) == 0
    assert step(0.6 * odds[:, 0] + 0.4, 0.1 * odds[:, 1], y, ones, most=1.0) == 1.0
