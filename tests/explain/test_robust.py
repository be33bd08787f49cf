"""Modified z-scores, with answers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aimass_core.explain.robust import LIMIT, modified_z

NAN = math.nan


def test_is_the_formula_of_iglewicz_and_hoaglin() -> None:
    found = modified_z(20.0, np.array([1.0, 2.0, 3.0, 4.0, 5.0, NAN]))

    assert (found.median, found.known) == (3.0, 5)
    assert found.z == pytest.approx(0.6745 * (20 - 3) / 1.0)
    assert found.unusual


def test_limit_is_beyond_three_and_a_half() -> None:
    others = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    edge = 3 + LIMIT / 0.6745

    assert not modified_z(edge - 0.01, others).unusual
    assert modified_z(edge + 0.01, others).unusual
    assert modified_z(3 - (edge - 3) - 0.01, others).z < -LIMIT


def test_mean_deviation_takes_over_where_most_are_equal() -> None:
    others = np.array([7.0] * 9 + [17.0])  # mean absolute deviation 1

    found = modified_z(9.0, others)

    assert found.z == pytest.approx((9 - 7) * math.sqrt(2 / math.pi))


def test_another_value_than_the_only_one_is_infinitely_unusual() -> None:
    others = np.full(8, 3.0)

    assert modified_z(3.0, others).z == 0.0
    assert modified_z(2.0, others).z == -math.inf
    assert modified_z(2.0, others).unusual


@pytest.mark.parametrize(
    ("value", "others"), [(9.0, [1.0, 2.0, 3.0, 4.0]), (NAN, [1.0] * 9), (1.0, []), (5.0, [NAN] * 9)]
)
def test_too_little_to_tell_is_not_a_number(value: float, others: list[float]) -> None:
    found = modified_z(value, np.array(others, dtype=float))

    assert math.isnan(found.z)
    assert not found.unusual
