"""How stable the reasons of runs are: what was found, and where the refits of each are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimass_core.errors import NotFoundError
from aimass_core.workspace.connection import Workspace, new_id, now

if TYPE_CHECKING:
    import duckdb

_FIELDS = (
    "stability_id, job_id, run_id, CAST(spec AS VARCHAR) AS spec, CAST(result AS VARCHAR) AS result, folder, "
    "seconds, created_at, created_by"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One finished measurement: what was asked for, what came out (JSON values), and its folder's name."""

    stability_id: str
    job_id: str
    run_id: str
    spec: dict[str, Any]
    result: dict[str, Any]
    folder: str
    seconds: float
    created_at: datetime
    created_by: str


def home(ws: Workspace) -> Path:
    """Return the folder in which refits are kept, one folder each measurement."""
    return ws.home / "stabilities"


def add(
    cursor: duckdb.DuckDBPyConnection,
    *,
    job_id: str,
    run_id: str,
    spec: Mapping[str, Any],
    result: Mapping[str, Any],
    folder: str,
    seconds: float,
    actor: str,
) -> str:
    """Add a finished measurement inside a transaction and return its id."""
    stability_id = new_id()
    cursor.execute(
        "INSERT INTO stabilities (stability_id, job_id, run_id, spec, result, folder, seconds, created_at, "
        "created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            stability_id,
            job_id,
            run_id,
            json.dumps(spec, ensure_ascii=False, allow_nan=False),
            json.dumps(result, ensure_ascii=False, allow_nan=False),
            folder,
            float(seconds),
            now(),
            actor,
        ],
    )
    return stability_id


def get(ws: Workspace, stability_id: str) -> Stored:
    """Return one measurement.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = _read(ws, "stability_id = ?", stability_id)
    if not found:
        raise NotFoundError(
            "the stability of reasons must have been measured", f"there is no {stability_id!r}"
        )
    return found[0]


def by_job(ws: Workspace, job_id: str) -> Stored | None:
    """Return what a job made, or None while it has made nothing."""
    found = _read(ws, "job_id = ?", job_id)
    return found[0] if found else None


def of_run(ws: Workspace, run_id: str) -> list[Stored]:
    """Return the measurements of a run, newest first."""
    return _read(ws, "run_id = ?", run_id)


def _read(ws: Workspace, where: str, value: str) -> list[Stored]:
    rows = ws.rows(
        f"SELECT {_FIELDS} FROM stabilities WHERE {where} ORDER BY created_at DESC, stability_id DESC",
        [value],
    )
    return [
        Stored(**{**row, "spec": json.loads(row["spec"]), "result": json.loads(row["result"])})
        for row in rows
    ]
