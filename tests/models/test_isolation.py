"""Isolation forest: the family's promises, and scikit-learn's own scores."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from aimass_core.models.isolation import Columns, IsolationScorer
from aimass_core.models.isolation_forest import Forest, mean_path, single
from tests.models.contract import CATEGORY
from tests.models.unlabelled_contract import UnlabelledContract, ordinary, planted


class TestIsolation(UnlabelledContract):
    key = "isolation"
    quick: ClassVar[dict[str, Any]] = {"trees": 100}


@pytest.mark.parametrize(("trees", "sample"), [(1, 2), (7, 64), (50, 256), (20, 1_000)])
def test_scores_are_scikit_learns(trees: int, sample: int) -> None:
    X = single(np.nan_to_num(ordinary(1_000)))
    grown = IsolationForest(n_estimators=trees, max_samples=sample, random_state=3).fit(X)
    fresh = np.vstack(
        [np.nan_to_num(ordinary(40_000, seed=2)), 1e6 * np.nan_to_num(planted(10)), np.zeros((1, 7))]
    )

    found = Forest.of(grown).scores(fresh)

    np.testing.assert_allclose(found, -grown.score_samples(single(fresh)), rtol=0, atol=1e-9)


def test_the_family_is_scikit_learns_forest_on_its_columns() -> None:
    X = ordinary(2_000)
    estimator = IsolationScorer(trees=60, categorical=(CATEGORY,), seed=5).fit(X)
    columns, _ = estimator.learnt_
    inputs = single(columns.transform(X))

    grown = IsolationForest(n_estimators=60, max_samples=256, random_state=5).fit(inputs)

    np.testing.assert_allclose(estimator.raw_scores(X), -grown.score_samples(inputs), rtol=0, atol=1e-9)


def test_values_at_a_threshold_go_left_as_in_scikit_learn() -> None:
    X = np.arange(64.0).repeat(4)[:, None]
    grown = IsolationForest(n_estimators=30, random_state=0).fit(X)
    forest = Forest.of(grown)
    inner = forest.threshold[np.isfinite(forest.threshold)]
    at = np.unique(np.concatenate([inner, inner.astype(np.float32)]))[:, None]

    np.testing.assert_allclose(forest.scores(at), -grown.score_samples(single(at)), rtol=0, atol=1e-9)


def test_arrays_that_lead_out_of_the_forest_are_refused() -> None:
    arrays = Forest.of(IsolationForest(n_estimators=2, random_state=0).fit(np.arange(9.0)[:, None])).arrays()
    arrays["left"] = arrays["left"] + 1_000

    with pytest.raises(ValueError, match="leads out"):
        Forest.from_arrays(arrays)


def test_the_mean_path_is_that_of_a_search_tree() -> None:
    # Knuth: 2 (H(n - 1) - (n - 1) / n), H being the harmonic number, here by its approximation.
    assert mean_path(np.array([0, 1, 2])).tolist() == [0.0, 0.0, 1.0]
    harmonic = sum(1 / k for k in range(1, 1_000))
    assert mean_path(np.array([1_000]))[0] == pytest.approx(2 * (harmonic - 999 / 1_000), abs=2e-3)


def test_labels_are_seen_by_how_rare_they_are() -> None:
    X = np.array([[0.0]] * 6 + [[1.0]] * 3 + [[np.nan]])

    columns = Columns.fit(X, np.ones(10), categorical=(0,))
    found = columns.transform(np.array([[0.0], [1.0], [np.nan], [7.0]]))

    np.testing.assert_allclose(found[:, 0], -np.log([0.6, 0.3, 0.1, 0.05]))
    assert found[:, 1].tolist() == [0, 0, 1, 0]


def test_gaps_take_the_median_and_an_input_of_their_own() -> None:
    X = np.array([[1.0, 5.0], [2.0, 6.0], [np.nan, 7.0], [9.0, 8.0]])

    columns = Columns.fit(X, np.ones(4), categorical=())

    found = columns.transform(np.array([[np.nan, np.nan]]))
    assert found.tolist() == [[2.0, 6.5, 1.0]]


def test_weights_decide_which_rows_trees_are_grown_on() -> None:
    X = np.vstack([ordinary(400), planted(400)])
    weight = np.r_[np.ones(400), np.full(400, 1e-6)]

    estimator = IsolationScorer(trees=100, categorical=(CATEGORY,)).fit(X, None, weight)

    p = estimator.predict_proba(X)[:, 1]
    assert p[400:].min() > np.median(p[:400])
    assert np.median(p[400:]) > 0.98
