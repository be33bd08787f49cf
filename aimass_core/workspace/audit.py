"""The audit trail: who did what to which thing, when. Events are only ever added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aimass_core.errors import SettingsError
from aimass_core.workspace.connection import Workspace, new_id, now

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded act."""

    event_id: str
    action: str
    subject: str
    detail: dict[str, Any]
    happened_at: datetime
    actor: str


def record(
    target: Workspace | duckdb.DuckDBPyConnection,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
    *,
    actor: str,
) -> str:
    """Add one event and return its id.

    Parameters
    ----------
    target : the cursor of a transaction, so that the act and its event are kept together or not at all;
        or a workspace, which opens a transaction of its own.
    action : what was done, as `noun.verb` ("dataset.import", "policy.set").
    subject : id or name of the thing it was done to.
    detail : what else a reader needs, as values JSON can hold; other values are kept as text.
    actor : who did it.

    Raises
    ------
    SettingsError
        When nobody is named as the actor.
    """
    if not actor.strip():
        raise SettingsError("an act must name who did it", "the name is empty", "Set AIMASS_USER")
    if isinstance(target, Workspace):
        with target.writing() as cursor:
            return record(cursor, action, subject, detail, actor=actor)
    event_id = new_id()
    text = json.dumps(_finite(dict(detail or {})), ensure_ascii=False, default=str, allow_nan=False)
    target.execute(
        "INSERT INTO audit (event_id, action, subject, detail, happened_at, actor) VALUES (?, ?, ?, ?, ?, ?)",
        [event_id, action, subject, text, now(), actor],
    )
    return event_id


def events(
    ws: Workspace, *, subject: str | None = None, action: str | None = None, limit: int = 100, offset: int = 0
) -> list[Event]:
    """Return recorded events, newest first.

    Parameters
    ----------
    subject : only those of this thing.
    action : only those of this kind.
    limit, offset : the page of the list to return.
    """
    wanted = {"subject": subject, "action": action}
    given = {name: value for name, value in wanted.items() if value is not None}
    where = "WHERE " + " AND ".join(f"{name} = ?" for name in given) if given else ""
    rows = ws.rows(
        "SELECT event_id, action, subject, CAST(detail AS VARCHAR) AS detail, happened_at, actor "
        f"FROM audit {where} ORDER BY happened_at DESC, event_id DESC LIMIT ? OFFSET ?",
        [*given.values(), limit, offset],
    )
    return [Event(**{**row, "detail": json.loads(row["detail"])}) for row in rows]


def _finite(value: Any) -> Any:
    """Replace NaN and infinities, which JSON cannot hold, by their names."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
