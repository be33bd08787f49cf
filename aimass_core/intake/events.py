"""Events of a second table, counted and added up in windows of time before each row, as new columns.

Window 1 ends just before the row's own time, window 2 where window 1 begins, and so on: with windows of
length L, window k holds the events at times t with T - k·L <= t < T - (k-1)·L. Nothing at T or later counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from aimass_core.schema import ROW_ID
from aimass_core.workspace.connection import new_id, quoted

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

Measure = Literal["sum", "count", "mean", "max"]

_DAY_US = 86_400_000_000
_SQL: dict[Measure, str] = {"sum": "sum", "count": "count", "mean": "avg", "max": "max"}


@dataclass(frozen=True, slots=True)
class NewColumn:
    """One column to make: a measure of a value in one window; without a value, the number of events."""

    name: str
    value: str | None
    measure: Measure
    window: int


@dataclass(frozen=True, slots=True)
class Windows:
    """What to count for which rows.

    Attributes
    ----------
    rows, events : tables, quoted and qualified
    key, events_key : columns that name the customer in each; of types that compare
    time, events_time : dates or timestamps
    time : column of the rows, or one moment for all of them
    whole_days : compare days, because the events have no time of day; an event of the row's own day then
        does not count, for it may come after the row
    days : length of a window
    windows : number of windows
    columns : columns to make, in order
    zero : whether a sum without events is 0; else it is missing
    """

    rows: str
    key: str
    time: str | datetime
    events: str
    events_key: str
    events_time: str
    whole_days: bool
    days: int
    windows: int
    columns: tuple[NewColumn, ...]
    zero: bool = True


@dataclass(frozen=True, slots=True)
class Counted:
    """What was found.

    Attributes
    ----------
    rows : rows of the data set
    rows_matched : those whose key is in the event table at all
    rows_with_events : those with at least one event in a window
    rows_without_time : those whose own time is missing; their new columns are missing
    events : rows of the event table
    """

    rows: int
    rows_matched: int
    rows_with_events: int
    rows_without_time: int
    events: int


def keys(
    cursor: duckdb.DuckDBPyConnection, rows: str, key: str, events: str, events_key: str
) -> tuple[int, int, int]:
    """Return how many different keys the rows have, the events have, and both have."""
    found = cursor.execute(
        f"WITH a AS (SELECT DISTINCT {quoted(key)} AS k FROM {rows}), "
        f"b AS (SELECT DISTINCT {quoted(events_key)} AS k FROM {events}) "
        "SELECT (SELECT count(k) FROM a), (SELECT count(k) FROM b), "
        "(SELECT count(*) FROM a SEMI JOIN b USING (k))"
    ).fetchone()
    return (int(found[0]), int(found[1]), int(found[2])) if found else (0, 0, 0)


def last_time(cursor: duckdb.DuckDBPyConnection, events: str, events_time: str) -> datetime | None:
    """Return the time of the last event; None when no event has one."""
    time = f"CAST({quoted(events_time)} AS TIMESTAMP)"
    found = cursor.execute(f"SELECT max({time}) FROM {events} WHERE isfinite({time})").fetchone()
    return found[0] if found else None


def write(cursor: duckdb.DuckDBPyConnection, asked: Windows, target: str) -> Counted:
    """Write the rows with the new columns after their own as a table; row numbers and order stay."""
    with _windows(cursor, asked) as (made, counted):
        cursor.execute(f"CREATE TABLE {target} AS {_joined(asked, made)} ORDER BY {_row('s')}")
        return counted


def preview(cursor: duckdb.DuckDBPyConnection, asked: Windows, limit: int) -> tuple[pd.DataFrame, Counted]:
    """Return the first rows with the new columns, those with events before others, and counts of all rows."""
    with _windows(cursor, asked) as (made, counted):
        frame = cursor.execute(
            f"{_joined(asked, made)} ORDER BY w.n IS NULL, {_row('s')} LIMIT ?", [limit]
        ).df()
        return frame, counted


@contextmanager
def _windows(cursor: duckdb.DuckDBPyConnection, asked: Windows) -> Iterator[tuple[str, Counted]]:
    """Give a temporary table of one line a row (r, t, matched, n, c0, c1 …), and its counts."""
    made = quoted("windows_" + new_id().replace("-", ""))
    cursor.execute(f"CREATE TEMP TABLE {made} AS {_select(asked)}")
    try:
        found = cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE matched), count(*) FILTER (WHERE n > 0), "
            f"count(*) FILTER (WHERE t IS NULL), "
            f"(SELECT count(*) FROM {asked.events}) FROM {made}"
        ).fetchone()
        yield made, Counted(*(int(item) for item in found or (0, 0, 0, 0, 0)))
    finally:
        cursor.execute(f"DROP TABLE IF EXISTS {made}")


def _select(asked: Windows) -> str:
    values = list(dict.fromkeys(column.value for column in asked.columns if column.value is not None))
    length = asked.days * _DAY_US
    kept = "".join(f", CAST({quoted(name)} AS DOUBLE) AS v{i}" for i, name in enumerate(values))
    # A cell is one row and one window; only cells that have events are made, so wide windows cost little.
    cells: dict[str, str] = {}
    wide = []
    for number, column in enumerate(asked.columns):
        of = "*" if column.value is None else f"v{values.index(column.value)}"
        cell = cells.setdefault(f"{_SQL[column.measure]}({of})", f"m{len(cells)}")
        wide.append(f", max({cell}) FILTER (WHERE w = {column.window}) AS c{number}")
    measured = "".join(f", {sql} AS {name}" for sql, name in cells.items())
    return (
        f"WITH d AS (SELECT {quoted(ROW_ID)} AS r, {quoted(asked.key)} AS k, {_row_time(asked)} AS t "
        f"FROM {asked.rows}), "
        f"e AS (SELECT {quoted(asked.events_key)} AS k, {_us(quoted(asked.events_time))} AS t{kept} "
        f"FROM {asked.events}), "
        f"near AS (SELECT d.r, (d.t - e.t - 1) // {length} + 1 AS w, e.* FROM d JOIN e ON d.k = e.k "
        f"AND e.t < d.t AND e.t >= d.t - {length * asked.windows}), "
        f"cells AS (SELECT r, w, count(*) AS n{measured} FROM near GROUP BY r, w), "
        f"wide AS (SELECT r, sum(n) AS n{''.join(wide)} FROM cells GROUP BY r) "
        "SELECT d.r, d.t, d.k IN (SELECT k FROM e WHERE k IS NOT NULL) AS matched, wide.* EXCLUDE (r) "
        "FROM d LEFT JOIN wide USING (r)"
    )


def _joined(asked: Windows, made: str) -> str:
    new = "".join(f", {_cell(asked, i, column)}" for i, column in enumerate(asked.columns))
    return f"SELECT s.*{new} FROM {asked.rows} s JOIN {made} w ON {_row('s')} = w.r"


def _cell(asked: Windows, number: int, column: NewColumn) -> str:
    cell = f"w.c{number}"
    if column.measure == "count" or (column.measure == "sum" and asked.zero):
        cell = f"CASE WHEN w.t IS NOT NULL THEN coalesce({cell}, 0) END"
    kind = "BIGINT" if column.measure == "count" else "DOUBLE"
    return f"CAST({cell} AS {kind}) AS {quoted(column.name)}"


def _row_time(asked: Windows) -> str:
    if isinstance(asked.time, datetime):
        return _us(f"TIMESTAMP '{asked.time.replace(tzinfo=None).isoformat(sep=' ')}'")
    name = quoted(asked.time)
    return _us(f"date_trunc('day', {name})" if asked.whole_days else name)


def _us(time: str) -> str:
    """Return the SQL of a time as microseconds; missing for infinite ones."""
    return f"CASE WHEN isfinite(CAST({time} AS TIMESTAMP)) THEN epoch_us(CAST({time} AS TIMESTAMP)) END"


def _row(table: str) -> str:
    return f"{table}.{quoted(ROW_ID)}"
