"""From raw anomaly scores to shares of less unusual rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit

from aimass_core.models.unusualness import KNOTS, Unusualness


def test_a_share_counts_the_rows_below_and_half_of_the_equal_ones() -> None:
    found = Unusualness.fit(np.array([1.0, 2.0, 2.0, 4.0]), np.ones(4))

    np.testing.assert_allclose(expit(found.apply(np.array([1.0, 2.0, 4.0]))), [0.125, 0.5, 0.875])


def test_weights_count_as_rows() -> None:
    scores = np.array([1.0, 2.0, 3.0])

    weighted = Unusualness.fit(scores, np.array([3.0, 1.0, 0.0]))

    np.testing.assert_allclose(
        weighted.log_odds, Unusualness.fit(np.array([1.0, 1.0, 1.0, 2.0]), np.ones(4)).log_odds
    )
    assert weighted.scores.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("rows", [3, 500, 50_000])
def test_shares_are_those_of_the_training_rows_also_far_out(rows: int) -> None:
    scores = np.random.default_rng(0).lognormal(0, 2, rows)

    found = Unusualness.fit(scores, np.ones(rows))
    shares = expit(found.apply(np.sort(scores)))

    exact = (np.arange(rows) + 0.5) / rows
    np.testing.assert_allclose(shares, exact, atol=2.5 / KNOTS)
    # In the tails shares keep their order of magnitude.
    np.testing.assert_allclose(logit(shares), logit(exact), atol=0.15)
    assert len(found.scores) <= KNOTS + 1


def test_order_is_kept_beyond_all_training_scores() -> None:
    found = Unusualness.fit(np.linspace(-1, 1, 101), np.ones(101))
    scores = np.concatenate([-np.logspace(9, 0.001, 50), np.linspace(-1, 1, 500), np.logspace(0.001, 9, 50)])

    odds = found.apply(scores)

    assert (np.diff(odds) > 0).all()
    assert np.isfinite(odds).all()
    assert odds.max() < 60


def test_the_map_is_smooth_at_its_ends() -> None:
    scores = np.random.default_rng(0).normal(size=1_000)
    found = Unusualness.fit(scores, np.ones(1_000))
    step = 1e-7
    for end, inner in ((found.scores[-1], -step), (found.scores[0], step)):
        inside = found.apply(np.array([end + inner]))[0] - found.apply(np.array([end]))[0]
        outside = found.apply(np.array([end]))[0] - found.apply(np.array([end - inner]))[0]
        assert outside == pytest.approx(inside, rel=1e-3)


def test_one_score_only_is_even_odds() -> None:
    found = Unusualness.fit(np.full(7, 3.0), np.ones(7))

    assert found.apply(np.array([3.0])) == 0.0
    assert found.apply(np.array([2.0]))[0] < 0 < found.apply(np.array([4.0]))[0]


def test_json_keeps_every_bit() -> None:
    scores = np.random.default_rng(1).normal(size=300)
    found = Unusualness.fit(scores, np.ones(300))

    again = Unusualness.from_json(json.loads(json.dumps(found.to_json())))

    np.testing.assert_array_equal(again.apply(scores * 3), found.apply(scores * 3))
