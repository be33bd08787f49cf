"""LightGBM: the family's promises, early stopping, contributions."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from aimass_core.errors import SettingsError
from aimass_core.evaluate.calibration import log_loss
from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.progress import Progress
from aimass_core.models.boosting import MODEL_FILE, BoostingClassifier
from aimass_core.models.focal import focal_derivatives
from tests.models.contract import CATEGORY, FamilyContract, bank


class TestBoosting(FamilyContract):
    key = "boosting"


class TestFocalBoosting(FamilyContract):
    """The same promises with every other objective switched on."""

    key = "boosting"
    quick: ClassVar = {"focal": 1.0, "trees": 150}


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


def test_monotone_numbers_only_move_scores_their_way() -> None:
    X, y = bank(1_500)
    names = ("income", "debt", "noise", "region")
    grid = np.linspace(-3, 3, 61)
    rows = np.repeat(X[:40], len(grid), axis=0)
    rows[:, 2] = np.tile(grid, 40)

    free = BoostingClassifier(names=names).fit(X, y)
    held = BoostingClassifier(names=names, monotone={"noise": "up"}).fit(X, y)
    fallen = BoostingClassifier(names=names, monotone={"noise": "down"}).fit(X, y)

    def steps(model: BoostingClassifier) -> np.ndarray:
        return np.diff(model.log_odds(rows).reshape(40, -1), axis=1)

    assert steps(free).min() < 0 < steps(free).max()
    assert steps(held).min() >= -1e-12
    assert steps(fallen).max() <= 1e-12


@pytest.mark.parametrize(
    ("monotone", "words"),
    [
        ({"age": "up"}, "'age' is none of them"),
        ({"region": "up"}, "no order"),
        ({"debt": "sideways"}, "sideways"),
    ],
)
def test_monotone_settings_that_mean_nothing_are_refused(monotone: dict[str, str], words: str) -> None:
    X, y = bank(100)
    model = BoostingClassifier(
        categorical=(CATEGORY,), names=("income", "debt", "noise", "region"), monotone=monotone
    )

    with pytest.raises(SettingsError, match=words):
        model.fit(X, y)


def test_training_stops_when_the_goal_is_reached() -> None:
    X, y = bank(1_500)
    held_out = bank(800, seed=4)
    seen: list[float] = []

    def note(message: Progress) -> None:
        assert message.metric is not None
        seen.append(message.metric)

    model = BoostingClassifier(goal=0.8, metric="auc").fit(X, y, validation=held_out, progress=note)
    losses = BoostingClassifier(goal=0.5).fit(X, y, validation=held_out)

    assert model.trees_ == len(seen) < 100
    assert seen[-1] >= 0.8 > max(seen[:-1])
    assert (
        log_loss(held_out[1], losses.predict_proba(held_out[0])[:, 1])
        <= 0.5
        < log_loss(
            held_out[1],
            BoostingClassifier(trees=losses.trees_ - 1).fit(X, y).predict_proba(held_out[0])[:, 1],
        )
    )


def test_balanced_classes_raise_scores_of_a_rare_class_without_reordering_much() -> None:
    X, y = bank(4_000)
    rare = (y == 0) | (np.arange(len(y)) % 10 == 0)
    X, y = X[rare], y[rare]

    plain = BoostingClassifier().fit(X, y).predict_proba(X)[:, 1]
    balanced = BoostingClassifier(balanced=True).fit(X, y).predict_proba(X)[:, 1]

    assert abs(plain.mean() - y.mean()) < 0.01
    assert balanced.mean() > 2 * y.mean()
    assert auc(y, balanced) > 0.8


@pytest.mark.parametrize("gamma", [0.0, 0.7, 2.0])
def test_focal_derivatives_are_those_of_the_loss(gamma: float) -> None:
    scores = np.linspace(-4, 4, 41)
    step = 1e-4

    def loss(odds: np.ndarray) -> np.ndarray:
        q = 1 / (1 + np.exp(-odds))
        return -((1 - q) ** gamma) * np.log(q)

    gradient, curvature = focal_derivatives(scores, np.ones(41), gamma)
    mirrored, same = focal_derivatives(-scores, np.zeros(41), gamma)

    np.testing.assert_allclose(gradient, (loss(scores + step) - loss(scores - step)) / (2 * step), atol=1e-7)
    second = (loss(scores + step) - 2 * loss(scores) + loss(scores - step)) / step**2
    np.testing.assert_allclose(curvature, np.maximum(second, 1e-16), atol=1e-6)
    np.testing.assert_array_equal(mirrored, -gradient)
    np.testing.assert_array_equal(same, curvature)


def test_the_focal_loss_of_exponent_nearly_0_is_the_log_loss() -> None:
    X, y = bank(2_000)

    plain = BoostingClassifier(row_share=1.0, column_share=1.0, trees=60).fit(X, y)
    nearly = BoostingClassifier(row_share=1.0, column_share=1.0, trees=60, focal=1e-9).fit(X, y)

    np.testing.assert_allclose(nearly.log_odds(X), plain.log_odds(X), atol=1e-3)


def test_focal_contributions_add_up_and_survive_saving(tmp_path: Path) -> None:
    X, y = bank()
    model = BoostingClassifier(categorical=(CATEGORY,), focal=2.0).fit(X, y)

    values, base = model.contributions(X)
    model.save(tmp_path)

    np.testing.assert_allclose(base + values.sum(axis=1), model.log_odds(X), atol=1e-9)
    np.testing.assert_array_equal(BoostingClassifier.load(tmp_path).log_odds(X), model.log_odds(X))


def test_focal_training_without_a_column_that_varies_gives_the_share_of_bads() -> None:
    y = np.arange(60) % 4 == 0

    model = BoostingClassifier(focal=2.0).fit(np.zeros((60, 2)), y)

    assert model.predict_proba(np.zeros((1, 2)))[0, 1] == pytest.approx(0.25)
