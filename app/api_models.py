"""What the HTTP API takes and gives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from aimass_core.schema import Kind
from aimass_core.workflows.reviewing import Replay
from aimass_core.workspace.cases import Decision
from aimass_core.workspace.cells import row_text

Cell = str | int | float | bool | None
Reference = Literal["population", "applicants", "cutoff"]

_ROW: JsonDict = {"ID": 1, "LIMIT_BAL": 120000, "EDUCATION": "2", "AGE": 34, "PAY_0": 2, "BILL_AMT1": None}
_REASON = {
    "feature": "PAY_0",
    "value": "2",
    "typical": "0",
    "contribution": 0.83,
    "error": 0.0,
    "direction": "raises",
    "text": "`PAY_0` is 2 (typical: 0), which raises the estimated probability of default",
    "customer": "Your last payment was 2 months late.",
}
_ID = "01936e5b-7c1a-7d2e-9a54-0d6a3c1f8b42"


class ScoreRequest(BaseModel):
    """Rows to decide."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"rows": [_ROW], "reasons": True, "store": True}]},
    )

    rows: list[dict[str, Cell]] = Field(
        min_length=1,
        max_length=10_000,
        description="1 to 10,000 rows: column name → value as in the file the model learnt from, before any "
        "cleaning. Every feature of the model must be there; null means unknown. Dates are text in ISO 8601. "
        "Further columns are kept with the decision and not used.",
    )
    reasons: bool = Field(
        default=True,
        description="Explain every row. Where the reasons of a slow model would take more than some ten "
        "minutes, fewer than 10,000 rows are taken at once: the answer 422 says how many; rows are never "
        "answered without the reasons asked for.",
    )
    reference: Reference = Field(
        default="population",
        description="What reasons are measured from: the mean of the training rows, of all applicants, or of "
        "the applicants at or just above the cut-off.",
    )
    store: bool = Field(
        default=True,
        description="Keep each decision with its input, to be found and replayed: all rows or none.",
    )


class ReasonOut(BaseModel):
    """What one feature did to the score."""

    feature: str = Field(description="Name of the column.")
    value: str = Field(description="Its value in this row, as text.")
    typical: str = Field(description="Its typical value among the reference rows, as text.")
    contribution: float = Field(description="Log-odds it added; positive raises the probability.")
    error: float | None = Field(description="Standard error of the contribution; null where unknown.")
    direction: Literal["raises", "lowers"] = Field(description="What it did to the probability.")
    text: str = Field(description="The same as a sentence, for a reviewer.")
    customer: str | None = Field(
        default=None, description="The sentence for the customer; null where the dictionary has none."
    )


class ScoredRow(BaseModel):
    """The decision on one row."""

    decision_id: str | None = Field(
        description="Id under which it is kept; null when it is not.", examples=[_ID]
    )
    probability: float = Field(description="Probability of the bad class, 0–1.", examples=[0.412])
    log_odds: float = Field(description="The same as log-odds (natural logarithm).", examples=[-0.356])
    outcome: Literal["approve", "refer", "decline", "allow", "challenge", "block"] = Field(
        description="What the policy makes of it.", examples=["refer"]
    )
    reasons: list[ReasonOut] | None = Field(
        description="The principal reasons against the row, at most four, strongest first; null when not "
        "asked for. All reasons, also those in favour, are with the decision.",
        examples=[[_REASON]],
    )
    further_reasons: int | None = Field(description="Reasons against the row beyond these.", examples=[3])
    subject: str | None = Field(description="Value of the id column, if there is one.", examples=["1"])


