"""Distances between rows, with answers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.explain import similar
from aimass_core.explain.similar import Scale

NAN = np.nan
PLAYERS = (("income", (0, 2)), ("town", (1,)))
"""Column 2 says whether the income is missing; it counts with it."""


def scale(spread: float = 10.0) -> Scale:
    return Scale(np.array([spread, 1.0, 1.0]), np.array([False, True, False]), PLAYERS)


def test_spread_is_between_the_quantiles_so_that_outliers_do_not_stretch_it() -> None:
    values = np.arange(101.0)
    values[-1] = 1e9
    X = np.column_stack([values, np.zeros(101), np.full(101, 3.0)])

    found = Scale.of(X, categorical=(1,), players=PLAYERS)

    assert found.spread[0] == pytest.approx(90.0)
    assert found.spread.tolist()[1:] == [1.0, 1.0]
    assert found.label.tolist() == [False, True, False]


def test_spread_of_a_column_that_is_mostly_one_value_is_its_range() -> None:
    X = np.zeros((100, 3))
    X[0, 0] = 4.0

    assert Scale.of(X, categorical=(1,), players=PLAYERS).spread[0] == 4.0


@pytest.mark.parametrize(
    ("row", "income", "town"),
    [
        ([50.0, 1.0, 0.0], 0.0, 0.0),
        ([52.0, 1.0, 0.0], 0.2, 0.0),
        ([45.0, 2.0, 0.0], 0.5, 1.0),
        ([999.0, 1.0, 0.0], 1.0, 0.0),
        ([50.0, 1.0, 1.0], 1.0, 0.0),  # the same number, but filled in
        ([NAN, 1.0, 0.0], 1.0, 0.0),
        ([50.0, NAN, 0.0], 0.0, 1.0),
    ],
)
def test_features_differ_by_hand(row: list[float], income: float, town: float) -> None:
    own = np.array([50.0, 1.0, 0.0])

    apart = similar.differences(np.array([row]), own, scale())

    assert apart[0].tolist() == pytest.approx([income, town])
    assert similar.distances(np.array([row]), own, scale())[0] == pytest.approx((income + town) / 2)


def test_both_missing_is_the_same() -> None:
    row = np.array([NAN, NAN, 1.0])

    assert similar.distances(row[None, :], row, scale())[0] == 0.0


def test_rows_kept_with_fewer_digits_equal_themselves() -> None:
    X = np.random.default_rng(0).normal(1e5, 1e3, (50, 3))
    found = [similar.distances(X.astype(np.float32), row, scale()) for row in X]

    assert all(distance[place] == 0.0 for place, distance in enumerate(found))


def test_chunks_do_not_change_the_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(1).normal(50, 9, (100, 3))
    whole = similar.distances(X, X[7], scale())
    monkeypatch.setattr(similar, "_CHUNK", 13)

    np.testing.assert_array_equal(similar.distances(X, X[7], scale()), whole)


def test_ties_go_to_the_lowest_row_number_whatever_their_order() -> None:
    distance = np.array([0.3, 0.1, 0.3 + 1e-12, 0.3, 0.0])
    rows = np.array([40, 30, 20, 10, 50])

    found = similar.nearest(distance, rows, k=4)

    assert rows[found].tolist() == [50, 30, 10, 20]
