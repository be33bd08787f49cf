"""What the same card or customer did before: rows of one group, strictly earlier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from aimass_core.schema import ROW_ID
from aimass_core.workspace.connection import Workspace, quoted
from aimass_core.workspace.datasets import Version, selected

if TYPE_CHECKING:
    import pandas as pd


def before(
    ws: Workspace,
    version: Version,
    *,
    group: str,
    key: str,
    time: str,
    moment: str,
    columns: Sequence[str],
    limit: int,
) -> pd.DataFrame:
    """Return the newest rows of a group before a moment, oldest first; ``_row`` comes first.

    Parameters
    ----------
    group, key : column of the group, and its value as text.
    time, moment : column of the time, and the moment as text in the form the database reads.
    columns : columns to return.
    limit : most rows.
    """
    found = ws.frame(
        f"SELECT {selected(version, columns)} FROM {version.table} WHERE {_same(version, group)} "
        f"AND {_time(version, time)} < {_moment(version, time)} "
        f"ORDER BY {_time(version, time)} DESC, {ROW_ID} DESC LIMIT ?",
        [key, moment, limit],
    )
    return found.iloc[::-1].reset_index(drop=True)


def counts(
    ws: Workspace, version: Version, *, group: str, key: str, time: str, moment: str
) -> tuple[int, int, int]:
    """Return how many rows of a group are before a moment, at it, and without a time."""
    (found,) = ws.rows(
        f"SELECT count(*) FILTER (moment < cut) AS before, count(*) FILTER (moment = cut) AS same, "
        "count(*) FILTER (moment IS NULL) AS unknown FROM "
        f"(SELECT {_time(version, time)} AS moment, {_moment(version, time)} AS cut FROM {version.table} "
        f"WHERE {_same(version, group)})",
        [moment, key],
    )
    return int(found["before"]), int(found["same"]), int(found["unknown"])


def moment_of(ws: Workspace, version: Version, *, time: str, text: str) -> datetime | float | None:
    """Return a moment as the time column would hold it; None when the text is not of its kind."""
    (found,) = ws.rows(f"SELECT {_moment(version, time)} AS moment", [text])
    moment: datetime | float | None = found["moment"]
    return moment


def _same(version: Version, group: str) -> str:
    return f"CAST({quoted(version.schema.column(group).name)} AS VARCHAR) = ?"


def _time(version: Version, time: str) -> str:
    return quoted(version.schema.column(time).name)


def _moment(version: Version, time: str) -> str:
    kinds = {"date": "TIMESTAMP", "timestamp": "TIMESTAMP"}
    return f"TRY_CAST(? AS {kinds.get(version.schema.column(time).kind, 'DOUBLE')})"
