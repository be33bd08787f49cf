"""LightGBM: the family's promises, early stopping, contributions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aimass_core.models.boosting import MODEL_FILE, BoostingClassifier
from tests.models.contract import CATEGORY, FamilyContract, bank


class TestBoosting(FamilyContract):
    key = "boosting"


@pytest.fixture(scope="module")
def fitted() -> BoostingClassifier:
    X, y = bank()
    return BoostingClassifier(categorical=(CATEGORY,)).fit(X, y)


def test_contributions_add_up_to_the_log_odds(fitted: BoostingClassifier) -> None:
    X, _ = bank(100)

    values, base = fitted.contributions(X)

    assert values.shape == (100, 4)
    np.testing.assert_allclose(base + values.sum(axis=1), fitted.log_odds(X), atol=1e-9)


def test_validation_stops_early_at_the_best_tree() -> None:
    X, y = bank(1_500)
    random = np.random.default_rng(0)
    noise = (random.normal(size=(500, 4)), random.integers(0, 2, 500))

    # Validation rows that mean nothing get worse with every tree.
    estimator = BoostingClassifier(trees=2_000, rate=0.3, patience=5).fit(X, y, validation=noise)

    assert estimator.trees_ < 50
    assert estimator.booster_.num_trees() == estimator.trees_


def test_without_validation_all_trees_are_used(fitted: BoostingClassifier) -> None:
    assert fitted.trees_ == fitted.trees == 250


def test_the_saved_model_is_lightgbms_own_text(fitted: BoostingClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path)

    assert (tmp_path / MODEL_FILE).read_text(encoding="utf-8").startswith("tree\n")


def test_the_number_of_threads_does_not_change_the_model() -> None:
    X, y = bank(2_000)

    def odds(threads: int) -> np.ndarray:
        import lightgbm

        estimator = BoostingClassifier(trees=40).fit(X, y)
        found = estimator.booster_.predict(X, raw_score=True, num_threads=threads)
        assert isinstance(estimator.booster_, lightgbm.Booster)
        return np.asarray(found)

    np.testing.assert_array_equal(odds(1), odds(2))
