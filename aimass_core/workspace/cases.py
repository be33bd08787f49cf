"""Policies and decisions as the workspace keeps them: only ever added, found again by many sides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimass_core.errors import NotFoundError, SettingsError
from aimass_core.workspace import audit
from aimass_core.workspace.cells import Cell, row_text, row_values
from aimass_core.workspace.connection import Workspace, new_id, now

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """One version of a model's policy, as it was set."""

    policy_id: str
    model: str
    version: int
    policy: dict[str, Any]
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: what came in, what decided, what came out, and why.

    `input` is the complete raw row. `model` ("name@version") and `policy_version` are filled when it is read.
    """

    decision_id: str
    batch_id: str
    model_id: str
    policy_id: str
    source: str
    subject: str | None
    input: dict[str, Cell]
    input_sha256: str
    probability: float
    log_odds: float
    outcome: str
    reasons: dict[str, Any]
    reference: str
    decided_at: datetime
    decided_by: str
    bundle_sha256: str
    model: str = field(default="", compare=False)
    policy_version: int = field(default=0, compare=False)


_STORED = tuple(item.name for item in fields(Decision) if item.name not in ("model", "policy_version"))
_SEARCHED = ("d.decision_id", "coalesce(d.subject, '')", "CAST(d.input AS VARCHAR)")


def set_policy(
    ws: Workspace,
    model_name: str,
    policy: Mapping[str, Any],
    *,
    actor: str,
    only_if_none: bool = False,
) -> StoredPolicy:
    """Add the next version of a model's policy and record who set it.

    Parameters
    ----------
    only_if_none : keep and return the policy in force when there is one.
    """
    with ws.writing() as cursor:
        newest = cursor.execute(
            "SELECT coalesce(max(version), 0) FROM policies WHERE model = ?", [model_name]
        ).fetchone()
        version = int(newest[0]) if newest else 0
        if not (only_if_none and version):
            policy_id = new_id()
            cursor.execute(
                "INSERT INTO policies (policy_id, model, version, policy, set_at, set_by) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [policy_id, model_name, version + 1, json.dumps(dict(policy), allow_nan=False), now(), actor],
            )
            detail = {"policy_id": policy_id, "version": version + 1, "policy": dict(policy)}
            audit.record(cursor, "policy.set", model_name, detail, actor=actor)
    return policies(ws, model_name)[0]


def policies(ws: Workspace, model_name: str) -> list[StoredPolicy]:
    """Return all versions of a model's policy, newest first."""
    return _policies(ws, "model = ?", model_name)


def policy(ws: Workspace, model_name: str) -> StoredPolicy | None:
    """Return the policy in force for a model, or None while none was set."""
    return next(iter(policies(ws, model_name)), None)


def policy_by_id(ws: Workspace, policy_id: str) -> StoredPolicy:
    """Return one version of a policy.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    found = _policies(ws, "policy_id = ?", policy_id)
    if not found:
        raise NotFoundError(f"policy {policy_id} must exist", "there is none of that id")
    return found[0]


def _policies(ws: Workspace, where: str, value: str) -> list[StoredPolicy]:
    rows = ws.rows(
        "SELECT policy_id, model, version, CAST(policy AS VARCHAR) AS policy, set_at, set_by "
        f"FROM policies WHERE {where} ORDER BY version DESC",
        [value],
    )
    return [StoredPolicy(**{**row, "policy": json.loads(row["policy"])}) for row in rows]


def decisions_table(decisions: Iterable[Decision]) -> pa.Table:
    """Return decisions as an Arrow table with the columns that are stored, rows and reasons as JSON text."""
    import pyarrow as pa

    kinds = {"probability": pa.float64(), "log_odds": pa.float64(), "decided_at": pa.timestamp("us")}
    columns: dict[str, list[Any]] = {name: [] for name in _STORED}
    for decision in decisions:
        for name, values in columns.items():
            values.append(getattr(decision, name))
    columns["input"] = [row_text(row) for row in columns["input"]]
    columns["reasons"] = [
        json.dumps(item, ensure_ascii=False, allow_nan=False) for item in columns["reasons"]
    ]
    return pa.table(
        {name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()}
    )


def add_decisions(ws: Workspace, decisions: Iterable[Decision]) -> int:
    """Store decisions and, for each batch, the event of deciding it, all or none; return how many."""
    table = decisions_table(decisions)
    with ws.writing() as cursor:
        cursor.register("incoming_decisions", table)
        return _insert(cursor, "incoming_decisions", [])


def add_decisions_from(ws: Workspace, path: Path) -> int:
    """Store the decisions of a Parquet file made of :func:`decisions_table`, all or none; return how many."""
    with ws.writing() as cursor:
        return _insert(cursor, "read_parquet(?)", [str(path)])


def _insert(cursor: duckdb.DuckDBPyConnection, source: str, parameters: list[str]) -> int:
    names = ", ".join(_STORED)
    batches = cursor.execute(
        "SELECT batch_id, model_id, policy_id, source, decided_by, count(*) "
        f"FROM {source} GROUP BY ALL ORDER BY batch_id",
        parameters,
    ).fetchall()
    cursor.execute(f"INSERT INTO decisions ({names}) SELECT {names} FROM {source}", parameters)
    for batch_id, model_id, policy_id, origin, actor, rows in batches:
        detail = {"model_id": model_id, "policy_id": policy_id, "source": origin, "rows": rows}
        audit.record(cursor, "decision.score", batch_id, detail, actor=actor)
    return sum(int(batch[-1]) for batch in batches)


_READ = """
    SELECT d.* EXCLUDE (input, reasons), CAST(d.input AS VARCHAR) AS input,
        CAST(d.reasons AS VARCHAR) AS reasons,
        coalesce(m.name || '@' || m.version, '') AS model, coalesce(p.version, 0) AS policy_version
    FROM decisions d LEFT JOIN models m USING (model_id) LEFT JOIN policies p USING (policy_id)
