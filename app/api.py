"""The HTTP API: the same workflows as the pages, for programs."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response

from aimass_core.settings import Settings, settings
from aimass_core.workflows import evaluating, reviewing, scoring
from aimass_core.workspace import datasets, registry, runs
from aimass_core.workspace.connection import Workspace
from app import api_counterfactuals, api_problems, api_uploads, context
from app.api_counterfactuals import CounterfactualRequest, CounterfactualsOut
from app.api_guard import ApiGuard
from app.api_models import (
    DecisionList,
    DecisionOut,
    Health,
    InputColumn,
    ModelDetail,
    ModelList,
    ModelOut,
    PolicyOut,
    ReplayOut,
    ScoreRequest,
    ScoreResponse,
)
from app.api_openapi import PROBLEMS, describe, json_body

ACTOR = "api"
"""Name recorded for what is asked over HTTP."""

_ABOUT = """
Score rows with a registered model, look decisions up and make them again.

Without a configured key the server answers its own machine only. With `AIMASS_API_KEY` set on the server,
send the key as `Authorization: Bearer KEY` or `X-API-Key: KEY`. Every error is a problem detail (RFC 9457)
that says what was expected, what came and what to do.
"""

ModelRef = Annotated[
    str, Path(description="`name` for the newest version, or `name@2`.", examples=["credit-default"])
]
Explain = Annotated[
    bool | None, Query(description="Explain every row; takes the place of `reasons` in the body.")
]
DecisionId = Annotated[str, Path(description="Id of the decision.")]


def create_api(
    workspace: Callable[[], Workspace] = context.workspace, *, config: Settings | None = None
) -> FastAPI:
    """Return the API, to be mounted at ``/api``.

    Parameters
    ----------
    workspace : gives the open workspace; called by each request.
    config : settings of the installation; its `api_key` is demanded of every caller if set.
    """
    chosen = config or settings()
    api = FastAPI(
        title="AI Mass",
        version=version("aimass"),
        summary="Decisions on credit and fraud, explained and replayable.",
        description=_ABOUT,
        docs_url=None,  # its pages load scripts from the internet
        redoc_url=None,
        responses=PROBLEMS,
    )
    api_problems.install(api)
    api.include_router(_routes(workspace))
    api.include_router(api_uploads.router)
    api.add_middleware(ApiGuard, api_key=chosen.api_key)
    describe(api, with_key=chosen.api_key is not None)
    return api


def _routes(workspace: Callable[[], Workspace]) -> APIRouter:
    router = APIRouter()

    @router.get("/health", tags=["server"])
    def health() -> Health:
        """Say whether the workspace is open and readable. Needs no key."""
        registry.models(workspace())
        return Health(status="ok", version=version("aimass"))

    @router.get("/v1/models", tags=["models"])
    def models() -> ModelList:
        """List the registered models, each in its newest version."""
        ws = workspace()
        return ModelList(models=[ModelOut(**_model(ws, found)) for found in registry.models(ws)])

    @router.get("/v1/models/{name}", tags=["models"])
    def model(name: ModelRef) -> ModelDetail:
        """Describe one model and the columns that each row to be scored must have."""
        ws = workspace()
        found = registry.get(ws, name)
        bundle = evaluating.bundle(ws, found.run_id)
        labels = bundle.encoder.labels
        columns = [
            InputColumn(
                name=column.name,
                kind=column.kind,
                values=list(labels[column.name][:100]) if column.name in labels else None,
            )
            for column in bundle.input_columns
        ]
        return ModelDetail(**_model(ws, found), columns=columns)

    @router.post(
        "/v1/models/{name}/score",
        tags=["decisions"],
        response_model=ScoreResponse,
        openapi_extra=json_body(ScoreRequest),
    )
    async def score(name: ModelRef, request: Request, explain: Explain = None) -> Response:
        """Decide 1 to 10,000 rows: probability, outcome, principal reasons, decision ids.

        Either all rows are decided and stored, or none is. A row's decision depends on that row alone. A
        model without a policy gets a default one from its measured errors first, recorded as set by `api`.
        """
        body = await request.body()
        # parsing and answering 10,000 rows takes long enough to be kept off the event loop, too
        return await run_in_threadpool(_score, workspace, name, body, explain)

    @router.get("/v1/decisions", tags=["decisions"])
    def decisions(
        model: Annotated[str | None, Query(description="`name`, or `name@2`.")] = None,
        outcome: Annotated[
            Literal["approve", "refer", "decline", "allow", "challenge", "block"] | None,
            Query(description="Only this outcome."),
        ] = None,
        subject: Annotated[str | None, Query(description="Only this value of the id column.")] = None,
        batch_id: Annotated[str | None, Query(description="Only the decisions of one call or file.")] = None,
        since: Annotated[datetime | None, Query(description="Decided at this time or later.")] = None,
        until: Annotated[datetime | None, Query(description="Decided before this time.")] = None,
        offset: Annotated[int, Query(ge=0, description="Decisions to skip.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1_000, description="Decisions to return.")] = 50,
    ) -> DecisionList:
        """List stored decisions, newest first. Times without an offset are UTC."""
        page, total = reviewing.find(
            workspace(),
            model=model,
            outcome=outcome,
            subject=subject,
            batch_id=batch_id,
            since=_utc(since),
            until=_utc(until),
            offset=offset,
            limit=limit,
        )
        return DecisionList(total=total, decisions=[DecisionOut.of(decision) for decision in page])

    @router.get("/v1/decisions/{decision_id}", tags=["decisions"])
    def decision(decision_id: DecisionId) -> DecisionOut:
        """Return one decision with its input and all of its reasons."""
        return DecisionOut.of(reviewing.decision(workspace(), decision_id))

    @router.post("/v1/decisions/{decision_id}/replay", tags=["decisions"])
    def replay(decision_id: DecisionId) -> ReplayOut:
        """Make a decision again from the archive and compare; the replay is recorded."""
        return ReplayOut.of(reviewing.replay(workspace(), decision_id, actor=ACTOR))

    @router.post("/v1/decisions/{decision_id}/counterfactuals", tags=["decisions"])
    def turned(decision_id: DecisionId, wanted: CounterfactualRequest | None = None) -> CounterfactualsOut:
        """Return the nearest changes that would have let the row pass, or why there are none.

        The change rules in force for the data set hold: fixed columns, directions, limits, whole numbers,
        linked columns. Nothing is stored.
        """
        return api_counterfactuals.of_decision(workspace(), decision_id, wanted or CounterfactualRequest())

    return router


def _score(workspace: Callable[[], Workspace], name: str, body: bytes, explain: bool | None) -> Response:
    try:
        wanted = ScoreRequest.model_validate_json(body)
    except ValidationError as error:
        errors = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        raise RequestValidationError(errors) from error
    made = scoring.decide(
        workspace(),
        name,
        wanted.rows,
        source="api",
        actor=ACTOR,
        store=wanted.store,
        reference=wanted.reference,
        reasons=wanted.reasons if explain is None else explain,
    )
    answer = ScoreResponse.of(made, stored=wanted.store).model_dump_json()
    return Response(answer, media_type="application/json")


def _model(ws: Workspace, model: registry.Model) -> dict[str, Any]:
    run = runs.get(ws, model.run_id)
    policy = scoring.policy(ws, model.name)
    return {
        "name": model.name,
        "version": model.version,
        "family": run.family,
        "run": run.name,
        "dataset": datasets.get(ws, run.version_id).ref,
        "target": run.spec["target"],
        "kind": run.spec["kind"],
        "metrics": {
            key: value if isinstance(value, int | float) and math.isfinite(value) else None
            for key, value in run.metrics.items()
            if key.startswith("test.")
        },
        "policy": None
        if policy is None
        else PolicyOut(
            version=policy.version,
            low=policy.policy["low"],
            high=policy.policy["high"],
            set_at=policy.set_at.replace(tzinfo=UTC),
            set_by=policy.set_by,
        ),
        "registered_at": model.registered_at.replace(tzinfo=UTC),
        "registered_by": model.registered_by,
        "note": model.note,
    }


def _utc(time: datetime | None) -> datetime | None:
    """Return a time as the workspace keeps it: in UTC, without an offset."""
    return time.astimezone(UTC).replace(tzinfo=None) if time is not None and time.tzinfo else time
