"""The scorecard: the family's promises and its closed form."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.models.scorecard import ScorecardClassifier
from tests.models.contract import CATEGORY, FamilyContract, bank


class TestScorecard(FamilyContract):
    key = "scorecard"


@pytest.fixture(scope="module")
def fitted() -> ScorecardClassifier:
    X, y = bank()
    return ScorecardClassifier(categorical=(CATEGORY,)).fit(X, y)


def test_log_odds_are_the_sum_of_the_tables(fitted: ScorecardClassifier) -> None:
    X, _ = bank(40)
    codes = fitted.bin_codes(X)

    by_hand = [fitted.intercept_ + sum(fitted.tables_[j][codes[i, j]] for j in range(4)) for i in range(40)]

    np.testing.assert_allclose(fitted.log_odds(X), by_hand, atol=1e-12)
    np.testing.assert_allclose(fitted.intercept_ + fitted.points(X).sum(axis=1), by_hand, atol=1e-12)


def test_points_are_centred_on_the_training_rows(fitted: ScorecardClassifier) -> None:
    X, _ = bank()

    np.testing.assert_allclose(fitted.points(X).mean(axis=0), 0.0, atol=1e-12)


def test_an_unseen_label_adds_nothing(fitted: ScorecardClassifier) -> None:
    X, _ = bank(3)
    X[:, CATEGORY] = 17

    np.testing.assert_array_equal(fitted.points(X)[:, CATEGORY], 0.0)


def test_missing_in_a_column_that_was_complete_adds_nothing(fitted: ScorecardClassifier) -> None:
    X, _ = bank(3)
    X[:, 0] = np.nan

    np.testing.assert_array_equal(fitted.points(X)[:, 0], 0.0)


def test_contributions_add_up_and_vanish_at_the_reference(fitted: ScorecardClassifier) -> None:
    X, _ = bank(60)
    reference = X[:25]

    values, base = fitted.contributions(X, reference)

    np.testing.assert_allclose(base + values.sum(axis=1), fitted.log_odds(X), atol=1e-12)
    np.testing.assert_allclose(values[:25].mean(axis=0), 0.0, atol=1e-12)
    assert base == pytest.approx(fitted.log_odds(reference).mean())


def test_known_points_are_recovered() -> None:
    # 40,000 rows, two labels with log-odds -1 and +1, and a number that means nothing.
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 40_000)
    y = (random.random(40_000) < np.where(label == 1, 0.7310586, 0.2689414)).astype(int)
    X = np.column_stack([label, random.normal(size=40_000)])

    card = ScorecardClassifier(categorical=(0,)).fit(X, y)

    assert card.tables_[0][1] - card.tables_[0][0] == pytest.approx(2.0, abs=0.08)
    assert np.abs(card.tables_[1]).max() < 0.1


def test_smoothing_narrows_the_steps_between_bins() -> None:
    X, y = bank(400)

    rough = ScorecardClassifier(smoothing=0.0).fit(X, y)
    smooth = ScorecardClassifier(smoothing=100.0).fit(X, y)

    def roughness(card: ScorecardClassifier) -> float:
        return float(np.abs(np.diff(card.tables_[2][:20])).sum())

    assert roughness(smooth) < 0.3 * roughness(rough)


def test_the_mean_probability_is_the_bad_rate() -> None:
    # The intercept is not penalised, so logistic regression meets the base rate exactly.
    X, y = bank(500)

    p = ScorecardClassifier(categorical=(CATEGORY,)).fit(X, y).predict_proba(X)[:, 1]

    assert p.mean() == pytest.approx(y.mean(), abs=1e-5)
