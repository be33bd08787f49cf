"""The first policy follows from measured errors and stated costs."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from aimass_core.decide.default import DEFAULT_COSTS, Costs, default_policy
from aimass_core.decide.policy import PolicyKind
from aimass_core.evaluate.cutoff import CutoffTable, cutoff_table
from aimass_core.evaluate.ranking import rank


def calibrated(rows: int = 200_000) -> CutoffTable:
    """Counts of a perfectly calibrated score: label i is bad with exactly the probability stated."""
    p = np.random.default_rng(7).beta(1, 3, rows)
    y = (np.random.default_rng(8).uniform(size=rows) < p).astype(int)
    return cutoff_table(rank(y, p))


def test_with_calibrated_scores_the_cut_offs_are_elkans() -> None:
    policy = default_policy(calibrated(), kind="credit", costs=Costs(false_positive=2, false_negative=6))

    # Elkan (2001): the cheapest cut-off is fp / (fp + fn), here with fn doubled and halved
    assert policy.low == pytest.approx(2 / 14, abs=0.02)
    assert policy.high == pytest.approx(2 / 5, abs=0.02)


@pytest.mark.parametrize("kind", ["credit", "fraud"])
def test_each_kind_has_costs_of_its_own_and_says_which(kind: PolicyKind) -> None:
    policy = default_policy(calibrated(), kind=kind)

    stated = DEFAULT_COSTS[kind].false_negative
    assert policy.kind == kind
    assert policy.low == pytest.approx(1 / (1 + 2 * stated), abs=0.02)
    assert policy.high == pytest.approx(1 / (1 + stated / 2), abs=0.02)
    assert f"costs {stated:,g} against 1" in policy.note


def test_only_the_ratio_of_the_costs_matters() -> None:
    table = calibrated(5_000)

    small = default_policy(table, kind="credit", costs=Costs(false_positive=1, false_negative=5))
    large = default_policy(table, kind="credit", costs=Costs(false_positive=100, false_negative=500))

    assert (small.low, small.high) == (large.low, large.high)


def test_the_cut_offs_are_ordered_whatever_the_errors() -> None:
    for seed in range(30):
        random = np.random.default_rng(seed)
        y = random.integers(0, 2, 40)
        table = cutoff_table(rank(y, random.uniform(size=40).round(1)))

        policy = default_policy(table, kind="fraud", costs=Costs(false_positive=3, false_negative=seed))

        assert policy.low <= policy.high


def test_a_perfect_score_needs_nobody_in_between() -> None:
    y = np.array([0] * 50 + [1] * 50)
    p = np.where(y == 1, 0.9, 0.1)

    policy = default_policy(cutoff_table(rank(y, p)), kind="credit")

    assert policy.low == policy.high == 0.9


def test_without_any_bad_nobody_is_declined() -> None:
    policy = default_policy(cutoff_table(rank(np.zeros(20), np.linspace(0, 0.9, 20))), kind="credit")

    assert policy.low == policy.high == 1.0


@pytest.mark.parametrize("cost", [-1, float("nan"), float("inf")])
def test_impossible_costs_are_refused(cost: float) -> None:
    with pytest.raises(ValidationError):
        Costs(false_positive=1, false_negative=cost)
