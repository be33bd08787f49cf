"""Differences of two scores: against pairs counted one by one, the bootstrap, and where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import brier, log_loss
from aimass_core.evaluate.compare import (
    BOOTSTRAPPED,
    Bootstrapped,
    auc_interval,
    bootstrap_difference,
    delong,
    delong_covariance,
    placements,
)
from aimass_core.evaluate.discrimination import auc, average_precision, ks

Floats = NDArray[np.float64]


def two_scores(
    rows: int = 300, *, seed: int = 0, noise: float = 0.5
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """One score that knows the risk and one that knows it less well; rounded, so that ties occur."""
    random = np.random.default_rng(seed)
    risk = random.normal(size=rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-risk))).astype(np.int64)
    a = 1 / (1 + np.exp(-risk - random.normal(size=rows) * 0.3))
    b = 1 / (1 + np.exp(-risk - random.normal(size=rows) * noise))
    return y, a.round(2), b.round(2)


def by_pairs(y: NDArray[np.int64], scores: list[Floats]) -> tuple[Floats, Floats]:
    """DeLong, DeLong & Clarke-Pearson (1988), equations 3 to 8, pair by pair."""
    bad, good = y == 1, y == 0
    v10, v01 = [], []
    for p in scores:
        pairs = (p[bad][:, None] > p[good][None, :]) + 0.5 * (p[bad][:, None] == p[good][None, :])
        v10.append(pairs.mean(axis=1))
        v01.append(pairs.mean(axis=0))
    areas = np.array([part.mean() for part in v10])
    return areas, np.cov(v10) / bad.sum() + np.cov(v01) / good.sum()


def test_covariance_equals_the_definition_pair_by_pair() -> None:
    y, a, b = two_scores()

    areas, covariance = delong_covariance(y, np.stack((a, b)))

    expected_areas, expected = by_pairs(y, [a, b])
    np.testing.assert_allclose(areas, expected_areas, rtol=0, atol=1e-12)
    np.testing.assert_allclose(covariance, expected, rtol=0, atol=1e-15)
    assert areas[0] == pytest.approx(auc(y, a), abs=1e-12)


def test_small_example_counted_by_hand() -> None:
    # bads 0.9, 0.6; goods 0.6, 0.3, 0.1: the bads outrank 3 and 2.5 of the three goods
    y, p = [1, 1, 0, 0, 0], [0.9, 0.6, 0.6, 0.3, 0.1]

    of_bads, of_goods = placements(y, p)

    np.testing.assert_allclose(of_bads, [1, 2.5 / 3])
    np.testing.assert_allclose(of_goods, [0.75, 1, 1])
    areas, covariance = delong_covariance(y, [p])
    assert areas[0] == pytest.approx(5.5 / 6)
    by_hand = np.var([1, 2.5 / 3], ddof=1) / 2 + np.var([0.75, 1, 1], ddof=1) / 3
    assert covariance[0, 0] == pytest.approx(by_hand)


def test_interval_agrees_with_the_bootstrap() -> None:
    y, a, b = two_scores(1_000)
    found = delong(y, a, b)

    random = np.random.default_rng(1)
    drawn = []
    for _ in range(1_000):
        rows = random.integers(0, len(y), len(y))
        drawn.append(auc(y[rows], a[rows]) - auc(y[rows], b[rows]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    width = high - low
    assert found.low == pytest.approx(low, abs=0.12 * width)
    assert found.high == pytest.approx(high, abs=0.12 * width)
    assert found.value == pytest.approx(auc(y, a) - auc(y, b), abs=1e-12)


def test_two_equally_good_scores_are_told_apart_in_one_of_twenty_cases() -> None:
    apart, trials = 0, 400
    for seed in range(trials):
        y, a, b = two_scores(200, seed=seed, noise=0.3)
        found = delong(y, a, b)
        assert (found.p_value < 0.05) == (found.verdict != "open")
        apart += found.verdict != "open"
    # binomial with chance 0.05: 20, give or take three times 4.4
    assert 7 <= apart <= 33


def test_score_cannot_be_told_from_itself_and_sides_can_be_swapped() -> None:
    y, a, b = two_scores(2_000, noise=2.0)

    same, first, second = delong(y, a, a), delong(y, a, b), delong(y, b, a)

    assert (same.value, same.low, same.high, same.p_value, same.verdict) == (0, 0, 0, 1, "open")
    assert (first.verdict, second.verdict) == ("a", "b")
    assert first.low == pytest.approx(-second.high)


def test_words_name_the_better_one_first() -> None:
    y, a, b = two_scores(2_000, noise=2.0)

    found = delong(y, b, a)

    text = found.sentence("B", "A", unit="AUC")
    assert text.startswith(f"A is better than B: {-found.value:+.3f} AUC (95% interval ")
    assert f"{-found.high:.3f} to {-found.low:.3f}" in text
    assert "cannot be told apart" in delong(y[:40], a[:40], a[:40]).sentence("A", "B")


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 0, 0], [1, 1, 0]])
def test_too_few_rows_of_a_class_are_undefined(y: list[int]) -> None:
    found = delong(y, [0.1, 0.2, 0.3], [0.3, 0.2, 0.1])

    assert math.isnan(found.value)
    assert found.verdict == "open"
    assert "undefined" in found.sentence("A", "B")
    with pytest.raises(DataError, match="two rows of each class"):
        delong_covariance(y, [[0.1, 0.2, 0.3]])


def test_auc_interval_of_a_perfect_score_is_unknown() -> None:
    found = auc_interval([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])

    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(auc_interval([0, 0], [0.1, 0.2]).value)
    assert math.isnan(auc_interval([1, 1], [0.1, 0.2]).value)


_DIRECT = {"ks": ks, "average_precision": average_precision, "brier": brier, "log_loss": log_loss}


@pytest.mark.parametrize("key", BOOTSTRAPPED)
def test_bootstrap_difference_is_that_of_rows_redrawn_in_pairs(key: Bootstrapped) -> None:
    y, a, b = two_scores(400, noise=2.0)
    (found,) = bootstrap_difference(y, a, b, measures=[key], replicates=400, seed=3)

    measure = _DIRECT[key]
    assert found.a == pytest.approx(measure(y, a), abs=1e-12)
    assert found.value == pytest.approx(measure(y, a) - measure(y, b), abs=1e-12)
    random = np.random.default_rng(9)
    classes = [np.flatnonzero(y == outcome) for outcome in (0, 1)]
    drawn = []
    for _ in range(400):
        rows = np.concatenate([random.choice(rows, rows.size) for rows in classes])
        drawn.append(measure(y[rows], a[rows]) - measure(y[rows], b[rows]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    assert found.low == pytest.approx(low, abs=0.25 * (high - low))
    assert found.high == pytest.approx(high, abs=0.25 * (high - low))
    all_four = bootstrap_difference(y, a, b, replicates=400, seed=3)
    assert found == {item.measure: item for item in all_four}[key]


def test_less_loss_is_better() -> None:
    y, a, b = two_scores(2_000, noise=3.0)

    (found,) = bootstrap_difference(y, a, b, measures=["log_loss"], replicates=200)

    assert found.value < 0
    assert found.verdict == "a"
