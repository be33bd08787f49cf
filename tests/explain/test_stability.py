"""Counting how often reasons come back: answers by hand."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.errors import Fault
from aimass_core.explain.reasons import reasons
from aimass_core.explain.shapley import Explanation
from aimass_core.explain.stability import RowStability, of_model, of_row, principal, verdict

NAMES = ("a", "b", "c", "d", "e", "f")
MINE = np.array([0.5, 0.4, 0.3, 0.2, 0.1, -0.9])
"""Principal are a, b, c, d; f is in favour."""


def counted(refits: list[list[float]], mine: np.ndarray = MINE) -> RowStability:
    n = len(refits)
    return of_row(
        NAMES, mine, np.array(refits), probability=0.3, probabilities=np.linspace(0.2, 0.4, n) if n > 1 else
        np.array([0.3]),
    )  # fmt: skip


def test_counts_by_hand() -> None:
    found = counted(
        [
            [0.5, 0.4, 0.3, 0.2, 0.1, -0.9],  # as the model
            [0.2, 0.3, 0.4, 0.5, 0.1, -0.9],  # same set, another top reason
            [0.5, 0.4, 0.3, 0.1, 0.2, -0.9],  # e instead of d
            [0.5, 0.4, -0.3, 0.2, 0.0, 0.1],  # c turned round, f came in
        ]
    )

    assert (found.refits, found.top, found.same_set, found.principal) == (4, 3, 2, 4)
    assert {item.feature: (item.rank, item.principal, item.sign) for item in found.reasons} == {
        "a": (1, 4, 4),
        "b": (2, 4, 4),
        "c": (3, 3, 3),
        "d": (4, 3, 4),
        "e": (None, 1, 3),
        "f": (None, 1, 3),
    }
    assert [item.feature for item in found.reasons] == ["a", "b", "c", "d", "e", "f"]
    assert (found.reasons[2].low, found.reasons[2].high) == (-0.3, 0.4)
    assert (found.low, found.high) == (pytest.approx(0.2), pytest.approx(0.4))
    assert found.spread == pytest.approx(np.std([0.2, 0.8 / 3, 1 / 3, 0.4], ddof=1))
    assert found.verdict == "mostly stable"


def test_identical_refits_always_agree() -> None:
    found = counted([MINE.tolist()] * 20)

    assert (found.top, found.same_set) == (20, 20)
    assert all(item.principal == item.sign == 20 for item in found.reasons)
    assert found.verdict == "stable"


def test_row_that_nothing_speaks_against_agrees_with_refits_that_say_so_too() -> None:
    good = -np.abs(MINE)
    found = counted([good.tolist(), MINE.tolist()], good)

    assert (found.principal, found.top, found.same_set) == (0, 1, 1)
    assert all(item.rank is None for item in found.reasons)


def test_fewer_than_four_reasons_are_a_set_as_well() -> None:
    mine = np.array([0.5, 0.4, -0.1, -0.1, -0.1, -0.1])
    found = counted([[0.4, 0.5, -0.1, -0.1, -0.1, -0.1], [0.5, 0.4, 0.1, -0.1, -0.1, -0.1]], mine)

    assert (found.principal, found.top, found.same_set) == (2, 1, 1)


def test_order_is_that_of_the_ranked_reasons_ties_included() -> None:
    random = np.random.default_rng(0)
    values = random.integers(-3, 4, size=(50, len(NAMES))) / 10
    explanation = Explanation(
        names=NAMES,
        values=values,
        errors=np.zeros_like(values),
        base=0.0,
        log_odds=values.sum(axis=1),
        reference="population",
        reference_text="",
        method="",
        additivity=0.0,
        typical=dict.fromkeys(NAMES, "1"),
    )
    for i, row in enumerate(values):
        ranked = reasons(explanation, i, dict.fromkeys(NAMES, "1")).principal
        assert [NAMES[j] for j in principal(row)] == [reason.feature for reason in ranked]


def test_means_over_rows() -> None:
    same = counted([MINE.tolist()] * 4)
    other = counted([[0.1, 0.2, 0.3, 0.4, 0.5, -0.9]] * 4)  # e, d, c, b: b, c, d come back

    found = of_model([same, other])

    assert (found.rows, found.refits) == (2, 4)
    assert (found.top, found.same_set) == (0.5, 0.5)
    assert found.kept == pytest.approx((1 + 0.75) / 2)
    assert found.verdicts == {"stable": 1, "mostly stable": 0, "unstable": 1}
    assert found.verdict == "unstable"


@pytest.mark.parametrize(
    ("share", "word"), [(1.0, "stable"), (0.9, "stable"), (0.89, "mostly stable"), (0.69, "unstable")]
)
def test_thresholds(share: float, word: str) -> None:
    assert verdict(share) == word


def test_shapes_must_fit() -> None:
    with pytest.raises(Fault, match="each refit needs"):
        of_row(NAMES, MINE, np.zeros((2, 3)), probability=0.5, probabilities=np.zeros(2))
    with pytest.raises(Fault, match="needs rows"):
        of_model([])
