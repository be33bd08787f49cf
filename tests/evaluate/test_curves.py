from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from aimass_core.evaluate.curves import POINTS, gains, ks_curve, pr, roc
from aimass_core.evaluate.ranking import rank, spread

_Y = [1, 0, 1, 0, 0]
_P = [0.9, 0.8, 0.7, 0.7, 0.1]


def test_roc_of_a_small_example_is_known() -> None:
    curve = roc(rank(_Y, _P))

    assert curve.x == pytest.approx((0, 0, 1 / 3, 2 / 3, 1))
    assert curve.y == pytest.approx((0, 0.5, 0.5, 1, 1))
    assert curve.threshold[1:] == (0.9, 0.8, 0.7, 0.1)
    assert np.isnan(curve.threshold[0])


def test_every_point_of_a_thinned_curve_is_a_point_of_the_exact_one() -> None:
    generator = np.random.default_rng(0)
    y = (generator.random(20_000) < 0.002).astype(int)
    p = np.clip(generator.random(20_000) * 0.5 + 0.4 * y, 0, 1)
    ranking = rank(y, p)

    false_rate, true_rate, _ = roc_curve(y, p, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(y, p)

    thin = roc(ranking)
    exact = set(zip(false_rate.round(12), true_rate.round(12), strict=True))
    assert len(thin.x) <= POINTS
    assert set(zip(np.round(thin.x, 12), np.round(thin.y, 12), strict=True)) <= exact
    assert (thin.x[-1], thin.y[-1]) == (1, 1)
    exact = set(zip(recall.round(12), precision.round(12), strict=True))
    # scikit-learn stops once recall is 1; our curve goes on to the last score
    shown = {
        (x, y) for x, y in zip(np.round(pr(ranking).x, 12), np.round(pr(ranking).y, 12), strict=True) if x < 1
    }
    assert shown <= exact


def test_rare_class_gets_half_of_the_points() -> None:
    generator = np.random.default_rng(0)
    y = np.zeros(100_000, dtype=int)
    y[:100] = 1
    ranking = rank(y, generator.random(100_000) * 0.9 + 0.1 * y)

    at = spread(ranking, 198)

    steps = np.diff(ranking.cumulative_bads[at] / 100)
    assert steps.max() <= 0.03
    assert at[0] == 0
    assert at[-1] == ranking.scores.size - 1


def test_ks_curve_names_the_place_of_the_largest_distance() -> None:
    curve = ks_curve(rank([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.3, 0.4, 0.2, 0.1]))

    assert curve.value == pytest.approx(2 / 3)
    assert curve.best_threshold in (0.8, 0.3)
    place = curve.threshold.index(curve.best_threshold)
    assert abs(curve.bads[place] - curve.goods[place]) == pytest.approx(curve.value)


def test_gains_of_a_perfect_ranking_are_known() -> None:
    curve = gains(rank([1, 1, 0, 0, 0, 0, 0, 0], np.linspace(0.9, 0.1, 8)))

    assert curve.capture[:3] == pytest.approx((0.5, 1, 1))
    assert curve.lift[:2] == pytest.approx((4, 4))
    assert (curve.share[-1], curve.capture[-1], curve.lift[-1]) == (1, 1, 1)


def test_one_class_gives_empty_curves() -> None:
    ranking = rank([0, 0, 0], [0.1, 0.2, 0.3])

    assert roc(ranking).x == pr(ranking).x == ks_curve(ranking).bads == gains(ranking).share == ()
    assert np.isnan(ks_curve(ranking).value)
