"""Validations of runs, and what the analyst said outcomes are worth; both are only ever added to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aimass_core.workspace.connection import Workspace, new_id, now

if TYPE_CHECKING:
    import duckdb

_FIELDS = (
    "validation_id, job_id, run_id, method, CAST(spec AS VARCHAR) AS spec, "
    "CAST(result AS VARCHAR) AS result, seconds, created_at, created_by"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One validation as it is kept: what was asked for and what came out, as JSON values."""

    validation_id: str
    job_id: str
    run_id: str
    method: str
    spec: dict[str, Any]
    result: dict[str, Any]
    seconds: float
    created_at: datetime
    created_by: str


def add(
    cursor: duckdb.DuckDBPyConnection,
    *,
    job_id: str,
    run_id: str,
    method: str,
    spec: Mapping[str, Any],
    result: Mapping[str, Any],
    seconds: float,
    actor: str,
) -> str:
    """Add a finished validation inside a transaction and return its id.

    Parameters
    ----------
    result : JSON values; an undefined number is None.
    seconds : wall time in the worker.
    """
    validation_id = new_id()
    cursor.execute(
        "INSERT INTO validations (validation_id, job_id, run_id, method, spec, result, seconds, created_at, "
        "created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            validation_id,
            job_id,
            run_id,
            method,
            json.dumps(spec, ensure_ascii=False, allow_nan=False),
            json.dumps(result, ensure_ascii=False, allow_nan=False),
            float(seconds),
            now(),
            actor,
        ],
    )
    return validation_id


def by_job(ws: Workspace, job_id: str) -> Stored | None:
    """Return the validation a job made, or None while it has made none."""
    rows = ws.rows(f"SELECT {_FIELDS} FROM validations WHERE job_id = ? LIMIT 1", [job_id])
    return _stored(rows[0]) if rows else None


def of_run(ws: Workspace, run_id: str, method: str | None = None) -> list[Stored]:
    """Return the validations of a run, newest first; by all methods or by one."""
    where, parameters = "run_id = ?", [run_id]
    if method is not None:
        where += " AND method = ?"
        parameters.append(method)
    rows = ws.rows(
        f"SELECT {_FIELDS} FROM validations WHERE {where} ORDER BY created_at DESC, validation_id DESC",
        parameters,
    )
    return [_stored(row) for row in rows]


def set_payoff(ws: Workspace, run_id: str, payoff: Mapping[str, Any], *, actor: str) -> None:
    """Keep what each outcome of a run's decisions is worth."""
    with ws.writing() as cursor:
        cursor.execute(
            "INSERT INTO payoffs (run_id, payoff, set_at, set_by) VALUES (?, ?, ?, ?)",
            [run_id, json.dumps(payoff, ensure_ascii=False, allow_nan=False), now(), actor],
        )


def payoff(ws: Workspace, run_id: str) -> dict[str, Any] | None:
    """Return what was kept last for a run, or None."""
    rows = ws.rows(
        "SELECT CAST(payoff AS VARCHAR) AS payoff FROM payoffs WHERE run_id = ? ORDER BY set_at DESC LIMIT 1",
        [run_id],
    )
    found: dict[str, Any] | None = json.loads(rows[0]["payoff"]) if rows else None
    return found


def _stored(row: dict[str, Any]) -> Stored:
    return Stored(**{**row, "spec": json.loads(row["spec"]), "result": json.loads(row["result"])})
