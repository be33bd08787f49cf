"""A first policy from a model's measured errors, before anybody has chosen one."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.decide.policy import OUTCOMES, Policy, PolicyKind
from aimass_core.errors import SettingsError
from aimass_core.evaluate.cutoff import CutoffTable, best_cutoff

DOUBT = 2.0
"""Factor by which the costs behind a first policy may be wrong either way."""


class Costs(BaseModel):
    """What the two errors cost; only their ratio moves a cut-off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    false_positive: float = Field(
        ge=0, allow_inf_nan=False, description="Money lost per good that is declined or blocked."
    )
    false_negative: float = Field(
        ge=0, allow_inf_nan=False, description="Money lost per bad that is approved or allowed."
    )


DEFAULT_COSTS: dict[PolicyKind, Costs] = {
    "credit": Costs(false_positive=1, false_negative=5),
    "fraud": Costs(false_positive=1, false_negative=25),
}
"""Costs assumed until somebody states them.

Credit: the cost matrix published with the Statlog German credit data (Hofmann 1994), 5 to 1. Fraud: an
assumption, a card fraud of about 125 against about 5 for a customer who is stopped for nothing.
"""


def default_policy(
    table: CutoffTable, *, kind: PolicyKind, costs: Costs | None = None, rows: str = "validation"
) -> Policy:
    """Return the cheapest cut-offs under costs that may be wrong by a factor of two.

    The high cut-off is the cheapest one if a missed bad costs half of what was stated, the low one if it
    costs double. So every row whose best treatment depends on that doubt goes to a person, and no other.

    Parameters
    ----------
    table : counts of the model's errors at many thresholds, on rows it did not learn from. They are outcomes
        that were observed; earlier decisions are never looked at.
    costs : what the two errors cost; by default `DEFAULT_COSTS` of the kind.
    rows : which rows the table counts, for the note. Chosen on validation rows, what the cut-offs do to the
        test rows stays an honest measure.
    """
    stated = costs or DEFAULT_COSTS[kind]

    def cheapest(false_negative: float) -> float:
        best = best_cutoff(
            table, cost_false_positive=stated.false_positive, cost_false_negative=false_negative
        )
        return best.confusion.threshold

    return Policy(
        kind=kind,
        low=cheapest(stated.false_negative * DOUBT),
        high=cheapest(stated.false_negative / DOUBT),
        note=(
            f"Cheapest cut-offs on the {rows} rows when a missed bad costs {stated.false_negative:,g} "
            f"against {stated.false_positive:,g} for a good turned away, give or take a factor of {DOUBT:g}."
        ),
    )


LOOKED_AT, STOPPED = 0.01, 0.001
"""Shares of the most unusual rows that a first policy without outcomes looks at, and of them stops."""


def policy_by_share(*, kind: PolicyKind, looked_at: float = LOOKED_AT, stopped: float = STOPPED) -> Policy:
    """Return cut-offs that treat a share of rows alike, for scores that are shares of less unusual rows.

    Parameters
    ----------
    looked_at : share of rows, the most unusual ones, that are not simply approved or allowed, 0 to 1.
    stopped : share of rows that are declined or blocked; at most `looked_at`.

    Raises
    ------
    SettingsError
        When the shares are not of 0 to 1 in this order.
    """
    if not 0 <= stopped <= looked_at <= 1:
        raise SettingsError(
            "the share of rows stopped must be at most the share looked at, both from 0 to 1",
            f"they are {stopped:g} and {looked_at:g}",
        )
    passed, doubted, refused = OUTCOMES[kind]
    return Policy(
        kind=kind,
        low=1 - looked_at,
        high=1 - stopped,
        note=(
            f"By share of rows, since no outcome is known: {refused} the most unusual {stopped:.3%}, "
            f"{doubted} the rest of the most unusual {looked_at:.3%}, {passed} all others."
        ),
    )
