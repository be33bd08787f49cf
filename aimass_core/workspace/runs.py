"""Training runs: what was trained on which data with which settings, and how good it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aimass_core.errors import NotFoundError
from aimass_core.workspace.connection import Workspace, new_id, now

if TYPE_CHECKING:
    import duckdb

_FIELDS = (
    "run_id, job_id, version_id, name, family, CAST(spec AS VARCHAR) AS spec, "
    "CAST(metrics AS VARCHAR) AS metrics, bundle, seconds, created_at, created_by"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One finished training.

    `metrics` is flat: ``test.auc``, ``test.auc.low``, ``test.auc.high``, ``validation.auc``, ``train.rows``…;
    an undefined measure is NaN. `bundle` is a folder name under the workspace's bundles.
    """

    run_id: str
    job_id: str
    version_id: str
    name: str
    family: str
    spec: dict[str, Any]
    metrics: dict[str, Any]
    bundle: str
    seconds: float
    created_at: datetime
    created_by: str


def add(
    cursor: duckdb.DuckDBPyConnection,
    *,
    job_id: str,
    version_id: str,
    name: str,
    family: str,
    spec: Mapping[str, Any],
    metrics: Mapping[str, Any],
    report: Mapping[str, Any],
    bundle: str,
    seconds: float,
    actor: str,
    run_id: str | None = None,
) -> str:
    """Add a finished run inside a transaction and return its id.

    Parameters
    ----------
    report : JSON of the evaluation, read back with :func:`report`.
    seconds : wall time of the training in the worker.
    """
    run_id = run_id or new_id()
    cursor.execute(
        "INSERT INTO runs (run_id, job_id, version_id, name, family, spec, metrics, report, bundle, seconds, "
        "created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            run_id,
            job_id,
            version_id,
            name,
            family,
            _to_text(spec),
            _to_text(metrics),
            _to_text(report),
            bundle,
            float(seconds),
            now(),
            actor,
        ],
    )
    return run_id


def get(ws: Workspace, ref: str) -> Run:
    """Return the run of that id, or the newest one of that name.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    rows = ws.rows(
        f"SELECT {_FIELDS} FROM runs WHERE run_id = ? OR name = ? "
        "ORDER BY (run_id = ?) DESC, created_at DESC, run_id DESC LIMIT 1",
        [ref, ref, ref],
    )
    if not rows:
        known = [row["name"] for row in ws.rows("SELECT name FROM runs ORDER BY created_at DESC LIMIT 5")]
        raise NotFoundError(
            f"run `{ref}` must exist",
            "the newest runs are " + ", ".join(f"`{name}`" for name in known)
            if known
            else "there are no runs",
            "Choose a run on the Evaluate page" if known else "Train a model first",
        )
    return _run(rows[0])


def by_job(ws: Workspace, job_id: str) -> Run | None:
    """Return the run a job made, or None while it has made none."""
    rows = ws.rows(f"SELECT {_FIELDS} FROM runs WHERE job_id = ? LIMIT 1", [job_id])
    return _run(rows[0]) if rows else None


def runs(ws: Workspace, version_id: str | None = None) -> list[Run]:
    """Return all runs, or those on one data set version, newest first."""
    where = "WHERE version_id = ? " if version_id is not None else ""
    rows = ws.rows(
        f"SELECT {_FIELDS} FROM runs {where}ORDER BY created_at DESC, run_id DESC",
        [version_id] if version_id is not None else [],
    )
    return [_run(row) for row in rows]


def report(ws: Workspace, run_id: str) -> dict[str, Any]:
    """Return the stored evaluation of a run.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    rows = ws.rows("SELECT CAST(report AS VARCHAR) AS report FROM runs WHERE run_id = ? LIMIT 1", [run_id])
    if not rows:
        raise NotFoundError(f"run `{run_id}` must exist", "there is none of that id")
    found: dict[str, Any] = _from_text(rows[0]["report"])
    return found


def names(ws: Workspace) -> set[str]:
    """Return the names of all runs."""
    return {row["name"] for row in ws.rows("SELECT DISTINCT name FROM runs")}


def _run(row: dict[str, Any]) -> Run:
    return Run(**{**row, "spec": _from_text(row["spec"]), "metrics": _from_text(row["metrics"])})


_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def _to_text(value: Mapping[str, Any]) -> str:
    """Write JSON; NaN and infinities, which it cannot hold, become ``{"$number": "NaN"}``."""
    return json.dumps(_packed(dict(value)), ensure_ascii=False, allow_nan=False)


def _packed(value: Any) -> Any:
    if isinstance(value, float) and (
        value != value or value in (_NUMBERS["Infinity"], _NUMBERS["-Infinity"])
    ):
        return {"$number": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, Mapping):
        return {str(key): _packed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_packed(item) for item in value]
    return value


def _from_text(text: str) -> Any:
    return json.loads(text, object_hook=_unpacked)


def _unpacked(item: dict[str, Any]) -> Any:
    return _NUMBERS[item["$number"]] if set(item) == {"$number"} else item
