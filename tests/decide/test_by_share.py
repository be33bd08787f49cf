"""Policies by share of rows, where no outcome is known."""

from __future__ import annotations

import pytest

from aimass_core.decide.default import policy_by_share
from aimass_core.errors import SettingsError


def test_the_share_flagged_is_the_share_asked_for() -> None:
    policy = policy_by_share(kind="fraud", looked_at=0.05, stopped=0.01)

    scores = [(k + 0.5) / 1_000 for k in range(1_000)]
    outcomes = [policy.outcome(score) for score in scores]

    assert outcomes.count("block") == 10
    assert outcomes.count("challenge") == 40
    assert outcomes.count("allow") == 950


def test_it_says_that_no_outcome_is_known() -> None:
    policy = policy_by_share(kind="credit")

    assert policy.note == (
        "By share of rows, since no outcome is known: decline the most unusual 0.100%, refer the rest of the "
        "most unusual 1.000%, approve all others."
    )


@pytest.mark.parametrize(("looked_at", "stopped"), [(0.01, 0.02), (1.2, 0.1), (0.5, -0.1)])
def test_shares_out_of_order_are_refused(looked_at: float, stopped: float) -> None:
    with pytest.raises(SettingsError, match="share of rows"):
        policy_by_share(kind="fraud", looked_at=looked_at, stopped=stopped)
