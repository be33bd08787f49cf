"""Two cut-offs, three outcomes, nothing between them left open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aimass_core.decide.policy import OUTCOMES, Policy, PolicyKind
from aimass_core.errors import DataError

SHARES = st.floats(0, 1)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("credit", ["approve", "approve", "refer", "refer", "decline", "decline"]),
        ("fraud", ["allow", "allow", "challenge", "challenge", "block", "block"]),
    ],
)
def test_the_cut_offs_themselves_belong_to_the_worse_side(kind: PolicyKind, expected: list[str]) -> None:
    policy = Policy(kind=kind, low=0.2, high=0.6)
    below_low, below_high = np.nextafter(0.2, 0), np.nextafter(0.6, 0)

    outcomes = policy.outcomes(np.array([0.0, below_low, 0.2, below_high, 0.6, 1.0]))

    assert outcomes == expected
    assert [policy.outcome(p) for p in (0.0, below_low, 0.2, below_high, 0.6, 1.0)] == expected


def test_without_a_band_nobody_is_referred() -> None:
    policy = Policy(kind="credit", low=0.5, high=0.5)

    assert policy.outcomes(np.linspace(0, 1, 11)) == ["approve"] * 5 + ["decline"] * 6


def test_the_extremes_decline_all_approve_all_or_refer_all() -> None:
    p = np.array([0.0, 0.3, 0.999999])

    assert set(Policy(kind="credit", low=0, high=0).outcomes(p)) == {"decline"}
    assert set(Policy(kind="credit", low=1, high=1).outcomes(p)) == {"approve"}
    assert set(Policy(kind="credit", low=0, high=1).outcomes(p)) == {"refer"}


@given(SHARES, SHARES, SHARES, SHARES)
def test_a_higher_probability_is_never_treated_better(a: float, b: float, p: float, q: float) -> None:
    policy = Policy(kind="fraud", low=min(a, b), high=max(a, b))

    order = [OUTCOMES["fraud"].index(o) for o in policy.outcomes(np.array([min(p, q), max(p, q)]))]

    assert order == sorted(order)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"low": 0.6, "high": 0.2}, "low must not be above high; low is 0.6, high is 0.2"),
        ({"low": -0.1, "high": 0.2}, "greater than or equal to 0"),
        ({"low": 0.1, "high": 1.1}, "less than or equal to 1"),
        ({"low": float("nan"), "high": 0.5}, "finite number"),
        ({"low": 0.1, "high": float("inf")}, "finite number"),
        ({"low": 0.1, "high": 0.2, "middle": 0.15}, "Extra inputs"),
        ({"low": 0.1, "high": 0.2, "kind": "loan"}, "'credit' or 'fraud'"),
        ({"low": 0.1}, "Field required"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Policy(**{"kind": "credit", **fields})


def test_a_policy_cannot_be_changed_after_it_was_made() -> None:
    policy = Policy(kind="credit", low=0.1, high=0.2)

    with pytest.raises(ValidationError, match="frozen"):
        policy.low = 0.0  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [float("nan"), -0.01, 1.01, float("inf")])
def test_no_outcome_is_made_up_for_an_impossible_probability(wrong: float) -> None:
    policy = Policy(kind="credit", low=0.1, high=0.2)

    with pytest.raises(DataError, match="row 3 has"):
        policy.outcomes(np.array([0.1, 0.5, wrong, wrong]))


def test_a_policy_survives_json() -> None:
    policy = Policy(kind="credit", low=1 / 3, high=0.1 + 0.3, note="böse “quotes”")

    assert Policy.model_validate_json(policy.model_dump_json()) == policy