class ScoreResponse(BaseModel):
    """Decisions, in the order of the rows."""

    model: str = Field(description="Model and version that decided.", examples=["credit-default@2"])
    policy_version: int = Field(description="Version of the model's policy that decided.", examples=[1])
    batch_id: str = Field(description="Id shared by the decisions of this request.", examples=[_ID])
    stored: bool = Field(description="Whether the decisions are kept.")
    wording_version: int = Field(
        description="Version of the reason dictionary that words the reasons; 0 where there is none.",
        examples=[12],
    )
    rows: list[ScoredRow] = Field(description="One decision a row, in the order sent.")

    @classmethod
    def of(cls, decisions: list[Decision], *, stored: bool) -> ScoreResponse:
        """Lay out decisions of one call."""
        first = decisions[0]
        return cls(
            model=first.model,
            policy_version=first.policy_version,
            batch_id=first.batch_id,
            stored=stored,
            wording_version=int(first.reasons.get("wording_version", 0)),
            rows=[_scored(decision) for decision in decisions],
        )


def _scored(decision: Decision) -> ScoredRow:
    explained = bool(decision.reasons["explained"])
    return ScoredRow(
        decision_id=decision.decision_id or None,
        probability=decision.probability,
        log_odds=decision.log_odds,
        outcome=decision.outcome,
        reasons=decision.reasons["principal"] if explained else None,
        further_reasons=len(decision.reasons["tail"]) if explained else None,
        subject=decision.subject,
    )


class InputColumn(BaseModel):
    """One column that every row must have."""

    name: str = Field(description="Name as in the file.", examples=["PAY_0"])
    kind: Kind = Field(description="Type after cleaning.", examples=["integer"])
    values: list[str] | None = Field(
        description="Known labels of a category, at most 100; others count as “other”.", examples=[["1", "2"]]
    )


class PolicyOut(BaseModel):
    """The policy in force."""

    version: int = Field(description="Version number.", examples=[1])
    low: float = Field(description="Probability from which rows are referred or challenged.", examples=[0.11])
    high: float = Field(description="Probability from which rows are declined or blocked.", examples=[0.29])
    set_at: datetime = Field(description="When it was set (UTC).")
    set_by: str = Field(description="Who set it.", examples=["ana"])


class ModelOut(BaseModel):
    """One registered model, in its newest version."""

    name: str = Field(description="Name under which it is called.", examples=["credit-default"])
    version: int = Field(description="Newest version.", examples=[2])
    family: str = Field(description="Model family.", examples=["boosting"])
    run: str = Field(description="Name of the training run.", examples=["credit-default boosting 3"])
    dataset: str = Field(description="Data set and version it learnt from.", examples=["taiwan@2"])
    target: str = Field(description="Column it predicts.", examples=["default payment next month"])
    kind: Literal["credit", "fraud"] = Field(description="What is decided with it.")
    metrics: dict[str, float | None] = Field(
        description="Measures on the test rows; null where undefined.",
        examples=[{"test.auc": 0.783, "test.ks": 0.43}],
    )
    policy: PolicyOut | None = Field(
        description="Policy in force; null until one is set or the model first decides."
    )
    registered_at: datetime = Field(description="When this version was registered (UTC).")
    registered_by: str = Field(description="Who registered it.", examples=["ana"])
    note: str = Field(description="What was written about it.", examples=["Champion since March"])


class ModelDetail(ModelOut):
    """One registered model with the columns that it needs."""

    columns: list[InputColumn] = Field(description="Columns that every row to be scored must have.")


class ModelList(BaseModel):
    """All registered models."""

    models: list[ModelOut] = Field(description="Newest version of each, newest first.")


