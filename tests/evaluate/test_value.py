"""Money at each cut-off, against counting row by row."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from aimass_core.evaluate.value import Payoff, value


def scored(rows: int = 3_000, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Perfectly calibrated probabilities."""
    random = np.random.default_rng(seed)
    p = random.beta(1, 4, rows)
    return (random.random(rows) < p).astype(np.int64), p


def test_four_rows_counted_by_hand() -> None:
    pay = Payoff(good_passed=10, bad_passed=-30, good_flagged=-1, bad_flagged=-2)

    found = value([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9], payoff=pay, replicates=0)

    by_threshold = dict(zip(found.cutoffs.threshold, found.profit, strict=True))
    assert by_threshold == pytest.approx(
        {0.0: -6, 0.1: -6, 0.3: 10 - 1 - 2 - 2, 0.4: 10 - 30 - 1 - 2, 0.9: 20 - 30 - 2, 1.0: 20 - 60}
    )
    assert (found.best.threshold, found.best_profit) == (0.3, 5)
    assert (found.pass_all, found.flag_all) == (-40, -6)
    assert math.isnan(found.best_low)
    assert math.isnan(found.expected_profit)


def test_best_cut_off_of_calibrated_scores_is_the_break_even() -> None:
    pay = Payoff(good_passed=1, bad_passed=-4)
    y, p = scored(60_000)

    found = value(y, p, payoff=pay, replicates=200)

    assert pay.break_even == pytest.approx(0.2)
    assert found.cutoff_low <= 0.2 <= found.cutoff_high
    assert found.best.threshold == pytest.approx(0.2, abs=0.05)


def test_interval_narrows_with_more_rows_and_is_reproducible() -> None:
    pay = Payoff()
    wide, narrow = (value(*scored(rows), payoff=pay) for rows in (1_000, 50_000))

    assert narrow.cutoff_high - narrow.cutoff_low < wide.cutoff_high - wide.cutoff_low
    assert narrow == value(*scored(50_000), payoff=pay)


def test_best_on_these_rows_flatters_and_the_expected_profit_does_not() -> None:
    pay, gap_best, gap_expected = Payoff(good_passed=1, bad_passed=-4), [], []
    fresh_y, fresh_p = scored(200_000, seed=99)
    for seed in range(40):
        y, p = scored(300, seed=seed)
        found = value(y, p, payoff=pay, replicates=200)
        passed = fresh_p < found.best.threshold
        fresh = (
            pay.good_passed * (passed & (fresh_y == 0)).sum()
            + pay.bad_passed * (passed & (fresh_y == 1)).sum()
        )
        truth = fresh * 300 / len(fresh_y)
        gap_best.append(found.best_profit - truth)
        gap_expected.append(found.expected_profit - truth)
    assert np.mean(gap_best) > 3
    assert abs(np.mean(gap_expected)) < np.mean(gap_best) / 2


def test_amounts_that_cannot_pay_leave_no_break_even() -> None:
    assert math.isnan(Payoff(good_passed=-1, bad_passed=-5).break_even)
    assert math.isnan(Payoff(good_passed=0, bad_passed=0).break_even)


def test_where_passing_all_pays_most_nothing_is_flagged() -> None:
    y, p = scored(500)

    found = value(y, p, payoff=Payoff(good_passed=1, bad_passed=1), replicates=50)

    assert found.best.threshold == 1
    assert found.best_profit == found.pass_all == 500
