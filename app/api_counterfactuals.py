"""What would turn a stored decision, over HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from aimass_core.explain.counterfactual import MOST_ANSWERS, Counterfactual, Impossible
from aimass_core.workflows import case, counterfactuals, reviewing
from aimass_core.workspace.connection import Workspace

_CHANGE: JsonDict = {
    "feature": "PAY_0",
    "before": 2,
    "after": 0,
    "before_text": "2",
    "after_text": "0",
    "by": -2.0,
}
_ANSWER: JsonDict = {"changes": [_CHANGE], "probability": 0.128, "outcome": "approve", "distance": 2.0}


class CounterfactualRequest(BaseModel):
    """What to look for."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"answers": 4, "below": None}]}
    )

    answers: int = Field(
        default=counterfactuals.ANSWERS, ge=1, le=MOST_ANSWERS, description="Most answers to give."
    )
    below: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Probability to come below; by default the lower cut-off of the policy that decided.",
    )


class CounterfactualsOut(BaseModel):
    """The nearest changes after which the decision would have let the row pass.

    They describe the model under the change rules in force for its data set, and promise nothing. Each was
    scored again as a raw row through the whole model.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "decision_id": "01936e5b-7c1a-7d2e-9a54-0d6a3c1f8b42",
                    "status": "turned",
                    "probability": 0.412,
                    "outcome": "decline",
                    "goal": 0.15,
                    "answers": [_ANSWER],
                    "impossible": None,
                }
            ]
        }
    )

    decision_id: str = Field(description="The decision asked about.")
    status: Literal["passes", "turned", "impossible"] = Field(
        description="It passes already, these changes would turn it, or no allowed change does."
    )
    probability: float = Field(description="Probability of the bad class as the row is, 0–1.")
    outcome: str = Field(description="Outcome as the row is.")
    goal: float = Field(description="Probability to come below, 0–1.")
    answers: list[Counterfactual] = Field(description="Fewest changes first, then nearest.")
    impossible: Impossible | None = Field(description="Why there is no answer; null where there is one.")


def of_decision(ws: Workspace, decision_id: str, wanted: CounterfactualRequest) -> CounterfactualsOut:
    """Return what would turn a stored decision.

    Raises
    ------
    NotFoundError
        When there is no such decision, or its model is gone.
    SettingsError, DataError
        When there is nothing to come below, or the row cannot be read.
    """
    asked = case.of_decision(ws, reviewing.decision(ws, decision_id))
    found = counterfactuals.of_case(ws, asked, goal=wanted.below, wanted=wanted.answers)
    return CounterfactualsOut(
        decision_id=decision_id,
        status=found.status,
        probability=found.probability,
        outcome=found.outcome,
        goal=found.goal,
        answers=list(found.answers),
        impossible=found.impossible,
    )