class DecisionOut(BaseModel):
    """One stored decision, whole."""

    decision_id: str = Field(description="Its id.", examples=[_ID])
    batch_id: str = Field(description="Id shared by the decisions of one call or file.", examples=[_ID])
    model: str = Field(description="Model and version that decided.", examples=["credit-default@2"])
    policy_version: int = Field(description="Version of the policy that decided.", examples=[1])
    source: str = Field(description="Where the row came from.", examples=["api"])
    subject: str | None = Field(description="Value of the id column, if there is one.", examples=["1"])
    input: dict[str, Any] = Field(
        description="The complete raw row. What JSON has no word for is an object with one key: `$float` "
        "(nan, inf, -inf), `$date`, `$timestamp`, `$decimal`.",
        examples=[_ROW],
    )
    input_sha256: str = Field(description="SHA-256 of the input as it is stored.")
    bundle_sha256: str = Field(description="SHA-256 of the manifest that seals the model's files.")
    probability: float = Field(description="Probability of the bad class, 0–1.", examples=[0.412])
    log_odds: float = Field(description="The same as log-odds.", examples=[-0.356])
    outcome: str = Field(description="What the policy made of it.", examples=["refer"])
    explained: bool = Field(description="Whether reasons were asked for.")
    principal: list[ReasonOut] = Field(description="Principal reasons against the row, at most four.")
    tail: list[ReasonOut] = Field(description="Further reasons against it.")
    favourable: list[ReasonOut] = Field(description="Reasons in its favour.")
    base: float | None = Field(
        description="Log-odds that the contributions start from; null without reasons."
    )
    reference: str = Field(description="What the reasons are measured from.", examples=["population"])
    reference_text: str | None = Field(description="The same in words; null without reasons.")
    method: str | None = Field(description="How the reasons were found; null without reasons.")
    wording_version: int = Field(
        description="Version of the reason dictionary that worded them; 0 where there was none.",
        examples=[12],
    )
    decided_at: datetime = Field(description="When (UTC).")
    decided_by: str = Field(description="Who asked.", examples=["api"])

    @classmethod
    def of(cls, decision: Decision) -> DecisionOut:
        """Lay out a stored decision."""
        import json

        why = decision.reasons
        return cls(
            decision_id=decision.decision_id,
            batch_id=decision.batch_id,
            model=decision.model,
            policy_version=decision.policy_version,
            source=decision.source,
            subject=decision.subject,
            input=json.loads(row_text(decision.input)),
            input_sha256=decision.input_sha256,
            bundle_sha256=decision.bundle_sha256,
            probability=decision.probability,
            log_odds=decision.log_odds,
            outcome=decision.outcome,
            explained=bool(why["explained"]),
            principal=why["principal"],
            tail=why["tail"],
            favourable=why["favourable"],
            base=why.get("base"),
            reference=decision.reference,
            reference_text=why.get("reference_text"),
            method=why.get("method"),
            wording_version=int(why.get("wording_version", 0)),
            decided_at=decision.decided_at.replace(tzinfo=UTC),
            decided_by=decision.decided_by,
        )


class DecisionList(BaseModel):
    """One page of decisions."""

    total: int = Field(description="Decisions that fit the filters, on all pages.", examples=[1204])
    decisions: list[DecisionOut] = Field(description="This page, newest first.")


class DifferenceOut(BaseModel):
    """One thing that came out otherwise."""

    what: str = Field(description="What differs.", examples=["outcome"])
    stored: str = Field(description="What was stored.", examples=["approve"])
    again: str = Field(description="What came out now.", examples=["refer"])


class ReplayOut(BaseModel):
    """A decision made again from what was stored."""

    agrees: bool = Field(description="Score, outcome and reasons came out again, within 1e-6.")
    problem: str | None = Field(description="Why it could not be tried; null when it could.")
    reasons_compared: bool = Field(description="False when no reasons had been stored.")
    differences: list[DifferenceOut] = Field(description="What came out otherwise; empty when all agrees.")
    probability: float | None = Field(description="Probability as it came out now.", examples=[0.412])
    outcome: str | None = Field(description="Outcome as it came out now.", examples=["refer"])

    @classmethod
    def of(cls, replay: Replay) -> ReplayOut:
        """Lay out a replay."""
        return cls(
            agrees=replay.agrees,
            problem=replay.problem or None,
            reasons_compared=replay.reasons_compared,
            differences=[
                DifferenceOut(what=d.what, stored=d.stored, again=d.again) for d in replay.differences
            ],
            probability=replay.again.probability if replay.again else None,
            outcome=replay.again.outcome if replay.again else None,
        )


class Health(BaseModel):
    """Whether the server can work."""

    status: Literal["ok"] = Field(description="The workspace is open and readable.")
    version: str = Field(description="Version of the program.", examples=["0.1.0"])
