"""The reason dictionary as the workspace keeps it: sentences are only ever added, the newest is in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aimass_core.errors import ConflictError
from aimass_core.workspace import audit
from aimass_core.workspace.connection import Workspace, new_id, now


@dataclass(frozen=True, slots=True)
class Entry:
    """One sentence pair as it was set; both empty where an earlier one was taken back."""

    feature: str
    direction: str
    customer: str
    reviewer: str
    owner: str
    set_at: datetime
    set_by: str


_COLUMNS = "feature, direction, customer, reviewer, owner, set_at, set_by"


def version(ws: Workspace, dataset: str) -> int:
    """Return how many entries were ever set for a data set."""
    return int(ws.rows("SELECT count(*) AS n FROM reason_texts WHERE dataset = ?", [dataset])[0]["n"])


def in_force(ws: Workspace, dataset: str) -> list[Entry]:
    """Return the newest entry of each feature and direction, those taken back as well, in order of name."""
    rows = ws.rows(
        f"SELECT {_COLUMNS} FROM reason_texts WHERE dataset = ? "
        "QUALIFY row_number() OVER (PARTITION BY feature, direction ORDER BY set_at DESC, text_id DESC) = 1 "
        "ORDER BY feature, direction DESC",
        [dataset],
    )
    return [Entry(**row) for row in rows]


def history(ws: Workspace, dataset: str, feature: str) -> list[Entry]:
    """Return all entries of a feature, newest first."""
    rows = ws.rows(
        f"SELECT {_COLUMNS} FROM reason_texts WHERE dataset = ? AND feature = ? "
        "ORDER BY set_at DESC, text_id DESC",
        [dataset, feature],
    )
    return [Entry(**row) for row in rows]


def add(
    ws: Workspace, dataset: str, entries: Sequence[Mapping[str, str]], *, actor: str, seen: int | None = None
) -> int:
    """Add entries and record it, all or none; return the version of the dictionary.

    Parameters
    ----------
    entries : each with feature, direction, customer, reviewer and owner.
    seen : version that the entries were written against; None: whatever it is.

    Raises
    ------
    ConflictError
        When somebody has added entries since.
    """
    with ws.writing() as cursor:
        counted = cursor.execute("SELECT count(*) FROM reason_texts WHERE dataset = ?", [dataset]).fetchone()
        present = int(counted[0]) if counted else 0
        if seen is not None and seen != present:
            raise ConflictError(
                f"the reason dictionary of `{dataset}` must be as it was when you opened it",
                f"somebody else has saved {present - seen:,} entries since",
                "Look at theirs, then save yours again",
            )
        moment = now()
        for entry in entries:
            cursor.execute(
                "INSERT INTO reason_texts (text_id, dataset, feature, direction, customer, reviewer, owner, "
                "set_at, set_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(new_id(), dataset, entry["feature"], entry["direction"], entry["customer"]),
                    *(entry["reviewer"], entry["owner"], moment, actor),
                ],
            )
        if entries:
            detail = {
                "version": present + len(entries),
                "entries": [dict(entry) for entry in entries],
            }
            audit.record(cursor, "wording.set", dataset, detail, actor=actor)
    return present + len(entries)
