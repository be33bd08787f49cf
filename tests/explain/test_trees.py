"""Interventional Shapley values of LightGBM's trees, exact for every kind of split."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.explain import trees
from aimass_core.explain.forest import Forest
from aimass_core.models.boosting import BoostingClassifier
from tests.explain.definition import by_coalitions

RANDOM = np.random.default_rng(3)


def _data(rows: int) -> tuple[np.ndarray, np.ndarray]:
    X = RANDOM.normal(size=(rows, 6))
    X[:, 2] = RANDOM.integers(0, 7, rows)
    X[:, 5] = RANDOM.integers(0, 3, rows)
    X[RANDOM.random(rows) < 0.2, 1] = np.nan
    X[RANDOM.random(rows) < 0.1, 2] = np.nan
    X[:, 4] = 1.0
    odds = (
        X[:, 0] * (X[:, 2] == 3) + np.nan_to_num(X[:, 1]) - (X[:, 5] == 1) * X[:, 3] + 0.5 * np.isnan(X[:, 1])
    )
    return X, (RANDOM.random(rows) < 1 / (1 + np.exp(-2 * odds))).astype(int)


X, Y = _data(600)
MODEL = BoostingClassifier(trees=30, min_child=5, leaves=8, column_share=1.0, categorical=(2, 5)).fit(X, Y)
SINGLES = [(j,) for j in range(6)]


def test_values_are_those_of_all_coalitions() -> None:
    rows, reference = X[:6].copy(), X[100:130]
    rows[0, 2] = 99.0  # a label never seen
    rows[1, 0] = np.nan  # missing where nothing was missing in training

    values, base = trees.interventional(Forest.of(MODEL.booster_.dump_model(), SINGLES), rows, reference)

    for row, found in zip(rows, values, strict=True):
        wanted = by_coalitions(MODEL.log_odds, row, reference, SINGLES)
        np.testing.assert_allclose(found, wanted, atol=1e-10)
    assert base == pytest.approx(MODEL.log_odds(reference).mean(), abs=1e-12)


def test_values_add_up_to_the_score() -> None:
    values, base = trees.interventional(Forest.of(MODEL.booster_.dump_model(), SINGLES), X[:40], X[200:300])

    np.testing.assert_allclose(base + values.sum(axis=1), MODEL.log_odds(X[:40]), atol=1e-10)


def test_columns_of_one_player_are_one_player() -> None:
    players = [(0, 1), (2,), (3, 5), (4,)]
    reference = X[100:120]

    values, _ = trees.interventional(Forest.of(MODEL.booster_.dump_model(), players), X[:3], reference)

    for row, found in zip(X[:3], values, strict=True):
        np.testing.assert_allclose(found, by_coalitions(MODEL.log_odds, row, reference, players), atol=1e-10)


def test_column_without_a_split_gets_nothing() -> None:
    values, _ = trees.interventional(Forest.of(MODEL.booster_.dump_model(), SINGLES), X[:20], X[200:250])

    assert (values[:, 4] == 0).all()


def test_row_does_not_depend_on_its_neighbours() -> None:
    forest = Forest.of(MODEL.booster_.dump_model(), SINGLES)

    together, _ = trees.interventional(forest, X[:10], X[200:250])
    alone, _ = trees.interventional(forest, X[7:8], X[200:250])

    np.testing.assert_array_equal(alone[0], together[7])


@pytest.mark.filterwarnings("ignore:The set_:PendingDeprecationWarning")  # by shap, of matplotlib
def test_shap_agrees_where_it_can() -> None:
    import shap

    numbers = BoostingClassifier(trees=20, min_child=5).fit(X[:, [0, 1, 3]], Y)
    rows, reference = X[:20][:, [0, 1, 3]], X[200:260][:, [0, 1, 3]]
    oracle = shap.TreeExplainer(numbers.booster_, reference, feature_perturbation="interventional")

    values, base = trees.interventional(
        Forest.of(numbers.booster_.dump_model(), [(0,), (1,), (2,)]), rows, reference
    )

    np.testing.assert_allclose(values, oracle.shap_values(rows), atol=1e-4)  # shap sums in float32
    assert base == pytest.approx(float(np.ravel(oracle.expected_value)[0]), abs=1e-4)


def test_trees_that_never_split_have_only_a_base() -> None:
    stump = BoostingClassifier(trees=3, min_child=10_000).fit(np.ones((50, 1)), np.tile([0, 1], 25))

    values, base = trees.interventional(
        Forest.of(stump.booster_.dump_model(), [(0,)]), np.ones((2, 1)), np.ones((3, 1))
    )

    np.testing.assert_array_equal(values, 0.0)
    assert base == pytest.approx(stump.log_odds(np.ones((1, 1)))[0])
