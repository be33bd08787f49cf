"""Rows of each fold: every row once, none in two parts, nothing from the future, no group torn apart."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.errors import DataError
from aimass_core.split import Split, SplitConfig
from aimass_core.workflows import validation_parts


def target(rows: int = 400) -> np.ndarray:  # type: ignore[type-arg]
    return (np.random.default_rng(0).random(rows) < 0.2).astype(np.int64)


def whole(part: Split, rows: int) -> None:
    together = np.concatenate((part.train, part.validation, part.test))
    assert len(together) == len(set(together.tolist()))
    assert together.max() < rows


def test_each_row_is_tested_once_a_round_and_folds_are_stratified() -> None:
    y = target()

    found = validation_parts.folds(y, SplitConfig(), count=4, repeats=2, seed=0)

    assert len(found) == 8
    for part in found:
        whole(part.rows, 400)
        assert len(part.rows.test) == 100
        assert abs(int(y[part.rows.test].sum()) - y.sum() / 4) <= 1
        assert len(part.rows.validation) == pytest.approx(60, abs=1)
    for start in (0, 4):
        tested = np.sort(np.concatenate([part.rows.test for part in found[start : start + 4]]))
        np.testing.assert_array_equal(tested, np.arange(400))
    assert found[0].rows.test.tolist() != found[4].rows.test.tolist()


def test_more_folds_than_bads_are_refused() -> None:
    y = np.array([1, 1, *[0] * 50])

    with pytest.raises(DataError, match="5 folds need at least 5 rows of each class"):
        validation_parts.folds(y, SplitConfig(), count=5, repeats=1, seed=0)


def test_nothing_is_learnt_from_the_time_that_is_tested_or_later() -> None:
    y = target()
    moments = np.random.default_rng(1).permutation(400) // 2
    config = SplitConfig(method="time", time_column="t")

    found, notes = validation_parts.by_time(y, moments, config, count=3)

    assert not notes
    for part in found:
        whole(part.rows, 400)
        assert moments[part.rows.train].max() < moments[part.rows.validation].min()
        assert moments[part.rows.validation].max() < moments[part.rows.test].min()
        assert (np.diff(moments[part.rows.train]) >= 0).all()
    tested = np.concatenate([part.rows.test for part in found])
    assert sorted(moments[tested]) == sorted(moments[moments >= 50])


def test_block_that_nothing_can_be_learnt_for_is_left_out_and_said() -> None:
    y = np.array([0] * 50 + [0, 1] * 75)

    found, notes = validation_parts.by_time(y, np.arange(200), SplitConfig(method="time"), count=3)

    assert len(found) == 2
    assert notes == ["Left out 50 to 99: before it there are too few rows of one class to learn from."]


def test_missing_or_too_few_times_are_refused() -> None:
    y = target(10)
    with pytest.raises(DataError, match="1 of 10 rows have none"):
        validation_parts.by_time(y, np.array([np.nan, *range(9)]), SplitConfig(method="time"), count=3)
    with pytest.raises(DataError, match="need 4 moments"):
        validation_parts.by_time(y, np.zeros(10), SplitConfig(method="time"), count=3)


@pytest.mark.parametrize("count", [3, 20])
def test_no_group_is_in_two_parts(count: int) -> None:
    y = target()
    groups = np.array([None if i % 50 == 0 else f"g{i % 11}" for i in range(400)], dtype=object)
    config = SplitConfig(method="group", group_column="g")

    found, _ = validation_parts.by_group(y, groups, config, count=count, seed=0)

    assert len(found) == (3 if count == 3 else 12)
    names = groups.astype(str)
    for part in found:
        whole(part.rows, 400)
        sides = [set(names[rows]) for rows in (part.rows.train, part.rows.validation, part.rows.test)]
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
    assert sum(len(part.rows.test) for part in found) == 400


def test_one_group_cannot_be_left_out() -> None:
    with pytest.raises(DataError, match="two groups"):
        validation_parts.by_group(target(10), np.array(["a"] * 10), SplitConfig(), count=3, seed=0)


def test_smaller_subsets_lie_within_the_larger_and_keep_the_bad_rate() -> None:
    y = target()
    rows = Split(np.arange(300), np.arange(300, 350), np.arange(350, 400))

    found = dict(validation_parts.subsets(y, rows, (0.25, 0.5, 1.0), seed=0))

    assert set(found[0.25].train) < set(found[0.5].train) < set(found[1.0].train)
    assert len(found[1.0].train) == 300
    assert y[found[0.25].train].mean() == pytest.approx(y[:300].mean(), abs=0.02)
    assert all((part.test == rows.test).all() for part in found.values())
    other = dict(validation_parts.subsets(y, rows, (0.25,), seed=1))
    assert set(other[0.25].train) != set(found[0.25].train)
