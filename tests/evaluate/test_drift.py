"""Scores over time: a planted shift is called one, chance is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aimass_core.errors import DataError, SettingsError
from aimass_core.evaluate.drift import drift, psi
from aimass_core.evaluate.periods import cut


def test_psi_of_four_rows_counted_by_hand() -> None:
    # two bins cut at 0.5; each gets half a row: expected 2.5 : 2.5, actual 0.5 : 4.5
    expected, actual = [0.1, 0.2, 0.8, 0.9], [0.7, 0.7, 0.8, 0.9]

    by_hand = (0.1 - 0.5) * math.log(0.1 / 0.5) + (0.9 - 0.5) * math.log(0.9 / 0.5)
    assert psi(expected, actual, bins=2) == pytest.approx(by_hand)
    assert psi(expected, expected) == 0
    assert math.isnan(psi(expected, []))


def rows(shifted: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Six periods; in the last two scores rise by one log-odds, and nothing is ranked any more."""
    random = np.random.default_rng(0)
    period = np.repeat(np.arange(6), 1_000)
    risk = random.normal(size=6_000) - 1
    y = (random.random(6_000) < 1 / (1 + np.exp(-risk))).astype(np.int64)
    late = (period >= 4) & shifted
    y[late] = random.permutation(y[late])
    reference = 1 / (1 + np.exp(-(random.normal(size=5_000) - 1)))
    return y, 1 / (1 + np.exp(-(risk + late))), period, reference


def test_planted_shift_and_loss_of_quality_are_found_where_they_are() -> None:
    y, p, period, reference = rows(True)

    found = drift(y, p, period, labels=list("abcdef"), reference=reference)

    assert [item.shift for item in found.periods] == ["none"] * 4 + ["large"] * 2
    assert found.ranks_change
    assert all(item.auc_low > 0.6 for item in found.periods[:4])
    assert all(item.auc == pytest.approx(0.5, abs=0.06) for item in found.periods[4:])
    assert [item.rows for item in found.periods] == [1_000] * 6
    assert sum(item.bads for item in found.periods) == y.sum()
    assert found.periods[0].mean_score == pytest.approx(p[:1_000].mean())


def test_nothing_is_found_where_nothing_changes() -> None:
    y, p, period, reference = rows(False)

    found = drift(y, p, period, labels=list("abcdef"), reference=reference)

    assert {item.shift for item in found.periods} == {"none"}
    assert not found.ranks_change


def test_small_periods_of_one_population_are_no_shift() -> None:
    alarms = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        p, reference = random.beta(2, 5, 300), random.beta(2, 5, 300)
        y = (random.random(300) < p).astype(np.int64)
        found = drift(y, p, np.arange(300) % 6, labels=list("abcdef"), reference=reference)
        assert any(
            item.psi > 0.1 for item in found.periods
        )  # what the rule of thumb alone would call a shift
        alarms += any(item.shift != "none" for item in found.periods)
    assert alarms <= 12  # five in a hundred, give or take three times 2.2


def test_undefined_is_nan() -> None:
    found = drift([0, 0, 1], [0.1, 0.2, 0.3], [0, 0, -1], labels=["a", "b"], reference=[])

    first, second = found.periods
    assert (first.rows, first.bad_rate, first.shift) == (2, 0, "unknown")
    assert math.isnan(first.auc)
    assert second.rows == 0
    assert math.isnan(second.mean_score)
    assert not found.ranks_change
    with pytest.raises(DataError, match="each row needs a period"):
        drift([0, 1], [0.1, 0.2], [0], labels=["a"], reference=[0.5])


def days(start: str, count: int, step: int = 1) -> np.ndarray:  # type: ignore[type-arg]
    return np.datetime64(start) + np.arange(count) * np.timedelta64(step, "D")


@pytest.mark.parametrize(
    ("moments", "by", "first", "count"),
    [
        (days("2020-01-01", 366), "month", "2020-01", 12),
        (days("2020-01-01", 31), "week", "week of 2019-12-30", 5),
        (days("2020-01-01", 5), "day", "2020-01-01", 5),
        (days("2015-01-01", 2_000), "quarter", "2015 Q1", 22),
        (days("1980-06-01", 400, 40), "year", "1980", 45),
    ],
)
def test_periods_are_those_people_count_in(
    moments: np.ndarray,
    by: str,
    first: str,
    count: int,  # type: ignore[type-arg]
) -> None:
    found = cut(moments)

    assert (found.by, found.labels[0], len(found.labels)) == (by, first, count)
    assert found.period.min() == 0
    assert (np.diff(found.period) >= 0).all()


def test_rows_without_a_time_have_no_period_and_numbers_are_cut_evenly() -> None:
    with_gap = days("2020-01-01", 100).astype("datetime64[ns]")
    with_gap[3] = np.datetime64("NaT")
    numbers = cut(np.array([*range(100), math.nan]))

    assert cut(with_gap).period[3] == -1
    assert numbers.period[-1] == -1
    assert np.bincount(numbers.period[:-1]).tolist() == [10] * 10
    assert numbers.labels[0] == "0 to 9"
    assert cut(days("2020-01-01", 100), by="quantile").labels[9] == "2020-03-31 to 2020-04-09"
    assert cut(np.array([math.nan])).labels == ()


def test_equal_times_stay_together() -> None:
    found = cut(np.array([1.0] * 70 + [2.0] * 30))

    assert found.labels == ("1 to 1", "2 to 2")


def test_periods_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SettingsError, match="numbers"):
        cut(np.arange(10), by="month")
    with pytest.raises(SettingsError, match="at most 400"):
        cut(days("2000-01-01", 1_000), by="day")
