"""Joining a table of events to a data set: the next version has columns over windows of time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError, SettingsError
from aimass_core.intake import events
from aimass_core.intake.events import Counted, Measure, NewColumn, Windows
from aimass_core.models.series import FEWEST, MOST, find_series
from aimass_core.schema import NUMERIC, TEMPORAL, Column, Kind, Schema
from aimass_core.workflows.columns import listed
from aimass_core.workspace import audit, datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

MAX_COLUMNS = 2_000
_COMPARABLE: tuple[frozenset[Kind], ...] = (
    frozenset({"integer", "number"}),
    frozenset({"category", "text"}),
)


class EventJoin(BaseModel):
    """How the events of one data set become columns of another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(description="Column of the rows that names the customer.")
    events_key: str | None = Field(default=None, description="The same in the events; default: same name.")
    time: str | None = Field(
        default=None, description="When each row was decided; only events strictly before it count."
    )
    as_of: datetime | None = Field(
        default=None,
        description="For rows without a time column: the moment that windows count back from; default: the "
        "end of the last event's day.",
    )
    events_time: str = Field(description="When each event happened.")
    values: tuple[str, ...] = Field(default=(), description="Numeric columns of the events; may be none.")
    measures: tuple[Measure, ...] = Field(
        default=("sum", "count"), min_length=1, description="What is made of each value in each window."
    )
    windows: int = Field(default=12, ge=1, le=MOST, description="Number of windows; 1 is the latest.")
    window_days: int = Field(default=30, ge=1, le=3_660, description="Length of a window in days.")
    zero: bool = Field(default=True, description="Whether a sum without events is 0; else it is missing.")


@dataclass(frozen=True, slots=True)
class JoinPreview:
    """What a join would give: some rows with the new columns, those with events first; counts; warnings."""

    rows: pd.DataFrame
    columns: tuple[str, ...]
    counted: Counted
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """The version a join made, what was counted, and warnings."""

    version: Version
    counted: Counted
    warnings: tuple[str, ...]


def guess(version: Version, events_version: Version) -> EventJoin | None:
    """Return a first join by roles and names; None when the tables share no key, or the events have no time.

    The key is a column that both have, an id or group before others. The events' values are their numeric
    features.
    """
    ours, theirs = version.schema, events_version.schema
    shared = [c for c in ours if c.name in theirs and _comparable(c.kind, theirs.column(c.name).kind)]
    named = [c for c in shared if {c.role, theirs.column(c.name).role} & {"id", "group"}]
    times = [c for c in theirs if c.kind in TEMPORAL]
    if not named or not times:
        return None
    time = next((c.name for c in ours.by_role("time") if c.kind in TEMPORAL), None)
    values = tuple(c.name for c in theirs.by_role("feature") if c.kind in ("integer", "number"))
    return EventJoin(
        key=named[0].name,
        time=time,
        events_time=next((c.name for c in times if c.role == "time"), times[0].name),
        values=values[:1],
    )


def new_columns(join: EventJoin) -> tuple[NewColumn, ...]:
    """Return the columns a join makes: `amount_1` … are sums, `amount_count_1` … numbers of events.

    Named so that the columns of one measure are recognised as one quantity at several times. Without values,
    events are counted in `events_count_1` ….
    """
    made = []
    for value in join.values or (None,):
        for measure in join.measures if value is not None else ("count",):
            stem = "events_count" if value is None else f"{value}_{measure}"
            if value is not None and measure == "sum" and _is_series(value):
                stem = value
            made += [
                NewColumn(f"{stem}_{window}", value, measure, window) for window in range(1, join.windows + 1)
            ]
    return tuple(made)


