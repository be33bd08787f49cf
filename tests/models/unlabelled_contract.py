"""What every family without a target promises; each family's test class inherits these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimass_core.errors import DataError
from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.progress import Progress
from aimass_core.models.base import BinaryClassifier
from aimass_core.models.catalog import FAMILIES
from aimass_core.models.unlabelled import UnlabelledScorer
from tests.models.contract import CATEGORY, FamilyContract, bank


def ordinary(rows: int, seed: int = 0) -> np.ndarray:
    """Rows of seven columns that go together: two sources, their sums and differences, a label, gaps."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, rows))
    X = np.column_stack([a, b, a + b, np.zeros(rows), a - b, 2 * a, random.normal(size=rows)])
    X[:, [2, 4, 5]] += 0.1 * random.normal(size=(rows, 3))
    X[:, CATEGORY] = random.choice([0, 1, 2], rows, p=[0.6, 0.37, 0.03])
    X[random.random(rows) < 0.05, 6] = np.nan
    return X


def planted(rows: int, seed: int = 1) -> np.ndarray:
    """Rows far from all others in several columns at once."""
    X = ordinary(rows, seed)
    random = np.random.default_rng(seed)
    X[:, [0, 2, 6]] = random.choice([-1.0, 1.0], (rows, 3)) * random.uniform(7, 12, (rows, 3))
    return X