"""


def get(ws: Workspace, decision_id: str) -> Decision:
    """Return one decision with all that is stored of it.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    rows = ws.rows(f"{_READ} WHERE d.decision_id = ?", [decision_id])
    if not rows:
        raise NotFoundError(
            f"decision {decision_id} must exist", "there is none of that id", "Look for it under Decisions"
        )
    return _decision(rows[0])


def find(
    ws: Workspace,
    *,
    model: str | None = None,
    outcome: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    source: str | None = None,
    batch_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Decision], int]:
    """Return one page of decisions, newest first, and how many there are in all.

    Parameters
    ----------
    model : a name ("retail": all its versions) or one version ("retail@2").
    text : looked for in the decision's id, its subject and its input, in any case.
    since, until : first time included and first time excluded, in UTC without an offset.

    Raises
    ------
    SettingsError
        When the offset is negative or the limit is not between 1 and 10,000.
    """
    if offset < 0 or not 1 <= limit <= 10_000:
        raise SettingsError(
            "a page of decisions must start at 0 or later and hold 1 to 10,000",
            f"offset is {offset:,}, limit is {limit:,}",
        )
    where, values = _where(model, outcome, subject, text, source, batch_id, since, until)
    page = ws.rows(
        f"{_READ} {where} ORDER BY d.decided_at DESC, d.decision_id DESC LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )
    total = ws.rows(f"SELECT count(*) AS n FROM decisions d {where}", values)[0]["n"]
    return [_decision(row) for row in page], int(total)


def counts(
    ws: Workspace,
    *,
    model: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    source: str | None = None,
    batch_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, int]:
    """Return how many decisions there are of each outcome, under the same filters as :func:`find`."""
    where, values = _where(model, None, subject, text, source, batch_id, since, until)
    rows = ws.rows(
        f"SELECT d.outcome, count(*) AS n FROM decisions d {where} GROUP BY d.outcome ORDER BY n DESC", values
    )
    return {row["outcome"]: int(row["n"]) for row in rows}


def _where(
    model: str | None,
    outcome: str | None,
    subject: str | None,
    text: str | None,
    source: str | None,
    batch_id: str | None,
    since: datetime | None,
    until: datetime | None,
) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if model is not None:
        name, _, version = model.rpartition("@") if model.rpartition("@")[2].isdigit() else (model, "", "")
        narrower = " AND version = ?" if version else ""
        conditions.append(f"d.model_id IN (SELECT model_id FROM models WHERE name = ?{narrower})")
        values += [name, int(version)] if version else [name]
    sides = {"outcome": outcome, "subject": subject, "source": source, "batch_id": batch_id}
    for column, value in sides.items():
        if value is not None:
            conditions.append(f"d.{column} = ?")
            values.append(value)
    if text:
        parts = [f"contains(lower({name}), lower(?))" for name in _SEARCHED]
        conditions.append("(" + " OR ".join(parts) + ")")
        values += [text] * len(parts)
    if since is not None:
        conditions.append("d.decided_at >= ?")
        values.append(since)
    if until is not None:
        conditions.append("d.decided_at < ?")
        values.append(until)
    return ("WHERE " + " AND ".join(conditions) if conditions else ""), values


def _decision(row: dict[str, Any]) -> Decision:
    return Decision(
        **{**row, "input": row_values(row["input"]), "reasons": json.loads(row["reasons"])},
    )
