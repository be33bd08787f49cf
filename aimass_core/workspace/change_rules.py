"""How the columns of a data set may change in advice, as the workspace keeps it; the newest rules hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aimass_core.workspace import audit
from aimass_core.workspace.connection import Workspace, now


@dataclass(frozen=True, slots=True)
class StoredRules:
    """Rules for a data set, all of its versions, as they were set."""

    dataset: str
    rules: dict[str, Any]
    set_at: datetime
    set_by: str


def set_rules(ws: Workspace, dataset: str, rules: Mapping[str, Any], *, actor: str) -> StoredRules:
    """Put rules in force for a data set and record who set them."""
    with ws.writing() as cursor:
        cursor.execute(
            "INSERT INTO change_rules (dataset, rules, set_at, set_by) VALUES (?, ?, ?, ?)",
            [dataset, json.dumps(dict(rules), ensure_ascii=False, allow_nan=False), now(), actor],
        )
        audit.record(cursor, "change_rules.set", dataset, {"rules": dict(rules)}, actor=actor)
    return history(ws, dataset)[0]


def rules(ws: Workspace, dataset: str) -> StoredRules | None:
    """Return the rules in force for a data set, None while nobody set any."""
    return next(iter(history(ws, dataset)), None)


def history(ws: Workspace, dataset: str) -> list[StoredRules]:
    """Return all rules ever set for a data set, newest first."""
    rows = ws.rows(
        "SELECT dataset, CAST(rules AS VARCHAR) AS rules, set_at, set_by FROM change_rules "
        "WHERE dataset = ? ORDER BY set_at DESC",
        [dataset],
    )
    return [StoredRules(**{**row, "rules": json.loads(row["rules"])}) for row in rows]