class UnlabelledContract(FamilyContract):
    """The promises of a family, as far as they make sense without a target, and some of its own.

    The rest of `FamilyContract` is about classes of a target: which may be named how, how many there are, and
    rows of one of them. Nothing of that is looked at here.
    """

    test_text_classes_survive_save = None
    test_one_class_is_refused = None
    test_three_classes_are_refused = None
    test_validation_with_another_class_is_refused = None
    test_a_rare_class_is_no_trouble = None

    def scorer(self, **settings: Any) -> UnlabelledScorer:
        found = self.new(**settings)
        assert isinstance(found, UnlabelledScorer)
        return found

    def test_it_learns_what_can_be_learnt(self, fitted: BinaryClassifier) -> None:
        """Planted anomalies are found among rows that were not trained on."""
        estimator = self.scorer().fit(ordinary(3_000))
        X = np.vstack([ordinary(2_000, seed=5), planted(40)])

        p = estimator.predict_proba(X)[:, 1]

        assert auc(np.arange(2_040) >= 2_000, p) > 0.97
        assert np.median(p[2_000:]) > 0.97

    def test_nothing_is_found_where_nothing_is_planted(self) -> None:
        estimator = self.scorer().fit(ordinary(4_000))

        p = estimator.predict_proba(ordinary(4_000, seed=9))[:, 1]

        # New rows of the same kind are as unusual as the training rows: shares are spread evenly.
        for share in (0.5, 0.9, 0.99):
            assert (p > share).mean() == pytest.approx(1 - share, abs=0.05 * 2 * share * (1 - share) + 0.02)

    def test_a_few_anomalies_among_the_training_rows_are_found(self) -> None:
        X = np.vstack([ordinary(3_000), planted(15)])

        p = self.scorer().fit(X).predict_proba(X)[:, 1]

        assert auc(np.arange(3_015) >= 3_000, p) > 0.97

    def test_the_target_is_not_looked_at(self, fitted: BinaryClassifier) -> None:
        X, y = bank()

        for target in (None, 1 - y, np.full(len(y), "late"), np.full(len(y), np.nan)):
            estimator = self.scorer().fit(X, target)
            np.testing.assert_array_equal(estimator.log_odds(X), fitted.log_odds(X))
        assert estimator.classes_.tolist() == [0, 1]

    def test_validation_rows_need_no_target(self) -> None:
        X, y = bank(400)
        held_out, truth = bank(200, seed=4)

        a = self.scorer().fit(X, validation=(held_out, None))
        b = self.scorer().fit(X, y, validation=(held_out, truth))

        np.testing.assert_array_equal(a.log_odds(X), b.log_odds(X))

    def test_the_score_is_the_share_of_training_rows_less_unusual(self) -> None:
        X = ordinary(2_000)
        estimator = self.scorer().fit(X)

        raw = estimator.raw_scores(X)
        p = estimator.predict_proba(X)[:, 1]
        less = (raw[:, None] > raw).mean(axis=1) + (raw[:, None] == raw).mean(axis=1) / 2

        np.testing.assert_allclose(p, less, atol=0.005)

    def test_the_score_keeps_the_order_of_raw_scores(self) -> None:
        estimator = self.scorer().fit(ordinary(500))
        X = np.vstack([ordinary(3_000, seed=3), planted(50), 1_000 * planted(50)])

        raw, odds = estimator.raw_scores(X), estimator.log_odds(X)

        order = np.argsort(raw, kind="stable")
        assert np.isfinite(odds).all()
        apart = np.diff(raw[order]) > 1e-9 * np.abs(raw).max()
        assert (np.diff(odds[order])[apart] > 0).all()

    def test_rows_of_weight_zero_are_not_learnt_from(self) -> None:
        X = np.vstack([ordinary(600), planted(600)])
        weight = np.r_[np.ones(600), np.zeros(600)]

        weighted = self.scorer().fit(X, None, weight)

        np.testing.assert_array_equal(weighted.log_odds(X), self.scorer().fit(X[:600]).log_odds(X))

    def test_further_rows_are_learnt_from(self) -> None:
        X = ordinary(600)

        apart = self.scorer().fit(X[:400], unlabelled=X[400:])

        np.testing.assert_array_equal(apart.log_odds(X), self.scorer().fit(X).log_odds(X))
        alone = self.scorer().fit(X[:400], unlabelled=X[:0])
        np.testing.assert_array_equal(alone.log_odds(X), self.scorer().fit(X[:400]).log_odds(X))

    def test_rows_without_any_weight_are_refused(self) -> None:
        with pytest.raises(ValueError, match="non-zero"):
            self.scorer().fit(ordinary(20), None, np.zeros(20))

    def test_a_column_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(DataError, match="column 3 of 2"):
            self.scorer().fit(np.zeros((20, 2)))

    def test_a_rare_label_is_more_unusual_than_a_common_one(self) -> None:
        estimator = self.scorer().fit(ordinary(3_000))
        X = ordinary(500, seed=6)
        common, rare = X.copy(), X.copy()
        common[:, CATEGORY], rare[:, CATEGORY] = 0, 2

        assert (estimator.raw_scores(rare) > estimator.raw_scores(common)).mean() > 0.9

    def test_constant_data_is_scored(self) -> None:
        X = np.full((50, 4), 2.0)

        estimator = self.scorer().fit(X)

        assert np.isfinite(estimator.log_odds(X)).all()
        assert np.isfinite(estimator.log_odds(X + 1)).all()

    def test_it_says_that_it_needs_no_target(self) -> None:
        assert FAMILIES[self.key].labelled is False
        assert FAMILIES[self.key].group == "unlabelled"
        assert "not a probability of fraud" in FAMILIES[self.key].summary

    def test_progress_is_reported_in_order(self) -> None:
        seen: list[Progress] = []

        self.scorer().fit(ordinary(300), progress=seen.append)

        assert [message.step for message in seen] == list(range(1, len(seen) + 1))
        assert all(message.step <= message.steps and message.message for message in seen)

    def test_a_saved_map_is_the_same(self, tmp_path: Path) -> None:
        estimator = self.scorer().fit(ordinary(300))

        estimator.save(tmp_path)
        loaded = type(estimator).load(tmp_path)

        X = np.vstack([ordinary(300, seed=2), 100 * planted(10)])
        np.testing.assert_allclose(loaded.raw_scores(X), estimator.raw_scores(X), rtol=0, atol=1e-12)
        np.testing.assert_array_equal(loaded.unusualness_.scores, estimator.unusualness_.scores)