def preview(
    ws: Workspace,
    version: Version,
    events_version: Version,
    join: EventJoin,
    *,
    rows: int = 10,
    max_columns: int = MAX_COLUMNS,
) -> JoinPreview:
    """Try a join without keeping anything.

    Raises
    ------
    DataError, SettingsError
        When the columns do not fit, or no key is in both tables.
    """
    columns = _checked(version, events_version, join, max_columns)
    with ws.reading() as cursor:
        asked, warnings = _asked(cursor, version, events_version, join, columns)
        frame, counted = events.preview(cursor, asked, rows)
    names = tuple(column.name for column in columns)
    shown = ["_row", *dict.fromkeys([join.key, *([join.time] if join.time else [])]), *names]
    return JoinPreview(frame[shown], names, counted, warnings)


def apply(
    ws: Workspace,
    version: Version,
    events_version: Version,
    join: EventJoin,
    *,
    actor: str,
    note: str = "",
    max_columns: int = MAX_COLUMNS,
) -> Joined:
    """Make the next version of a data set with the columns of a join.

    The join, with the event table's version id and its file's SHA-256, is kept in the version's reading
    options under `joins`, and in the audit trail. The cleaning recipe carries over. All of it is kept or, on
    any error, none. Raw rows that are scored later must bring the new columns themselves.

    Raises
    ------
    DataError, SettingsError
        When the columns do not fit, or no key is in both tables.
    """
    columns = _checked(version, events_version, join, max_columns)
    with ws.writing() as cursor:
        asked, warnings = _asked(cursor, version, events_version, join, columns)
        table = datasets.new_table()
        counted = events.write(cursor, asked, table)
        record = _record(events_version, join, asked, counted, warnings)
        version_id = datasets.add_version(
            cursor,
            dataset=version.dataset,
            table=table,
            schema=Schema(columns=(*version.schema, *(_column(c, events_version) for c in columns))),
            rows=counted.rows,
            parent=version,
            repairs=version.repairs,
            source_name=version.source_name,
            source_sha256=version.source_sha256,
            source_bytes=version.source_bytes,
            read_options={
                **version.read_options,
                "joins": [*joins(version), record],
                "notes": [*version.read_options.get("notes", ()), *_notes(events_version, counted, warnings)],
            },
            actor=actor,
            note=note,
        )
        recipe = datasets.recipe_json(ws, version.version_id)
        if recipe is not None:
            datasets.set_recipe(ws, version_id, recipe, actor=actor)
        audit.record(cursor, "dataset.join", version_id, {"parent": version.ref, **record}, actor=actor)
        return Joined(datasets.get(ws, version_id), counted, warnings)


def joins(version: Version) -> tuple[dict[str, Any], ...]:
    """Return the joins that gave a version some of its columns, first to last."""
    return tuple(version.read_options.get("joins", ()))


def _checked(
    version: Version, events_version: Version, join: EventJoin, max_columns: int
) -> tuple[NewColumn, ...]:
    ours, theirs = version.schema, events_version.schema
    key, events_key = ours.column(join.key), theirs.column(join.events_key or join.key)
    if not _comparable(key.kind, events_key.kind):
        raise DataError(
            f"the keys `{key.name}` and `{events_key.name}` must both be whole numbers or both be text",
            f"they are {key.kind} and {events_key.kind}",
            "Change the type of one in Clean, or choose another key",
        )
    for column in (*([ours.column(join.time)] if join.time else []), theirs.column(join.events_time)):
        if column.kind not in TEMPORAL:
            raise DataError(
                f"`{column.name}` must be a date or a timestamp",
                f"it is a {column.kind}",
                "Change its type in Clean, or choose another column",
            )
    if join.time and join.as_of:
        raise SettingsError(
            "windows must count back from the rows' own time or from one moment", "both came", "Leave one out"
        )
    for name in join.values:
        if theirs.column(name).kind not in NUMERIC:
            raise DataError(
                f"value `{name}` must be numeric", f"it is a {theirs.column(name).kind}", "Choose another"
            )
    for what, given in (("value", join.values), ("measure", join.measures)):
        if len(set(given)) < len(given):
            raise SettingsError(f"each {what} must be named once", listed(given, "`"), "Take one out")
    columns = new_columns(join)
    # The database does not tell `A_1` from `a_1`.
    known = {name.casefold() for name in ours.names}
    taken = []
    for new in columns:
        if new.name.casefold() in known:
            taken.append(new.name)
        known.add(new.name.casefold())
    if taken:
        raise SettingsError(
            "new columns must have names of their own",
            f"{listed(taken, '`')} would be there twice",
            "Start from the version before that join, or rename the column in its file",
        )
    if len(ours) + len(columns) > max_columns:
        raise SettingsError(
            f"a data set can have at most {max_columns:,} columns",
            f"it would have {len(ours) + len(columns):,}",
            "Ask for fewer windows, values or measures",
        )
    return columns


