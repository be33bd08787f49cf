from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from aimass_core.evaluate.calibration import brier, log_loss, reliability, wilson


def test_brier_and_log_loss_equal_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    p = generator.random(500)
    y = (generator.random(500) < p).astype(int)

    assert brier(y, p) == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert log_loss(y, p) == pytest.approx(sklearn_log_loss(y, p), abs=1e-12)


def test_certain_and_wrong_stays_finite_as_in_scikit_learn() -> None:
    y, p = [1, 0], [0.0, 0.0]

    assert log_loss(y, p) == pytest.approx(sklearn_log_loss(y, p, labels=[0, 1]), rel=1e-12)
    assert brier(y, p) == 0.5


def test_both_are_defined_for_one_class_and_not_for_none() -> None:
    assert log_loss([0, 0], [0.5, 0.5]) == pytest.approx(math.log(2))
    assert math.isnan(brier([], []))
    assert math.isnan(log_loss([], []))


def test_reliability_has_equal_counts_and_known_shares() -> None:
    p = np.arange(100) / 100
    y = (np.arange(100) >= 50).astype(int)

    bins = reliability(y, p)

    assert [b.rows for b in bins] == [10] * 10
    assert [b.observed for b in bins] == [0.0] * 5 + [1.0] * 5
    assert bins[0].predicted == pytest.approx(0.045)
    assert (bins[3].low, bins[3].high) == (0.3, 0.39)


def test_reliability_never_splits_equal_scores_and_keeps_every_row() -> None:
    p = np.array([0.0] * 90 + [0.3] * 5 + [0.9] * 5)
    y = np.array([0] * 90 + [0, 0, 1, 1, 1] + [1] * 5)

    bins = reliability(y, p)

    assert [b.rows for b in bins] == [90, 5, 5] or [b.rows for b in bins] == [90, 10]
    assert sum(b.rows for b in bins) == 100
    assert sum(b.bads for b in bins) == 8
    assert all(b.observed_low <= b.observed <= b.observed_high for b in bins)


def test_reliability_does_not_depend_on_the_order_of_rows() -> None:
    generator = np.random.default_rng(3)
    p = generator.integers(0, 20, 300) / 20
    y = generator.integers(0, 2, 300)
    order = generator.permutation(300)

    again = reliability(y[order], p[order])

    for one, other in zip(reliability(y, p), again, strict=True):
        assert (one.rows, one.bads, one.low) == (other.rows, other.bads, other.low)


def test_wilson_interval_solves_its_equation() -> None:
    low, high = wilson(7, 50)
    z = NormalDist().inv_cdf(0.975)

    for bound in (low, high):
        assert abs(bound - 0.14) == pytest.approx(z * math.sqrt(bound * (1 - bound) / 50))
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0
    assert all(math.isnan(bound) for bound in wilson(0, 0))
