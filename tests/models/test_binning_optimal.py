"""Optimal bins: the search against every possible division, trends, limits, labels."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimass_core.models.binning_optimal import Direction, Rules, best_cuts, label_groups, number_edges


def rules(rows: np.ndarray, bads: np.ndarray, **changes: object) -> Rules:
    values: dict[str, object] = {
        "criterion": "likelihood",
        "most": 4,
        "least_rows": 0.0,
        "penalty": 1.0,
        "prior": 2.0,
        "rows": float(rows.sum()),
        "bads": float(bads.sum()),
    }
    return Rules(**(values | changes))  # type: ignore[arg-type]


def by_hand(
    rows: np.ndarray, bads: np.ndarray, found: Rules, cuts: tuple[int, ...]
) -> tuple[float, list[float]]:
    """Value of a division and the rates of its bins, from the definitions."""
    value, rates = 0.0, []
    prior_bads = found.prior * found.bads / found.rows
    for start, end in itertools.pairwise([0, *cuts, len(rows)]):
        n, b = float(rows[start:end].sum()), float(bads[start:end].sum())
        rate = (b + prior_bads) / (n + found.prior)
        rates.append(rate)
        if found.criterion == "information":
            evidence = math.log(rate / (1 - rate)) - math.log(found.bads / (found.rows - found.bads))
            value += (b / found.bads - (n - b) / (found.rows - found.bads)) * evidence
        else:
            value += sum(part * math.log(part / n) for part in (b, n - b) if part > 0)
            value -= found.penalty * math.log(found.rows) / 2
    return value, rates


def every(rows: np.ndarray, bads: np.ndarray, found: Rules, trend: Direction) -> float:
    """Best value of all allowed divisions, one by one; a single bin is always allowed."""
    best = by_hand(rows, bads, found, ())[0]
    for count in range(1, found.most):
        for cuts in itertools.combinations(range(1, len(rows)), count):
            sizes = [rows[a:b].sum() for a, b in itertools.pairwise([0, *cuts, len(rows)])]
            value, rates = by_hand(rows, bads, found, cuts)
            ordered = sorted(rates) if trend == "up" else sorted(rates, reverse=True)
            if min(sizes) >= found.least_rows and (trend == "none" or rates == ordered):
                best = max(best, value)
    return best


counts = st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=2, max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    counts,
    st.sampled_from(["none", "up", "down"]),
    st.sampled_from(["likelihood", "information"]),
    st.integers(2, 5),
    st.sampled_from([0.0, 0.1, 0.3]),
)
def test_no_division_is_better_than_the_one_found(
    parts: list[tuple[int, float]], trend: Direction, criterion: str, most: int, share: float
) -> None:
    rows = np.array([float(n) for n, _ in parts])
    bads = np.array([float(round(n * rate)) for n, rate in parts])
    bads[0], bads[-1] = max(bads[0], 1.0), min(bads[-1], rows[-1] - 1)
    if not 0 < bads.sum() < rows.sum():
        return
    found = rules(rows, bads, criterion=criterion, most=most, least_rows=share * rows.sum())

    cuts = best_cuts(rows, bads, found, trend=trend)

    value, rates = by_hand(rows, bads, found, cuts)
    assert value == pytest.approx(every(rows, bads, found, trend), abs=1e-9)
    assert len(cuts) < most
    if cuts:
        edges = [0, *cuts, len(rows)]
        assert min(rows[a:b].sum() for a, b in itertools.pairwise(edges)) >= found.least_rows - 1e-9
    if trend == "up":
        assert rates == sorted(rates)
    if trend == "down":
        assert rates == sorted(rates, reverse=True)


def test_a_clear_step_is_found_and_nothing_else() -> None:
    rows = np.full(10, 100.0)
    bads = np.array([10.0] * 4 + [50.0] * 6)

    assert best_cuts(rows, bads, rules(rows, bads, most=8), trend="none") == (4,)


def test_noise_stays_in_one_bin() -> None:
    rows, bads = np.full(10, 100.0), np.array([20.0, 21, 19, 20, 22, 18, 20, 21, 20, 19])

    assert best_cuts(rows, bads, rules(rows, bads, most=8), trend="none") == ()


def test_automatic_trend_follows_the_data_and_gives_way_where_there_is_none() -> None:
    rows = np.full(6, 500.0)
    rising = np.array([20.0, 60, 55, 120, 180, 260])
    valley = np.array([260.0, 120, 20, 20, 120, 260])

    up = best_cuts(rows, rising, rules(rows, rising), trend="auto")
    free = best_cuts(rows, valley, rules(rows, valley), trend="auto")

    assert up == best_cuts(rows, rising, rules(rows, rising), trend="up")
    assert free == best_cuts(rows, valley, rules(rows, valley), trend="none")
    rates = by_hand(rows, valley, rules(rows, valley), free)[1]
    assert rates not in (sorted(rates), sorted(rates, reverse=True))


def test_a_trend_against_the_data_leaves_one_bin() -> None:
    rows, bads = np.full(5, 200.0), np.array([10.0, 40, 80, 120, 160])

    assert best_cuts(rows, bads, rules(rows, bads), trend="down") == ()


def test_edges_lie_at_values_of_the_data() -> None:
    values = np.arange(1_000.0)
    bad = (values >= 700).astype(float)
    found = rules(np.ones(1_000), bad)

    edges = number_edges(values, bad, np.ones(1_000), found, pre_bins=100, trend="none")

    assert edges.tolist() == [699.0]


def test_a_number_without_values_has_no_edges() -> None:
    nothing = np.empty(0)
    found = rules(np.array([10.0]), np.array([3.0]))

    assert number_edges(nothing, nothing, nothing, found, pre_bins=10, trend="auto").size == 0


def test_labels_of_like_rates_share_a_group_in_order_of_risk() -> None:
    # Bad rates 50 %, 10 %, 50 %, 10 %, 90 %.
    values = np.repeat(np.arange(5.0), 400)
    bad = np.concatenate([(np.arange(400) % 10 < share).astype(float) for share in (5, 1, 5, 1, 9)])
    found = rules(np.ones(2_000), bad, most=6)

    known, groups = label_groups(values, bad, np.ones(2_000), found, rare_share=0.01)

    assert known.tolist() == [0, 1, 2, 3, 4]
    assert groups.tolist() == [1, 0, 1, 0, 2]


def test_rare_labels_are_taken_together() -> None:
    # Three labels of two rows each, all good, all bad, half: alone they would stand at both ends.
    values = np.concatenate([np.zeros(500), np.ones(500), [2, 2, 3, 3, 4, 4]])
    bad = np.concatenate([np.arange(500) % 10 < 1, np.arange(500) % 10 < 6, [0, 0, 1, 1, 0, 1]]).astype(float)
    found = rules(np.ones(1_006), bad, most=8)

    _, groups = label_groups(values, bad, np.ones(1_006), found, rare_share=0.01)

    assert len(set(groups[2:])) == 1
    assert groups[0] != groups[1]


def test_no_labels_make_no_groups() -> None:
    nothing = np.empty(0)

    known, groups = label_groups(
        nothing, nothing, nothing, rules(np.array([9.0]), np.array([3.0])), rare_share=0.01
    )

    assert known.size == groups.size == 0


def test_a_weight_of_two_is_the_row_twice() -> None:
    random = np.random.default_rng(0)
    values, weight = random.normal(size=300), random.integers(1, 4, 300)
    bad = (random.random(300) < 1 / (1 + np.exp(-2 * values))).astype(float)
    twice = np.repeat(values, weight), np.repeat(bad, weight)
    totals = rules(weight.astype(float), weight * bad)

    one = number_edges(values, bad, weight.astype(float), totals, pre_bins=20, trend="up")
    other = number_edges(*twice, np.ones(weight.sum()), totals, pre_bins=20, trend="up")

    assert len(one) > 0
    np.testing.assert_array_equal(one, other)
