"""Repairs on rows in memory: the same SQL as on tables, for rows to be scored."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aimass_core.errors import DataError
from aimass_core.intake.change import RuleCount, merged
from aimass_core.intake.repair_sql import (
    NUMBERS,
    SQL_TYPES,
    TEXTS,
    CellRule,
    Step,
    chain,
    converted,
    matches,
    trimmed,
)
from aimass_core.schema import ROW_ID, Kind, Schema

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_TYPED = "not-typed"
_KINDS_SAID: dict[Kind, str] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date like 2005-04-30",
    "timestamp": "a time like 2005-04-30 13:45:00",
    "category": "text",
    "text": "text",
}


class _Engine(threading.local):
    """One in-memory database for the process, one connection to it for each thread."""

    _database: duckdb.DuckDBPyConnection | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        import duckdb

        with _Engine._lock:
            if _Engine._database is None:
                config: dict[str, Any] = {
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "preserve_insertion_order": True,
                }
                _Engine._database = duckdb.connect(":memory:", config=config)
            self.cursor = _Engine._database.cursor()


@cache
def _engine() -> _Engine:
    return _Engine()


def repaired(
    frame: pd.DataFrame,
    rules: Sequence[CellRule],
    schema: Schema,
    after: Schema,
    *,
    sentinels: dict[str, tuple[str | float, ...]],
) -> tuple[pd.DataFrame, tuple[RuleCount, ...]]:
    """Type the columns of a frame as their schema says, then apply rules.

    Parameters
    ----------
    frame : rows; columns that are not in the schema are left out, `_row` is kept
    rules : rules on columns of the schema
    schema, after : columns before and after the rules
    sentinels : codes for "missing" by column, for text that comes where the schema has another type

    Returns
    -------
    frame, counts
        Rows in the order and with the index they came with.

    Raises
    ------
    DataError
        When a column is absent or twice there, or a value is not of its column's kind and no repair makes it
        missing; names row and value.
    """
    _need(frame, schema)
    arrays, arrived = [], {}
    for column in schema:
        array, kind = _arrow(frame[column.name], column.kind)
        arrays.append(array)
        arrived[column.name] = kind
    typing: list[CellRule] = []
    for column in schema:
        typing += _typing(column.name, arrived[column.name], column.kind, sentinels.get(column.name, ()))
    chained = chain("aimass_rows", schema.names, [*typing, *rules])
    import pyarrow as pa

    names = [*schema.names, ROW_ID]
    arrays.append(pa.array(np.arange(len(frame), dtype=np.int64)))
    cursor = _engine().cursor
    cursor.register("aimass_rows", pa.Table.from_arrays(arrays, names=names))
    refusing = [step for step in chained.steps if step.rule.rule == _TYPED and step.rule.only_lost]
    counting = [step for step in chained.steps if step.rule.rule != _TYPED]
    # One statement for values, refusals and counts: for a single row the time goes into reading the SQL.
    fields = [f"CAST({chained.final[c.name]} AS {SQL_TYPES[c.kind]}) AS c{i}" for i, c in enumerate(after)]
    fields += [f"coalesce({step.changed}, false) AS x{i}" for i, step in enumerate(refusing)]
    fields += [
        f"coalesce({step.rule.changed(step.before, step.after)}, false) AS n{i}"
        for i, step in enumerate(counting)
    ]
    try:
        found = cursor.execute(f"SELECT {', '.join(['r', *fields])} FROM {chained.sql}").df()
    finally:
        cursor.unregister("aimass_rows")
    if not found["r"].is_monotonic_increasing:
        found = found.sort_values("r", ignore_index=True)
    _refuse(refusing, found, frame, schema)
    counts = _counts(counting, found)
    result = found[[f"c{i}" for i in range(len(after.names))]]
    result.columns = pd.Index(after.names)
    result.index = frame.index
    if ROW_ID in frame.columns:
        result.insert(0, ROW_ID, frame[ROW_ID])
    return result, counts


def _need(frame: pd.DataFrame, schema: Schema) -> None:
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError("column names must differ", f"`{twice}` occurs twice", "Rename one of them")
    absent = [name for name in schema.names if name not in frame.columns]
    if absent:
        named = ", ".join(f"`{name}`" for name in absent[:8]) + (", …" if len(absent) > 8 else "")
        raise DataError(
            "every column that was used in training must be in the rows",
            f"missing: {named}",
            "Add the column; leave its cells empty where the value is unknown",
        )


def _arrow(series: pd.Series[Any], kind: Kind) -> tuple[pa.Array, Kind]:
    """Return the values as an arrow array and the kind they came as; missing values are null."""
    import pyarrow as pa

    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _as_text(series, kind), "text"
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    found, types = array.type, pa.types
    if types.is_boolean(found):
        return array, "boolean"
    if types.is_integer(found):
        wide = types.is_uint64(found)
        return array.cast(pa.float64() if wide else pa.int64(), safe=False), "number" if wide else "integer"
    if types.is_floating(found) or types.is_decimal(found):
        return array.cast(pa.float64()), "number"
    if types.is_date(found):
        return array.cast(pa.date32()), "date"
    if types.is_timestamp(found):
        naive = array.cast(pa.timestamp("us", tz=found.tz), safe=False).cast(pa.timestamp("us"))
        return naive, "timestamp"
    if types.is_string(found) or types.is_large_string(found) or types.is_null(found):
        return array.cast(pa.string()), "text"
    return _as_text(series, kind), "text"


def _as_text(series: pd.Series[Any], kind: Kind) -> pa.Array:
    import pyarrow as pa

    texts: list[str | None] = []
    for value in series:
        if isinstance(value, list | dict | tuple | set | np.ndarray | bytes):
            raise DataError(
                f"a cell of `{series.name}` must be a number, text, true or false, a date or empty",
                f"row {len(texts) + 1:,} is of type {type(value).__name__}",
                "Give each of its parts a column of its own",
            )
        texts.append(None if pd.isna(value) else _text(value, kind))
    return pa.array(texts, pa.string())


def _text(value: Any, kind: Kind) -> str:
    if isinstance(value, bool | np.bool_):
        if kind in NUMBERS:
            return "1" if value else "0"
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _typing(name: str, came: Kind, kind: Kind, codes: Sequence[str | float]) -> list[CellRule]:
    """Rules that give a column the type of its schema."""
    if came == kind or (came in TEXTS and kind in TEXTS):
        return []
    rules = []
    if came in TEXTS:
        rules.append(CellRule(_TYPED, name, came, trimmed))
        words = [code for code in codes if isinstance(code, str) and code.strip()]
        if words:
            found = partial(matches, kind=came, values=words)
            rules.append(
                CellRule(
                    "sentinel-to-missing",
                    name,
                    came,
                    lambda x: f"CASE WHEN {found(x)} THEN NULL ELSE {x} END",
                )
            )
    typed = partial(converted, before=came, to=kind, loose=False)
    rules.append(CellRule(_TYPED, name, kind, typed, only_lost=True))
    return rules


def _counts(steps: Sequence[Step], found: pd.DataFrame) -> tuple[RuleCount, ...]:
    cells = [int(found[f"n{i}"].sum()) for i in range(len(steps))]
    return merged(
        RuleCount(rule=step.rule.rule, column=step.rule.column, cells=count, rows=count)
        for step, count in zip(steps, cells, strict=True)
    )


def _refuse(steps: Sequence[Step], found: pd.DataFrame, frame: pd.DataFrame, schema: Schema) -> None:
    """Raise for the first value that is not of its column's kind."""
    for i, step in enumerate(steps):
        lost = np.flatnonzero(found[f"x{i}"].to_numpy(dtype=bool))
        if not lost.size:
            continue
        first = int(lost[0])
        name = step.rule.column
        value = str(frame[name].iloc[first])
        shown_value = value if len(value) <= 40 else value[:40] + "…"
        row = int(frame[ROW_ID].iloc[first]) if ROW_ID in frame.columns else first + 1
        raise DataError(
            f"every value of `{name}` must be {_KINDS_SAID[schema.column(name).kind]}",
            f"{lost.size:,} of {len(frame):,} rows are not (first: row {row:,}, '{shown_value}')",
            f"Map '{shown_value}' to missing in Clean, or leave the cell empty",
        )
