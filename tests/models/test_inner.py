"""Inner folds judge every row once, keep groups together and never look ahead in time."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.errors import DataError
from aimass_core.models.inner import folds


def labels(rows: int = 300, share: float = 0.1) -> np.ndarray:
    return (np.random.default_rng(0).random(rows) < share).astype(int)


def test_random_folds_judge_each_row_once_and_keep_the_shares() -> None:
    y = labels()

    found = folds(y, count=5, seed=1)

    np.testing.assert_array_equal(np.sort(np.concatenate([fold.judged for fold in found])), np.arange(300))
    for fold in found:
        assert not set(fold.learnt) & set(fold.judged)
        assert len(fold.learnt) + len(fold.judged) == 300
        assert abs(y[fold.judged].sum() - y.sum() / 5) < 1


def test_ordered_folds_learn_from_all_that_came_before_and_nothing_later() -> None:
    found = folds(labels(), count=3, ordered=True)

    assert [fold.judged[0] for fold in found] == [150, 200, 250]
    for fold in found:
        np.testing.assert_array_equal(fold.learnt, np.arange(fold.judged[0]))
    assert found[-1].judged[-1] == 299


def test_rows_of_a_group_are_judged_together() -> None:
    groups = np.repeat(np.arange(60), 5)

    found = folds(labels(), count=4, groups=groups)

    for fold in found:
        assert not set(groups[fold.learnt]) & set(groups[fold.judged])
    assert max(len(fold.judged) for fold in found) - min(len(fold.judged) for fold in found) <= 5


def test_same_seed_same_folds() -> None:
    one, two, other = (folds(labels(), count=3, seed=seed) for seed in (4, 4, 5))

    assert all((a.judged == b.judged).all() for a, b in zip(one, two, strict=True))
    assert any((a.judged != b.judged).any() for a, b in zip(one, other, strict=True))


def test_fold_without_a_class_is_left_out() -> None:
    y = np.zeros(100, dtype=int)
    y[[10, 20, 80]] = 1  # of the three later parts only one has a positive row

    found = folds(y, count=3, ordered=True)

    assert len(found) == 1
    assert 80 in found[0].judged


def test_rows_that_cannot_be_divided_are_refused() -> None:
    y = np.zeros(100, dtype=int)
    y[0] = 1

    with pytest.raises(DataError, match="1 positive ones are too few"):
        folds(y, count=3)
