"""Tables of trees give what LightGBM gives, row for row."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.explain import attribution, path_trees
from aimass_core.explain.forest import Forest
from aimass_core.explain.path_trees import PathTables
from aimass_core.models.boosting import BoostingClassifier
from tests.explain.test_trees import MODEL, X, Y


def tables(model: BoostingClassifier) -> PathTables:
    every = [(j,) for j in range(model.n_features_in_)]
    found = PathTables.of(Forest.of(model.booster_.dump_model(), every))
    assert found is not None
    return found


def test_contributions_are_lightgbms_own() -> None:
    rows = X[:300].copy()
    rows[0, 2], rows[1, 0], rows[2] = 99.0, np.nan, np.nan  # never seen; missing; all missing
    wanted, base = MODEL.contributions(rows)

    found = tables(MODEL)

    np.testing.assert_allclose(found.contributions(rows), wanted, atol=1e-12)
    assert found.base == pytest.approx(base, abs=1e-12)
    np.testing.assert_allclose(
        found.base + found.contributions(rows).sum(axis=1), MODEL.log_odds(rows), atol=1e-10
    )


def test_trees_of_one_leaf_and_constant_models() -> None:
    stump = BoostingClassifier(trees=3, min_child=10_000).fit(np.ones((50, 1)), np.tile([0, 1], 25))

    found = tables(stump)

    np.testing.assert_array_equal(found.contributions(np.ones((2, 1))), 0.0)
    assert found.base == pytest.approx(float(stump.log_odds(np.ones((1, 1)))[0]))


def test_too_deep_trees_are_left_to_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_trees, "_LARGEST", 10)

    assert PathTables.of(Forest.of(MODEL.booster_.dump_model(), [(j,) for j in range(6)])) is None


def test_few_and_many_rows_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = BoostingClassifier(trees=12, min_child=5, categorical=(2, 5)).fit(X, Y)
    few, base = attribution.path_dependent(model, X[:50])
    monkeypatch.setattr(attribution, "MANY_ROWS", 50)

    many, base_too = attribution.path_dependent(model, X[:50])

    np.testing.assert_allclose(many, few, atol=1e-12)
    assert base_too == pytest.approx(base, abs=1e-12)
