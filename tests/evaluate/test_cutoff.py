from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimass_core.errors import SettingsError
from aimass_core.evaluate.cutoff import THRESHOLDS, best_cutoff, confusion, cutoff_table
from aimass_core.evaluate.ranking import rank


def _fraud(rows: int = 60_000, frauds: int = 100) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    y = np.zeros(rows, dtype=int)
    y[:frauds] = 1
    return y, generator.beta(1, 400, rows) * 0.5 + y * generator.random(rows) * 0.5


def test_every_count_of_the_table_is_exact() -> None:
    y, p = _fraud()

    table = cutoff_table(rank(y, p))

    assert len(table) <= THRESHOLDS
    assert (table.threshold[0], table.threshold[-1]) == (0, 1)
    for index in range(0, len(table), 25):
        assert table.row(index) == confusion(y, p, threshold=table.threshold[index])


def test_best_cutoff_of_a_small_example_is_found_by_hand() -> None:
    # flagging the two highest costs one good (10) and misses no bad
    table = cutoff_table(rank([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1]))

    best = best_cutoff(table, cost_false_positive=10, cost_false_negative=100)

    assert best.confusion.threshold == 0.7
    assert (best.cost, best.cost_per_row) == (10, 2)
    assert (best.cost_flag_none, best.cost_flag_all) == (200, 30)
    assert best.break_even == pytest.approx(10 / 110)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=1, max_size=40),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_no_threshold_is_cheaper_than_the_best(
    rows: list[tuple[int, int]], false_positive: float, false_negative: float
) -> None:
    y = np.array([label for label, _ in rows])
    p = np.array([score / 10 for _, score in rows])

    best = best_cutoff(
        cutoff_table(rank(y, p)), cost_false_positive=false_positive, cost_false_negative=false_negative
    )

    for threshold in np.linspace(0, 1, 21):
        other = confusion(y, p, threshold=float(threshold))
        cost = other.cost(cost_false_positive=false_positive, cost_false_negative=false_negative)
        assert best.cost <= cost + 1e-9


def test_best_cutoff_of_a_rare_class_is_near_the_cheapest_of_all() -> None:
    y, p = _fraud()

    best = best_cutoff(cutoff_table(rank(y, p)), cost_false_positive=5, cost_false_negative=1_000)

    cheapest = min(
        confusion(y, p, threshold=float(t)).cost(cost_false_positive=5, cost_false_negative=1_000)
        for t in np.quantile(p, np.linspace(0.99, 1, 400))
    )
    assert best.cost <= cheapest * 1.02


def test_equal_costs_flag_fewest() -> None:
    table = cutoff_table(rank([0, 0], [0.2, 0.6]))

    assert best_cutoff(table, cost_false_positive=0, cost_false_negative=1).confusion.flagged == 0


def test_rates_of_a_confusion_matrix_and_their_limits() -> None:
    found = confusion([1, 1, 0, 0, 0], [0.9, 0.2, 0.8, 0.1, 0.1], threshold=0.5)

    assert (found.tp, found.fp, found.tn, found.fn) == (1, 1, 2, 1)
    assert (found.precision, found.recall, found.f1, found.accuracy) == (0.5, 0.5, 0.5, 0.6)
    assert (found.false_positive_rate, found.approval_rate) == pytest.approx((1 / 3, 0.6))
    assert found.accepted_bad_rate == pytest.approx(1 / 3)
    nobody = confusion([0, 0], [0.1, 0.1], threshold=0.5)
    assert math.isnan(nobody.precision)
    assert math.isnan(nobody.recall)
    assert math.isnan(nobody.f1)


def test_nearest_threshold_is_named() -> None:
    table = cutoff_table(rank([0, 1], [0.2, 0.6]))

    assert table.at(0.5).threshold == 0.6
    assert table.at(0.05).threshold == 0.0


@pytest.mark.parametrize("cost", [-1.0, float("nan"), float("inf")])
def test_costs_must_be_money(cost: float) -> None:
    table = cutoff_table(rank([0, 1], [0.2, 0.6]))

    with pytest.raises(SettingsError, match="false negative"):
        best_cutoff(table, cost_false_positive=1, cost_false_negative=cost)
