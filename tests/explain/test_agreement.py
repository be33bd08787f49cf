"""Two models' reasons: the same ones agree in full, other ones by as much as was planted."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.errors import DataError
from aimass_core.explain.agreement import agreement, common
from aimass_core.explain.contributions import Contributions


def made(rows: int = 500, *, seed: int = 0) -> Contributions:
    values = np.random.default_rng(seed).normal(size=(rows, 6)) * np.array([3, 2, 1.5, 1, 0.5, 0.1])
    return Contributions(np.arange(1, rows + 1), tuple("abcdef"), values)


def test_identical_models_agree_in_full() -> None:
    found = agreement(*common(made(), made()))

    assert found.top.value == found.principal.value == 1.0
    assert found.ranks.value == pytest.approx(1.0)
    assert found.apart == ()
    assert all(item.share_a == item.share_b and item.rank_a == item.rank_b for item in found.features)
    assert all(item.correlation == pytest.approx(1.0) for item in found.features)


def test_a_longer_reach_is_no_disagreement() -> None:
    one = made()
    twice = Contributions(one.rows, one.names, 2 * one.values)

    found = agreement(*common(one, twice))

    assert found.top.value == found.principal.value == 1.0
    assert found.apart == ()


def test_opposite_models_have_nothing_in_common() -> None:
    one = made()

    found = agreement(*common(one, Contributions(one.rows, one.names, -one.values)))

    assert found.top.value == found.principal.value == 0.0
    assert found.apart[0].distance == pytest.approx(1.0)
    assert all(item.correlation == pytest.approx(-1.0) for item in found.features)


def test_planted_rows_are_those_that_differ() -> None:
    one = made()
    other = one.values.copy()
    changed = [7, 70, 300]
    other[changed] = np.roll(one.values[changed], 1, axis=1)

    found = agreement(*common(one, Contributions(one.rows, one.names, other)))

    assert sorted(item.row for item in found.apart) == [place + 1 for place in changed]
    assert found.top.value == pytest.approx((500 - 3) / 500, abs=0.0021)
    assert found.top.low < found.top.value < found.top.high


def test_rows_and_features_of_both_are_lined_up() -> None:
    a = Contributions(np.array([3, 1, 2]), ("x", "y"), np.array([[3.0, 30], [1, 10], [2, 20]]))
    b = Contributions(np.array([2, 3, 9]), ("z", "x"), np.array([[0.2, 2], [0.3, 3], [0.9, 9]]))

    one, two = common(a, b)

    assert one.rows.tolist() == two.rows.tolist() == [2, 3]
    assert one.names == two.names == ("x", "y", "z")
    assert one.values.tolist() == [[2, 20, 0], [3, 30, 0]]
    assert two.values.tolist() == [[2, 0, 0.2], [3, 0, 0.3]]


def test_interval_of_the_rank_correlation_holds_the_value_of_many_rows() -> None:
    def noisy(rows: int) -> tuple[Contributions, Contributions]:
        random = np.random.default_rng(9)
        a = random.normal(size=(rows, 6)) * np.array([1.0, 1.02, 1.04, 1.06, 1.08, 1.1])
        b = random.normal(size=(rows, 6)) * np.array([1.0, 1.02, 1.04, 1.06, 1.08, 1.1])
        return (
            Contributions(np.arange(rows), tuple("abcdef"), a),
            Contributions(np.arange(rows), tuple("abcdef"), b),
        )

    few, many = agreement(*noisy(200)), agreement(*noisy(100_000))

    assert few.ranks.low <= few.ranks.value <= few.ranks.high
    assert few.ranks.high - few.ranks.low > many.ranks.high - many.ranks.low
    assert many.ranks.value > 0.9


@pytest.mark.parametrize("features", [1, 2])
def test_ranks_of_too_few_features_are_undefined(features: int) -> None:
    values = np.random.default_rng(0).normal(size=(100, features))
    one = Contributions(np.arange(100), tuple("ab"[:features]), values)

    found = agreement(one, one)

    assert found.ranks.value != found.ranks.value
    assert found.top.value == 1.0


def test_models_without_any_contribution_agree() -> None:
    nothing = Contributions(np.arange(40), ("a", "b", "c"), np.zeros((40, 3)))

    found = agreement(nothing, nothing)

    assert found.top.value == found.principal.value == 1.0
    assert found.ranks.value != found.ranks.value
    assert found.apart == ()


def test_too_few_common_rows_are_said() -> None:
    one, two = common(made(40), Contributions(np.array([5]), ("a",), np.ones((1, 1))))

    with pytest.raises(DataError, match="at least 30 test rows"):
        agreement(one, two)
