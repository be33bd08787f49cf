"""The mix of reasons over time: planted drift is seen, chance is not."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.errors import DataError, NotFoundError
from aimass_core.explain.contributions import Contributions
from aimass_core.explain.mix import NO_REASON, ReasonMix, by_period, shift
from aimass_core.explain.reason_mix import chance_of_same, jensen_shannon, newcombe, psi, total_variation

LABELS = ("2026-01", "2026-02", "2026-03")


def planted(*, moved: float, rows: int = 800) -> ReasonMix:
    """Make three months; in the last `late` speaks more against each row."""
    random = np.random.default_rng(0)
    period = np.repeat(np.arange(3), rows)
    values = random.normal(size=(3 * rows, 4))
    values[period == 2, 1] += moved
    return by_period(Contributions(np.arange(3 * rows), tuple("abcd"), values), period, LABELS)


def test_planted_drift_is_seen_and_named() -> None:
    found = shift(planted(moved=1.5), "2026-02", "2026-03")

    assert found.verdict == "large"
    assert found.psi > found.psi_chance
    assert found.changes[0].feature == "b"
    assert found.changes[0].moved
    assert found.changes[0].top_gap > 0.2
    assert found.changes[0].weight_low > 0


def test_months_alike_did_not_move() -> None:
    found = shift(planted(moved=1.5), "2026-01", "2026-02")

    assert found.verdict == "none"
    assert found.psi < max(0.1, found.psi_chance)


def test_few_rows_are_not_judged() -> None:
    found = shift(planted(moved=3.0, rows=20), "2026-01", "2026-03")

    assert found.verdict == "unknown"
    assert found.psi_chance > 0.25


def test_shares_add_up_and_the_category_without_a_reason_counts() -> None:
    values = np.array([[1.0, 0.5], [-1.0, -0.5], [0.2, 0.4], [-1.0, 1e-12]])
    made = by_period(Contributions(np.arange(4), ("a", "b"), values), np.zeros(4, np.int64), ("all",))

    (only,) = made.periods
    assert only.top.tolist() == [1, 1, 2]
    changes = {item.feature: item for item in shift(made, "all", "all").changes}
    assert changes[NO_REASON].top_before == 0.5
    assert sum(item.top_before for item in changes.values()) == pytest.approx(1.0)
    weights, _ = only.weights()
    np.testing.assert_allclose(weights, np.array([3.2, 1.4]) / 4.6)


def test_error_of_a_weight_is_that_of_repeated_samples() -> None:
    random = np.random.default_rng(3)
    shares, errors = [], []
    for _ in range(300):
        values = random.normal(size=(200, 3)) * np.array([3.0, 1.0, 0.5])
        made = by_period(Contributions(np.arange(200), tuple("abc"), values), np.zeros(200, np.int64), ("t",))
        share, error = made.periods[0].weights()
        shares.append(share)
        errors.append(error)

    np.testing.assert_allclose(np.mean(errors, axis=0), np.std(shares, axis=0, ddof=1), rtol=0.12)


def test_rows_without_a_time_are_left_out_and_one_period_stays_one() -> None:
    found = Contributions(np.arange(3), ("a",), np.ones((3, 1)))

    made = by_period(found, np.array([-1, 0, 0]), ("2026-01",))

    assert [period.rows for period in made.periods] == [2]
    with pytest.raises(NotFoundError, match="2025-01"):
        made.period("2025-01")


def test_lengths_must_agree() -> None:
    with pytest.raises(DataError, match="3 rows and 2 periods"):
        by_period(Contributions(np.arange(3), ("a",), np.ones((3, 1))), np.zeros(2, np.int64), ("t",))


def test_distances_of_known_mixes() -> None:
    same, other, half = np.array([50, 50, 0]), np.array([0, 0, 100]), np.array([25, 75, 0])

    assert total_variation(same, same) == jensen_shannon(same, same) == 0
    assert total_variation(same, other) == jensen_shannon(same, other) == 1
    assert total_variation(same, half) == pytest.approx(0.25)
    value, _ = psi(same, half)
    a, e = np.array([25.5, 75.5]) / 101, np.array([50.5, 50.5]) / 101
    assert value == pytest.approx(float(((a - e) * np.log(a / e)).sum()))


def test_chance_takes_psi_beyond_its_limit_in_about_five_percent() -> None:
    random = np.random.default_rng(5)
    shares = np.array([0.5, 0.3, 0.15, 0.03, 0.02])
    over = 0
    for _ in range(600):
        first, second = random.multinomial(300, shares), random.multinomial(500, shares)
        value, limit = psi(first, second)
        over += value > limit

    assert 0.02 < over / 600 < 0.09


def test_empty_mixes_are_undefined() -> None:
    nothing, some = np.zeros(3, np.int64), np.array([1, 2, 3])

    assert np.isnan(
        [*psi(nothing, some), total_variation(nothing, some), jensen_shannon(some, nothing)]
    ).all()
    assert chance_of_same(np.array([5, 0]), np.array([7, 0])) == 1.0


def test_newcombe_gives_the_published_interval() -> None:
    """Newcombe (1998), table II, example (a): 56/70 and 48/80, difference 0.2, method 10."""
    gap, low, high = newcombe((48, 56), (80, 70))

    assert (gap, low, high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert np.isnan(newcombe((0, 1), (0, 10))).all()
