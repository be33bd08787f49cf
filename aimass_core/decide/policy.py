"""A decision policy: two cut-offs on the probability of the bad class."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from aimass_core.errors import DataError

PolicyKind = Literal["credit", "fraud"]
Outcome = Literal["approve", "refer", "decline", "allow", "challenge", "block"]

OUTCOMES: dict[PolicyKind, tuple[Outcome, Outcome, Outcome]] = {
    "credit": ("approve", "refer", "decline"),
    "fraud": ("allow", "challenge", "block"),
}
"""What happens below the low cut-off, between the two, and from the high cut-off on."""


class Policy(BaseModel):
    """Two cut-offs that turn a probability into one of three outcomes.

    With p the probability of the bad class: p < low is approved (allowed), low ≤ p < high goes to a person
    (is challenged), p ≥ high is declined (blocked). With low = high nothing goes to a person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: PolicyKind = Field(description="Credit: approve, refer, decline. Fraud: allow, challenge, block.")
    low: float = Field(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Probability below which a row is approved or allowed, 0–1.",
    )
    high: float = Field(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Probability from which a row is declined or blocked, 0–1; at least the low cut-off.",
    )
    note: str = Field(default="", max_length=2_000, description="Why these cut-offs were chosen.")

    @model_validator(mode="after")
    def _ordered(self) -> Policy:
        if self.low > self.high:
            raise ValueError(f"low must not be above high; low is {self.low:g}, high is {self.high:g}")
        return self

    def outcome(self, probability: float) -> Outcome:
        """Return what happens to one row.

        Raises
        ------
        DataError
            When the probability is not a number between 0 and 1.
        """
        return self.outcomes(np.asarray([probability], dtype=np.float64))[0]

    def outcomes(self, probabilities: npt.NDArray[np.float64]) -> list[Outcome]:
        """Return what happens to each row, in order.

        Parameters
        ----------
        probabilities : (n,) probabilities of the bad class.

        Raises
        ------
        DataError
            When one is not a number between 0 and 1: no outcome is ever made up for it.
        """
        p = np.asarray(probabilities, dtype=np.float64)
        wrong = ~((p >= 0) & (p <= 1))
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise DataError(
                "every row must have a probability between 0 and 1",
                f"row {first + 1:,} has {p[first]:g}",
                "Look at that row's values; nothing was decided",
            )
        names = OUTCOMES[self.kind]
        return [names[i] for i in np.where(p < self.low, 0, np.where(p < self.high, 1, 2))]
