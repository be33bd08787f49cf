"""A scorecard as one SELECT over a table of raw rows, for DuckDB and PostgreSQL.

Standard SQL as far as it goes: quoted identifiers, CASE, nested queries; `~` with anchors and
REGEXP_REPLACE, which both databases know, where a repair needs a pattern. Numbers are approximate literals
(`1.5e0`), which both read as double precision to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aimass_core.errors import SettingsError
from aimass_core.intake import scorecard_sql_repairs
from aimass_core.intake.repair import Repair, input_schema
from aimass_core.intake.repair_sql import NUMBERS, TEXTS, literal
from aimass_core.schema import TEMPORAL, Column, Schema
from aimass_core.workspace.connection import quoted

LOG_ODDS, POINTS, PROBABILITY = "log_odds", "score_points", "probability"
"""Columns that the SELECT adds behind those that are kept."""

_DAY = "86400000000"  # microseconds


@dataclass(frozen=True, slots=True)
class Ranges:
    """Points of a number, date or boolean column, dates in days since 1970-01-01.

    Attributes
    ----------
    tests : (bound, whether the bound itself is in, points), ascending; the first that holds counts.
    above : points of what no test holds for. missing : points of NULL.
    """

    column: Column
    tests: tuple[tuple[float, bool, float], ...]
    above: float
    missing: float


@dataclass(frozen=True, slots=True)
class Groups:
    """Points of a category column: by label, of other labels, and of NULL."""

    column: Column
    labels: tuple[tuple[str, float], ...]
    other: float
    missing: float


@dataclass(frozen=True, slots=True)
class Line:
    """A piecewise linear map of log-odds: calibration. Beyond its ends it goes on with the slopes given."""

    knots: tuple[float, ...]
    values: tuple[float, ...]
    low_slope: float
    high_slope: float


@dataclass(frozen=True, slots=True)
class Card:
    """What the SELECT computes: log-odds of bad, score, probability of bad.

    Attributes
    ----------
    intercept : log-odds to which the features' points are added.
    offset, factor : ``score = offset - factor * log-odds`` before calibration.
    """

    features: tuple[Ranges | Groups, ...]
    intercept: float
    offset: float
    factor: float
    calibration: Line | None = None


def scorecard_sql(
    card: Card,
    *,
    table: str,
    repairs: Sequence[Repair] = (),
    keep: Sequence[str] = (),
    comment: Sequence[str] = (),
) -> str:
    """Return the SELECT, ending in a semicolon.

    Parameters
    ----------
    table : name of the table of raw rows; parts (schema and table) parted by full stops.
    repairs : repairs that the rows have not had yet, in order.
    keep : columns of the table to give out besides, such as the id.
    comment : lines to stand above it.

    Raises
    ------
    SettingsError
        When a repair cannot be written in SQL that both databases understand; says which.
    """
    columns = [feature.column for feature in card.features]
    clash = [name for name in keep if name in (LOG_ODDS, POINTS, PROBABILITY)]
    if clash:
        raise SettingsError(
            "columns to keep must not be named as those that are added",
            f"`{clash[0]}` is",
            "Leave it out, or rename it in the table",
        )
    raw = input_schema(Schema(columns=tuple(columns)), repairs)
    kept = [f"k{i}" for i, _ in enumerate(keep, start=1)]
    cells = [f"c{i}" for i, _ in enumerate(columns, start=1)]
    first = [f"{quoted(name)} AS {short}" for name, short in zip(keep, kept, strict=True)]
    first += [f"{_read(column)} AS {cell}" for column, cell in zip(raw, cells, strict=True)]
    query = _select(first, _table(table))
    for level in scorecard_sql_repairs.levels(raw, repairs, cells):
        query = _around(query, [*kept, *_named(level, cells)])
    typed = [_typed(column, cell) for column, cell in zip(columns, cells, strict=True)]
    query = _around(query, [*kept, *_named(typed, cells)])
    points = [_points(feature, cell) for feature, cell in zip(card.features, cells, strict=True)]
    query = _around(query, [*kept, *_named(points, cells)])
    total = "\n  + ".join([number(card.intercept), *cells])
    # PostgreSQL takes the literals for exact decimals; the sum is to be of the model's type.
    query = _around(query, [*kept, f"CAST({total} AS DOUBLE PRECISION) AS raw"])
    calibrated = "raw" if card.calibration is None else _calibrated(card.calibration)
    query = _around(query, [*kept, "raw", f"{calibrated} AS odds"])
    last = [f"{short} AS {quoted(name)}" for name, short in zip(keep, kept, strict=True)]
    last += [
        f"odds AS {quoted(LOG_ODDS)}",
        f"{number(card.offset)} - {number(card.factor)} * raw AS {quoted(POINTS)}",
        f"1e0 / (1e0 + EXP(-odds)) AS {quoted(PROBABILITY)}",
    ]
    notes = "".join(f"-- {' '.join(line.split())}\n" for line in comment)
    return f"{notes}{_around(query, last)};\n"


def number(value: float) -> str:
    """Return a number as an approximate literal that keeps every bit."""
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if text.startswith("-") else text


def _table(name: str) -> str:
    parts = name.split(".")
    if not all(part.strip() for part in parts):
        raise SettingsError("the table needs a name", f"'{name}' came", "Give one like applications")
    return ".".join(quoted(part) for part in parts)


def _select(expressions: Sequence[str], source: str) -> str:
    return "SELECT\n  " + ",\n  ".join(expressions) + f"\nFROM {source}"


def _around(query: str, expressions: Sequence[str]) -> str:
    inner = "\n".join(f"  {line}" if line else line for line in query.split("\n"))
    return _select(expressions, f"(\n{inner}\n) AS t")


def _named(expressions: Sequence[str], cells: Sequence[str]) -> list[str]:
    return [
        cell if expression == cell else f"{expression} AS {cell}"
        for expression, cell in zip(expressions, cells, strict=True)
    ]


def _read(column: Column) -> str:
    name = quoted(column.name)
    if column.kind in TEXTS:
        return f"CAST({name} AS VARCHAR)"
    if column.kind == "number":
        return f"CAST({name} AS DOUBLE PRECISION)"
    return f"CAST({name} AS {column.kind.upper()})" if column.kind in TEMPORAL else name


def _typed(column: Column, cell: str) -> str:
    """SQL of a repaired cell as the model takes it: text, or a number with what is not finite missing."""
    if column.kind == "boolean":
        return f"CASE WHEN {cell} THEN 1e0 WHEN NOT {cell} THEN 0e0 END"
    if column.kind == "date":
        return f"CAST({cell} - DATE '1970-01-01' AS DOUBLE PRECISION)"
    if column.kind == "timestamp":
        return _days(cell)
    if column.kind in NUMBERS:
        real = cell if column.kind == "number" else f"CAST({cell} AS DOUBLE PRECISION)"
        unreal = ", ".join(map(_unreal, ("NaN", "Infinity", "-Infinity")))
        return f"CASE WHEN {real} IN ({unreal}) THEN NULL ELSE {real} END"
    return cell


def _unreal(name: str) -> str:
    return f"CAST('{name}' AS DOUBLE PRECISION)"


def _days(x: str) -> str:
    """Days since 1970-01-01 from whole microseconds: exact, and divided once, as the model does."""
    parts = [f"(CAST({x} AS DATE) - DATE '1970-01-01') * {_DAY}"]
    for part, size in (("HOUR", 3_600_000_000), ("MINUTE", 60_000_000), ("MICROSECONDS", 1)):
        parts.append(f"CAST(EXTRACT({part} FROM {x}) AS BIGINT) * {size}")
    micro = " + ".join(parts)
    return f"CAST({micro} AS DOUBLE PRECISION) / {_DAY}e0"


def _points(feature: Ranges | Groups, cell: str) -> str:
    missing = f"WHEN {cell} IS NULL THEN {number(feature.missing)}"
    if isinstance(feature, Ranges):
        cases = [
            f"WHEN {cell} {'<=' if inside else '<'} {number(bound)} THEN {number(points)}"
            for bound, inside, points in feature.tests
        ]
        rest = feature.above
    else:
        cases = [f"WHEN {cell} = {literal(label)} THEN {number(points)}" for label, points in feature.labels]
        rest = feature.other
    lines = "\n    ".join([missing, *cases, f"ELSE {number(rest)}"])
    name = " ".join(feature.column.name.split()).replace("*/", "* /").replace("/*", "/ *")
    return f"CASE /* {name} */\n    {lines}\n  END"


def _calibrated(line: Line) -> str:
    knots, values = line.knots, line.values
    cases = [
        f"WHEN raw <= {number(knots[0])} THEN {number(values[0])} + {number(line.low_slope)} * "
        f"(raw - {number(knots[0])})"
    ]
    for low, high, start, end in zip(knots, knots[1:], values, values[1:], strict=False):
        slope = (end - start) / (high - low)
        cases.append(
            f"WHEN raw <= {number(high)} THEN {number(start)} + {number(slope)} * (raw - {number(low)})"
        )
    cases.append(f"ELSE {number(values[-1])} + {number(line.high_slope)} * (raw - {number(knots[-1])})")
    return "CASE\n    " + "\n    ".join(cases) + "\n  END"