def _asked(
    cursor: duckdb.DuckDBPyConnection,
    version: Version,
    events_version: Version,
    join: EventJoin,
    columns: tuple[NewColumn, ...],
) -> tuple[Windows, tuple[str, ...]]:
    events_key = join.events_key or join.key
    ours, theirs, both = events.keys(cursor, version.table, join.key, events_version.table, events_key)
    if not both:
        raise DataError(
            f"some keys must be in both `{version.ref}` and `{events_version.ref}`",
            f"none of {ours:,} `{join.key}` and {theirs:,} `{events_key}` match",
            "Choose another key, or look whether one table writes it differently",
        )
    whole_days = events_version.schema.column(join.events_time).kind == "date"
    time: str | datetime
    warnings: list[str] = []
    if join.time is not None:
        time = join.time
        whole_days = whole_days and version.schema.column(join.time).kind == "timestamp"
    else:
        time, whole_days = _moment(cursor, events_version, join), False
        warnings.append(
            f"Windows count back from {time:%Y-%m-%d %H:%M} for every row, not from each row's own time. If "
            "a row's outcome was known by then, its columns hold the future and the model will look better "
            "than it is."
        )
    if join.windows < FEWEST:
        warnings.append(
            f"Fewer than {FEWEST} windows are not read as steps of time by the transformer; the columns are "
            "plain features."
        )
    asked = Windows(
        rows=version.table,
        key=join.key,
        time=time,
        events=events_version.table,
        events_key=events_key,
        events_time=join.events_time,
        whole_days=whole_days,
        days=join.window_days,
        windows=join.windows,
        columns=columns,
        zero=join.zero,
    )
    return asked, tuple(warnings)


def _moment(cursor: duckdb.DuckDBPyConnection, events_version: Version, join: EventJoin) -> datetime:
    if join.as_of is not None:
        return join.as_of.replace(tzinfo=None)
    last = events.last_time(cursor, events_version.table, join.events_time)
    if last is None:
        raise DataError(
            f"`{join.events_time}` must have a time for some event",
            "all are missing",
            "Choose another column",
        )
    return datetime(last.year, last.month, last.day) + timedelta(days=1)


def _record(
    events_version: Version, join: EventJoin, asked: Windows, counted: Counted, warnings: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "events": events_version.ref,
        "events_version_id": events_version.version_id,
        "events_sha256": events_version.source_sha256,
        "join": join.model_dump(mode="json"),
        "counted_back_from": asked.time if isinstance(asked.time, str) else asked.time.isoformat(),
        "columns": [column.name for column in asked.columns],
        "counts": asdict(counted),
        "warnings": list(warnings),
    }


def _notes(events_version: Version, counted: Counted, warnings: tuple[str, ...]) -> list[str]:
    return [
        f"Events of {events_version.ref} were joined; {counted.rows_with_events:,} of {counted.rows:,} rows "
        "have events in the windows.",
        *warnings,
    ]


def _column(column: NewColumn, events_version: Version) -> Column:
    what = "number of events" if column.value is None else f"{column.measure} of {column.value}"
    return Column(
        name=column.name,
        kind="integer" if column.measure == "count" else "number",
        role="feature",
        note=f"{what} in window {column.window} before the row, from {events_version.ref}",
    )


def _comparable(one: Kind, other: Kind) -> bool:
    return any(one in kinds and other in kinds for kinds in _COMPARABLE)


def _is_series(stem: str) -> bool:
    return len(find_series([f"{stem}_{number}" for number in range(1, FEWEST + 1)])) == 1
