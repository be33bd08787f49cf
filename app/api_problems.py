"""Errors of the HTTP API as problem details (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from aimass_core.errors import AimassError, ConflictError, DataError, NotFoundError, SettingsError, UserError
from aimass_core.workspace.connection import new_id

logger = logging.getLogger("aimass.api")

MEDIA_TYPE = "application/problem+json"

_KINDS: tuple[tuple[type[AimassError], int, str, str], ...] = (
    (NotFoundError, 404, "not-found", "There is no such thing"),
    (ConflictError, 409, "conflict", "Somebody else holds or changed it"),
    (DataError, 422, "data", "The data does not fit"),
    (SettingsError, 422, "settings", "A setting or argument does not fit"),
    (UserError, 400, "request", "The request does not fit"),
)


class FieldProblem(BaseModel):
    """One field of a request that does not fit."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="Where it stands in the request.", examples=["body.rows.0.income"])
    message: str = Field(description="What is wrong with it.", examples=["Input should be a valid number"])


class Problem(BaseModel):
    """What went wrong, as RFC 9457 describes it, with what was expected, what came and what to do."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(
        description="Kind of problem, stable across versions.", examples=["urn:aimass:problem:data"]
    )
    title: str = Field(description="The same for a person.", examples=["The data does not fit"])
    status: int = Field(description="HTTP status.", examples=[422])
    detail: str = Field(description="What happened this time.")
    instance: str = Field(description="Path of the request, or the id under which a fault was logged.")
    expected: str | None = Field(default=None, description="What the program needed.")
    came: str | None = Field(default=None, description="What it got instead.")
    todo: str | None = Field(default=None, description="What can be done now.")
    errors: tuple[FieldProblem, ...] | None = Field(
        default=None, description="Fields that do not fit, if any."
    )


class Refusal(HTTPException):
    """A request that is refused while it is being read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status, problem.detail)
        self.problem = problem


def response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the problem as a response."""
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def problem_of(error: AimassError, instance: str) -> Problem:
    """Return a deliberate error as a problem; a fault of ours shows only the id it was logged under."""
    for kind, status, name, title in _KINDS:
        if isinstance(error, kind):
            return Problem(
                type=f"urn:aimass:problem:{name}",
                title=title,
                status=status,
                detail=str(error),
                instance=instance,
                expected=error.expected,
                came=error.came or None,
                todo=error.todo or None,
            )
    return fault(error)


def fault(error: Exception) -> Problem:
    """Log a bug and return a problem that names the log entry and nothing of the program's inside."""
    incident = new_id()
    logger.error("incident %s: %s", incident, error, exc_info=error)
    return Problem(
        type="urn:aimass:problem:fault",
        title="Something went wrong in the program itself",
        status=500,
        detail=f"Nothing of this request was kept. The server's log holds the details under {incident}.",
        instance=f"urn:uuid:{incident}",
        todo="Report this id to whoever runs the server",
    )


def refused(
    status: int, name: str, title: str, instance: str, *, expected: str, came: str, todo: str
) -> Problem:
    """Return a problem of the request itself rather than of what it asks for."""
    return Problem(
        type=f"urn:aimass:problem:{name}",
        title=title,
        status=status,
        detail=str(AimassError(expected, came, todo)),
        instance=instance,
        expected=expected,
        came=came,
        todo=todo,
    )


def invalid(errors: Sequence[Mapping[str, Any]], instance: str) -> Problem:
    """Return pydantic's errors as one problem; at most 20 are listed."""
    fields = tuple(
        FieldProblem(field=".".join(map(str, error["loc"])) or "body", message=str(error["msg"]))
        for error in errors[:20]
    )
    more = f", the first 20 of {len(errors):,}" if len(errors) > 20 else ""
    first = fields[0]
    return Problem(
        type="urn:aimass:problem:validation",
        title="The request does not fit",
        status=422,
        detail=f"`{first.field}`: {first.message} ({len(errors):,} in all{more}).",
        instance=instance,
        expected="the request must be as /api/openapi.json describes it",
        came=f"`{first.field}`: {first.message}",
        todo="Correct the fields listed under errors",
        errors=fields,
    )


def install(api: FastAPI) -> None:
    """Make every error of the API a problem."""

    async def deliberate(request: Request, error: Exception) -> JSONResponse:
        found = problem_of(error, request.url.path) if isinstance(error, AimassError) else fault(error)
        return response(found)

    async def validation(request: Request, error: Exception) -> JSONResponse:
        errors = error.errors() if isinstance(error, RequestValidationError) else []
        return response(invalid(errors, request.url.path))

    async def http(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, Refusal):
            return response(error.problem)
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        return response(
            Problem(
                type="about:blank",
                title=HTTPStatus(status).phrase,
                status=status,
                detail=str(getattr(error, "detail", "")) or HTTPStatus(status).phrase,
                instance=request.url.path,
                todo="See /api/openapi.json for what can be asked",
            ),
            headers,
        )

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        return response(fault(error))

    api.add_exception_handler(AimassError, deliberate)
    api.add_exception_handler(RequestValidationError, validation)
    api.add_exception_handler(HTTPException, http)
    api.add_exception_handler(Exception, unknown)
