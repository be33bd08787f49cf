"""From contributions to ranked reasons in plain sentences, made by template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.explain.shapley import Explanation

PRINCIPAL = 4
"""Most reasons shown as principal: more are not likely to be helpful (12 CFR 1002.9, comment 9(b)(2)-1)."""

DECIMALS = 6
"""Decimals of a contribution that are the same on every machine; less than these is nothing."""

Direction = Literal["raises", "lowers"]


class Reason(BaseModel):
    """What one feature did to one score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str = Field(description="Name of the column.")
    value: str = Field(description="Its value in this row, as text.")
    typical: str = Field(description="Its typical value among the reference rows, as text.")
    contribution: float = Field(description="Log-odds it added; positive raises the probability.")
    error: float | None = Field(description="Standard error of the contribution; none where unknown.")
    direction: Direction = Field(description="What it did to the probability.")
    text: str = Field(description="The same as a sentence, for a reviewer.")
    customer: str | None = Field(
        default=None, description="The sentence for the customer; none where the dictionary has none."
    )


class Reasons(BaseModel):
    """The reasons of one score, strongest first. None is left out: the rest is in `tail` and `favourable`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    principal: tuple[Reason, ...] = Field(description="Strongest reasons against, at most the limit.")
    tail: tuple[Reason, ...] = Field(description="Further reasons against.")
    favourable: tuple[Reason, ...] = Field(description="Reasons in favour, strongest first.")
    wording_version: int = Field(
        default=0,
        description="Version of the reason dictionary they are worded by; 0 before its first entry.",
    )


def reasons(
    explanation: Explanation,
    i: int,
    values: Mapping[str, str],
    *,
    adverse: Literal["positive", "negative"] = "positive",
    outcome: str = "default",
    limit: int = PRINCIPAL,
) -> Reasons:
    """Rank what spoke against one row and what spoke for it.

    Only features that the model scored appear. Ties are ordered as the model orders its features. A feature
    that contributed nothing is no reason.

    Parameters
    ----------
    i : position of the row in the explanation.
    values : value of each feature in this row, as text for people.
    adverse : which contributions speak against the row.
    outcome : what the probability is of ("default", "fraud").
    """
    sign = 1.0 if adverse == "positive" else -1.0
    row = explanation.values[i]
    # Rounding before ordering keeps ties ties on every machine; the index settles them.
    against = sorted(range(len(row)), key=lambda j: (-round(sign * row[j], DECIMALS), j))
    adverse_ones = [j for j in against if round(sign * row[j], DECIMALS) > 0]
    in_favour = [
        j
        for j in sorted(range(len(row)), key=lambda j: (round(sign * row[j], DECIMALS), j))
        if round(sign * row[j], DECIMALS) < 0
    ]
    made = {j: _reason(explanation, i, j, values, outcome) for j in (*adverse_ones, *in_favour)}
    return Reasons(
        principal=tuple(made[j] for j in adverse_ones[:limit]),
        tail=tuple(made[j] for j in adverse_ones[limit:]),
        favourable=tuple(made[j] for j in in_favour),
    )


def _reason(explanation: Explanation, i: int, j: int, values: Mapping[str, str], outcome: str) -> Reason:
    name = explanation.names[j]
    value, typical = values[name], explanation.typical[name]
    contribution, error = float(explanation.values[i, j]), float(explanation.errors[i, j])
    direction: Direction = "raises" if contribution > 0 else "lowers"
    return Reason(
        feature=name,
        value=value,
        typical=typical,
        contribution=contribution,
        error=None if np.isnan(error) else error,
        direction=direction,
        text=f"`{name}` is {value} (typical: {typical}), "
        f"which {direction} the estimated probability of {outcome}.",
    )
