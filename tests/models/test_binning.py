"""Bins: edges, missing and unseen."""

from __future__ import annotations

import json

import numpy as np

from aimass_core.models.binning import Binning, known_codes, quantile_edges


def test_quantile_bins_hold_the_same_number_of_rows() -> None:
    values = np.arange(1.0, 101.0)

    edges = quantile_edges(values, np.ones(100), 4)

    assert edges.tolist() == [25.0, 50.0, 75.0]


def test_few_distinct_values_have_a_bin_each() -> None:
    values = np.array([3.0, 1.0, 2.0, 2.0, 1.0])

    assert quantile_edges(values, np.ones(5), 20).tolist() == [1.0, 2.0]


def test_a_heavy_value_takes_one_bin() -> None:
    values = np.concatenate([np.zeros(90), np.arange(1.0, 41.0)])

    edges = quantile_edges(values, np.ones(130), 5)

    assert edges[0] == 0.0
    assert len(np.unique(edges)) == len(edges)
    assert (edges < 40.0).all()


def test_a_weight_of_two_is_the_row_twice() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=200)
    weight = random.integers(1, 4, 200)

    weighted = quantile_edges(values, weight.astype(float), 10)
    repeated = quantile_edges(np.repeat(values, weight), np.ones(weight.sum()), 10)

    np.testing.assert_array_equal(weighted, repeated)


def test_no_values_give_no_edges() -> None:
    assert quantile_edges(np.empty(0), np.empty(0), 5).size == 0


def test_codes_by_hand() -> None:
    X = np.array([[1.0, 5.0], [2.0, 7.0], [3.0, 5.0], [np.nan, np.nan]])
    binning = Binning.fit(X, np.ones(4), bins=20, categorical=(1,))

    codes = binning.codes(np.array([[0.0, 5.0], [2.0, 7.0], [2.5, 6.0], [np.nan, np.nan]]))

    # Numbers: <= 1, <= 2, > 2, missing (3). Labels: 5, 7, missing (2), unseen (3).
    assert codes.tolist() == [[0, 0], [1, 1], [2, 3], [3, 2]]
    assert binning.sizes == (4, 4)
    assert binning.offsets == (0, 4)


def test_known_codes_without_any_known() -> None:
    assert known_codes(np.empty(0), np.array([1.0, 2.0]), unseen=0).tolist() == [0, 0]


def test_json_round_trip() -> None:
    X = np.array([[1.5, 0.0], [2.5, 1.0], [np.nan, 1.0]])
    binning = Binning.fit(X, np.ones(3), bins=5, categorical=(1,))

    again = Binning.from_json(json.loads(json.dumps(binning.to_json())))

    np.testing.assert_array_equal(again.codes(X), binning.codes(X))
    assert again.sizes == binning.sizes
