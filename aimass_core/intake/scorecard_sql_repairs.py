"""Repairs in SQL that DuckDB and PostgreSQL both understand; what cannot be written is refused by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from aimass_core.errors import SettingsError
from aimass_core.intake.repair import (
    DuplicateRepair,
    LabelRepair,
    RangeRepair,
    Repair,
    SentinelRepair,
    TrimRepair,
    TypeRepair,
)
from aimass_core.intake.repair_sql import NUMBERS, TEXTS, as_number, literal
from aimass_core.schema import TEMPORAL, Column, Kind, Schema

Change = Callable[[str], str]

_BLANK = "' ' || CHR(9) || CHR(10) || CHR(13) || CHR(160)"
_PLAIN = r"'^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$'"
_THOUSANDS = r"'^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$'"
_SIGNS = r"'^([+-]?)[ \t\n\r\f]*[$€£¥][ \t\n\r\f]*|[ \t\n\r\f]*[%€$£¥]$'"


def levels(schema: Schema, repairs: Sequence[Repair], cells: Sequence[str]) -> Iterator[list[str]]:
    """Give, for each repair that concerns these columns, the SQL of all cells after it.

    Parameters
    ----------
    schema : the columns with their kinds before the repairs.
    cells : SQL name of each column's cell.

    Raises
    ------
    SettingsError
        When a repair cannot be written; says which.
    """
    for repair in repairs:
        if isinstance(repair, DuplicateRepair):
            continue  # never done to rows to be scored
        changes = {
            column.name: change
            for column in _columns(schema, repair)
            if (change := _change(repair, column)) is not None
        }
        schema = _after(schema, repair)
        if changes:
            yield [
                changes[column.name](cell) if column.name in changes else cell
                for column, cell in zip(schema, cells, strict=True)
            ]


def _after(schema: Schema, repair: Repair) -> Schema:
    if isinstance(repair, TypeRepair) and repair.column not in schema:
        return schema
    return repair.schema_after(schema)


def _columns(schema: Schema, repair: Repair) -> list[Column]:
    if isinstance(repair, DuplicateRepair):
        return []
    if not isinstance(repair, TrimRepair):
        return [column for column in schema if column.name == repair.column]
    if repair.columns is None:
        return [column for column in schema if column.kind in TEXTS]
    return [column for column in schema if column.name in repair.columns]


def _change(repair: Repair, column: Column) -> Change | None:
    """Return the SQL of a cell after a repair, from that before it; None where it changes nothing."""
    if isinstance(repair, SentinelRepair):
        return _sentinels(repair, column)
    if isinstance(repair, RangeRepair):
        return _range(repair, column)
    if isinstance(repair, LabelRepair):
        return _labels(repair, column)
    if isinstance(repair, TrimRepair):
        return _trim(repair)
    if isinstance(repair, TypeRepair):
        return _type(repair, column)
    return None


def _sentinels(repair: SentinelRepair, column: Column) -> Change | None:
    if column.kind in TEXTS:
        if any(not isinstance(value, str) for value in repair.values):
            raise _refused(f"the codes for missing in `{column.name}`", "numbers are looked for in text")
        found = [literal(str(value).strip()) for value in repair.values]
        return lambda x: f"CASE WHEN TRIM({_blanks_of(x)}) IN ({', '.join(found)}) THEN NULL ELSE {x} END"
    if column.kind in NUMBERS:
        numbers = [as_number(value) for value in repair.values]
        found = [_number(value) for value in numbers if value is not None and value == value]
    elif column.kind == "boolean":
        raise _refused(f"the codes for missing in `{column.name}`", "it is true or false")
    else:
        found = [text for value in repair.values if (text := _moment(value, column.kind)) is not None]
    if not found:
        return None
    return lambda x: f"CASE WHEN {x} IN ({', '.join(found)}) THEN NULL ELSE {x} END"


def _blanks_of(x: str) -> str:
    return f"BOTH {_BLANK} FROM {x}"


def _range(repair: RangeRepair, column: Column) -> Change:
    tests = []
    for sign, value in (("<", repair.low), (">", repair.high)):
        if isinstance(value, dt.date) and column.kind in TEMPORAL:
            whole_day = column.kind == "timestamp" and sign == ">"
            text = f"{value.isoformat()} 23:59:59.999999" if whole_day else value.isoformat()
            tests.append((sign, f"{column.kind.upper()} '{text}'"))
        elif isinstance(value, float):
            tests.append((sign, _number(value)))
    return lambda x: (
        f"CASE WHEN {' OR '.join(f'{x} {sign} {bound}' for sign, bound in tests)} THEN NULL ELSE {x} END"
    )


def _labels(repair: LabelRepair, column: Column) -> Change:
    def value(text: str) -> str:
        if column.kind in TEXTS:
            return literal(text)
        read = as_number(text)
        if read is None:
            raise _refused(f"the new labels of `{column.name}`", f"'{text}' is no number")
        return str(int(read)) if column.kind == "integer" else _number(read)

    cases = " ".join(f"WHEN {value(old)} THEN {value(new)}" for old, new in repair.mapping.items())
    return lambda x: f"CASE {x} {cases} ELSE {x} END"


def _trim(repair: TrimRepair) -> Change:
    def trimmed(x: str) -> str:
        runs = f"REGEXP_REPLACE(REPLACE({x}, CHR(160), ' '), '[ \\t\\n\\r\\f]+', ' ', 'g')"
        tidy = f"NULLIF(TRIM({runs}), '')"
        return tidy if repair.case == "keep" else f"{repair.case.upper()}({tidy})"

    return trimmed


def _type(repair: TypeRepair, column: Column) -> Change | None:
    before, to = column.kind, repair.to
    if before == to or (before in TEXTS and to in TEXTS):
        return None
    ways: dict[tuple[Kind, Kind], Change] = {
        ("integer", "number"): _cast("DOUBLE PRECISION"),
        ("number", "integer"): _whole,
        ("boolean", "integer"): lambda x: f"CASE WHEN {x} THEN 1 WHEN NOT {x} THEN 0 END",
        ("boolean", "number"): lambda x: f"CASE WHEN {x} THEN 1e0 WHEN NOT {x} THEN 0e0 END",
        ("integer", "boolean"): lambda x: f"CASE {x} WHEN 1 THEN TRUE WHEN 0 THEN FALSE END",
        ("number", "boolean"): lambda x: f"CASE {x} WHEN 1 THEN TRUE WHEN 0 THEN FALSE END",
        ("date", "timestamp"): _cast("TIMESTAMP"),
        ("timestamp", "date"): _cast("DATE"),
    }
    for text in TEXTS:
        ways[text, "number"] = _as_number
        ways[text, "integer"] = lambda x: _whole(_as_number(x))
        ways[text, "boolean"] = _as_boolean
        ways["integer", text] = ways["date", text] = _cast("VARCHAR")
        ways["boolean", text] = lambda x: f"CASE WHEN {x} THEN 'true' WHEN NOT {x} THEN 'false' END"
    if (before, to) not in ways:
        raise _refused(f"the change of `{column.name}` from {before} to {to}", "databases differ in it")
    return ways[before, to]


def _cast(sql_type: str) -> Change:
    return lambda x: f"CAST({x} AS {sql_type})"


def _whole(x: str) -> str:
    """Whole numbers of 64 bits; others are missing."""
    return f"CASE WHEN ABS({x}) < 9223372036854775807e0 AND {x} = TRUNC({x}) THEN CAST({x} AS BIGINT) END"


def _as_number(x: str) -> str:
    text = f"LOWER(REGEXP_REPLACE(TRIM({_blanks_of(x)}), {_SIGNS}, '\\1', 'g'))"
    return (
        f"CASE WHEN {text} ~ {_PLAIN} THEN CAST({text} AS DOUBLE PRECISION) "
        f"WHEN {text} ~ {_THOUSANDS} THEN CAST(REPLACE({text}, ',', '') AS DOUBLE PRECISION) END"
    )


def _as_boolean(x: str) -> str:
    text = f"LOWER(TRIM({_blanks_of(x)}))"
    return (
        f"CASE WHEN {text} IN ('true', 't', 'yes', 'y', '1', '1.0') THEN TRUE "
        f"WHEN {text} IN ('false', 'f', 'no', 'n', '0', '0.0') THEN FALSE END"
    )


def _number(value: float) -> str:
    text = repr(float(value))
    return f"({text if 'e' in text else f'{text}e0'})"


def _moment(value: str | float, kind: Kind) -> str | None:
    """Return a code as a date or time literal; None when it is none, so that no cell can have it."""
    try:
        read = dt.datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    if kind == "date":
        return f"DATE '{read.date().isoformat()}'"
    return f"TIMESTAMP '{read.isoformat(sep=' ')}'"


def _refused(what: str, why: str) -> SettingsError:
    return SettingsError(
        f"{what} must be a repair that SQL can do everywhere",
        why,
        "Export the table of points as Excel, or clean the table before and train on the clean one",
    )
