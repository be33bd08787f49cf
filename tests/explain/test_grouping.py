"""Rows put into groups: equal shares, rare labels together, missing apart."""

from __future__ import annotations

import numpy as np

from aimass_core.evaluate.conditions import Feature
from aimass_core.explain.grouping import group


def test_numbers_are_cut_into_ranges_of_about_equal_size() -> None:
    found = group(Feature("x", np.arange(100.0)), most=4)

    assert np.bincount(found.codes).tolist() == [25, 25, 25, 25]
    assert found.texts == ("below 25", "25 to below 50", "50 to below 75", "from 75")
    assert found.middles == (12, 37, 62, 87)
    assert found.missing is None


def test_few_numbers_are_grouped_by_value() -> None:
    found = group(Feature("x", np.array([3.0, 1.0, 3.0, np.nan])), most=4)

    assert found.texts == ("1", "3", "missing")
    assert found.codes.tolist() == [1, 0, 1, 2]
    assert found.missing == 2


def test_equal_numbers_are_never_parted() -> None:
    values = np.array([0.0] * 90 + list(range(1, 11)))

    found = group(Feature("x", values), most=5)

    assert np.bincount(found.codes).tolist() == [90, 10]
    assert found.texts == ("below 1", "from 1")


def test_rare_labels_share_a_group() -> None:
    labels = tuple("abcdef")
    values = np.repeat(np.arange(6.0), [30, 20, 10, 3, 2, 1])

    found = group(Feature("x", values, labels), most=4)

    assert found.texts == ("a", "b", "c", "3 other values")
    assert np.bincount(found.codes).tolist() == [30, 20, 10, 6]


def test_a_label_that_reads_missing_is_not_the_missing_rows() -> None:
    found = group(Feature("x", np.array([0.0, np.nan]), ("missing",)), most=4)

    assert found.texts == ("'missing'", "missing")
    assert found.missing == 1


def test_no_rows_have_no_groups() -> None:
    found = group(Feature("x", np.empty(0)), most=4)

    assert found.texts == ()
    assert found.missing is None
