"""The types of a delimited file's columns: from a sample, and from every row where the sample was wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from aimass_core.errors import DataError
from aimass_core.intake.content import Compression, Encoding
from aimass_core.intake.dialect import Dialect
from aimass_core.intake.engine import literal

_SAMPLE_ROWS = 20_480
_CHUNK = 200
LINE_BYTES = 2_000_000
"""Lines up to this length need no large buffers."""
LONGEST_LINE = 16_000_000
_INFINITE = ("inf", "infinity")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?|[nN][aA][nN]")
_DAY = "strlen({0}) <= 10 AND regexp_matches({0}, '[0-9]')"
"""A day without a time; DuckDB also takes 'inf' and 'epoch' for days."""
_CANDIDATES = "['BOOLEAN', 'BIGINT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'VARCHAR']"
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_FIELDS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_LONG = "regexp_full_match(c{0}, '[0-9]{{19,}}')"
_MISFIT = "value does not fit its column"
_WORD = {
    "BIGINT": "whole numbers",
    "DOUBLE": "numbers",
    "DATE": "dates",
    "TIMESTAMP": "times",
    "BOOLEAN": "true or false",
}


@dataclass(frozen=True, slots=True)
class CsvPlan:
    """All that is needed to read one delimited UTF-8 file."""

    path: Path
    shown: str
    compression: Compression
    encoding: Encoding
    encoding_found: bool
    max_unpacked: int
    dialect: Dialect
    names: tuple[str, ...]
    types: tuple[str, ...]
    nulls: tuple[str, ...] = ()
    date_format: str | None = None
    time_format: str | None = None
    notes: tuple[str, ...] = ()
    copied: bool = False
    checked: bool = False
    long_lines: bool = False

    def source(self, *, as_text: bool = False) -> str:
        """Return the SQL that reads the file, its columns named ``c0`` … in order."""
        types = ["VARCHAR"] * len(self.types) if as_text else [self._read_as(kind) for kind in self.types]
        columns = ", ".join(f"'c{i}': '{kind}'" for i, kind in enumerate(types))
        return (
            f"read_csv({literal(str(self.path))}, auto_detect=false, columns={{{columns}}}, {self.options()})"
        )

    def field(self, i: int) -> str:
        """Return the SQL of one column in its type; it raises where reading would change a value.

        DuckDB's reader rounds 2.5 to 3 in a column it took for whole numbers, and cuts the time off in one it
        took for dates. Until every row was looked at, such columns are read more widely and checked.
        """
        kind, column = self.types[i], f"c{i}"
        if self.checked or self._read_as(kind) == kind:
            return column
        keeps = {
            "BIGINT": f"{column} = trunc({column}) AND abs({column}) < 9007199254740992",
            "DATE": _DAY.format(column),
            "BOOLEAN": f"lower({column}) IN ('true', 'false')",
        }[kind]
        return (
            f"CASE WHEN {column} IS NULL THEN NULL WHEN {keeps} THEN CAST({column} AS {kind}) "
            f"ELSE error('{_MISFIT}') END"
        )

    def _read_as(self, kind: str) -> str:
        if self.checked:
            return kind
        if kind == "DATE" and self.date_format not in (None, "%Y-%m-%d"):
            return kind
        return {"BIGINT": "DOUBLE", "DATE": "VARCHAR", "BOOLEAN": "VARCHAR"}.get(kind, kind)

    def options(self) -> str:
        """Return the dialect as options of DuckDB's reader."""
        d = self.dialect
        nulls = ", ".join(literal(value) for value in ("", *self.nulls))
        parts = [
            f"delim={literal(d.delimiter)}",
            f"quote={literal(d.quote)}",
            f"escape={literal(d.escape)}",
            f"header={str(d.header).lower()}",
            f"skip={d.skip}",
            f"decimal_separator={literal(d.decimal)}",
            f"nullstr=[{nulls}]",
            "strict_mode=true",
            # The reader keeps several buffers, each of 16 longest lines unless told: small ones spare memory.
            f"max_line_size={LONGEST_LINE}" if self.long_lines else f"max_line_size={LINE_BYTES}",
            f"compression={literal(self.compression)}",
        ]
        if not self.long_lines:
            parts.append(f"buffer_size={4 * LINE_BYTES}")
        if self.date_format:
            parts.append(f"dateformat={literal(self.date_format)}")
        if self.time_format:
            parts.append(f"timestampformat={literal(self.time_format)}")
        return ", ".join(parts)


def typed(plan: CsvPlan, connection: duckdb.DuckDBPyConnection) -> CsvPlan | None:
    """Return the plan with types found by DuckDB in the first rows; None where it cannot read those."""
    names = ", ".join(f"'c{i}'" for i in range(len(plan.names)))
    try:
        row = connection.execute(
            "SELECT columns, DateFormat, TimestampFormat FROM sniff_csv("
            f"{literal(str(plan.path))}, names=[{names}], auto_type_candidates={_CANDIDATES}, "
            f"sample_size={_SAMPLE_ROWS}, {plan.options()})"
        ).fetchone()
    except duckdb.Error:
        row = None
    if row is None or len(row[0]) != len(plan.names):
        return None
    types = tuple(
        _careful(item["type"], [cells[i] for cells in plan.dialect.rows if i < len(cells)])
        for i, item in enumerate(row[0])
    )
    notes = list(plan.notes)
    if row[1] and row[1] != "%Y-%m-%d" and "DATE" in types:
        notes.append(f"Dates were read as {_spoken(row[1])}.")
    return replace(plan, types=types, date_format=row[1], time_format=row[2], notes=tuple(notes))


def widened(plan: CsvPlan, connection: duckdb.DuckDBPyConnection, *, notes: bool = True) -> CsvPlan:
    """Return the plan with types that fit every row of the file.

    A column keeps its type where every value fits; whole numbers give way to numbers, all else to text. A
    note names the first value that did not fit.

    Raises
    ------
    DataError
        When the file itself cannot be read to its end.
    """
    types = list(plan.types)
    found: dict[int, tuple[int, int, int, str]] = {}
    rows = 0
    open_columns = [i for i, kind in enumerate(types) if kind != "VARCHAR"]
    for start in range(0, max(len(open_columns), 1), _CHUNK):
        part = open_columns[start : start + _CHUNK]
        rows, misfits = _misfits(plan, connection, part, whole=start == 0)
        found.update(misfits)
    added: list[str] = []
    for i, (bad, bad_number, first_row, first_value) in found.items():
        if bad == 0:
            continue
        if types[i] == "BIGINT" and bad_number == 0:
            types[i] = "DOUBLE"
            continue
        word = _WORD[types[i]]
        types[i] = "VARCHAR"
        if notes:
            added.append(
                f"Column `{plan.names[i]}` became text: {bad:,} of {rows:,} values are not {word} "
                f"(first: row {first_row:,}, {first_value[:60]!r})."
            )
    return replace(plan, types=tuple(types), notes=(*plan.notes, *added), checked=True)


def _misfits(
    plan: CsvPlan, connection: duckdb.DuckDBPyConnection, part: Sequence[int], *, whole: bool
) -> tuple[int, Mapping[int, tuple[int, int, int, str]]]:
    """Scan the file as text: by column, how many values do not fit, not as a number, first row and value."""
    fields = []
    for i in part:
        fits = _cast(plan, i)
        number = f"TRY_CAST({_point(plan, i)} AS DOUBLE)"
        bad = f"c{i} IS NOT NULL AND {fits} IS NULL"
        fields += [
            f"count(*) FILTER ({bad})",
            f"count(*) FILTER (c{i} IS NOT NULL AND ({number} IS NULL OR {_LONG.format(i)}))",
            f"min(n) FILTER ({bad})",
            f"arg_min(c{i}, n) FILTER ({bad})",
        ]
    # Only columns that are asked for are checked for their encoding.
    everything = [f"count(c{i})" for i in range(len(plan.types))] if whole else []
    sql = (
        f"SELECT {', '.join(['count(*)', *fields, *everything])} "
        f"FROM (SELECT row_number() OVER () AS n, * FROM {plan.source(as_text=True)})"
    )
    try:
        row = connection.execute(sql).fetchone()
    except duckdb.Error as error:
        raise translated(error, plan) from error
    values = list(row or ())
    return int(values[0]), {
        i: (values[4 * k + 1], values[4 * k + 2], values[4 * k + 3] or 0, values[4 * k + 4] or "")
        for k, i in enumerate(part)
    }


def _cast(plan: CsvPlan, i: int) -> str:
    kind = plan.types[i]
    if kind == "BIGINT":
        return f"CASE WHEN regexp_full_match(c{i}, '\\s*[+-]?[0-9]+\\s*') THEN TRY_CAST(c{i} AS BIGINT) END"
    if kind == "DOUBLE":
        return f"TRY_CAST({_point(plan, i)} AS DOUBLE)"
    if kind == "BOOLEAN":
        return f"CASE WHEN lower(c{i}) IN ('true', 'false') THEN TRUE END"
    shape = plan.date_format if kind == "DATE" else plan.time_format if kind == "TIMESTAMP" else None
    if kind == "DATE" and shape in (None, "%Y-%m-%d"):
        return f"CASE WHEN {_DAY.format(f'c{i}')} THEN TRY_CAST(c{i} AS DATE) END"
    return f"try_strptime(c{i}, {literal(shape)})" if shape else f"TRY_CAST(c{i} AS {kind})"


def _point(plan: CsvPlan, i: int) -> str:
    return f"c{i}" if plan.dialect.decimal == "." else f"replace(c{i}, ',', '.')"


def _careful(kind: str, values: Sequence[str]) -> str:
    """Return the type, or text where typing would lose what the file says."""
    filled = [value.strip() for value in values if value.strip()]
    infinite = sum(value.lower().lstrip("+-") in _INFINITE for value in filled)
    if infinite and infinite + sum(bool(_NUMBER.fullmatch(value)) for value in filled) == len(filled):
        return "DOUBLE"  # DuckDB takes them for infinite days, and then all else in the column for text
    if kind == "BOOLEAN" and any(value.lower() not in ("true", "false") for value in filled):
        return "VARCHAR"
    if kind in ("BIGINT", "DOUBLE"):
        padded = any(len(value) > 1 and value[0] == "0" and value.isdigit() for value in filled)
        long = any(len(value) > 18 and value.isdigit() for value in filled)
        return "VARCHAR" if padded or long else kind
    return kind if kind in _WORD else "VARCHAR"


def _spoken(shape: str) -> str:
    words = {"%d": "day", "%m": "month", "%Y": "year", "%y": "two-digit year", "%b": "month", "%B": "month"}
    return re.sub(r"%[a-zA-Z]", lambda match: words.get(match[0], match[0]), shape)


def is_misfit(error: duckdb.Error) -> bool:
    """Whether a value did not fit the type that was found for its column."""
    text = str(error)
    return (
        isinstance(error, duckdb.ConversionException)
        or "Error when converting column" in text
        or _MISFIT in text
    )


def too_long(where: str) -> DataError:
    """Return the error of a line over the limit."""
    return DataError(
        f"a line must have at most {LONGEST_LINE / 1e6:,.0f} MB",
        f"{where} is longer",
        "A quote that is never closed is the usual cause; check the quotes there",
    )


def has_long_line(error: duckdb.Error, plan: CsvPlan) -> bool:
    """Whether a row may be longer than the usual limit, so that the plan must allow for long ones.

    A quoted value that outgrows the buffers looks unclosed to the reader.
    """
    text = str(error)
    return not plan.long_lines and any(
        word in text for word in ("Maximum line size", "full read", "unterminated quote")
    )


def translated(error: duckdb.Error, plan: CsvPlan) -> DataError:
    """Return DuckDB's complaint about a delimited file in our words, with the line."""
    text = str(error)
    line = _LINE.search(text)
    where = f"line {int(line[1]):,} of `{plan.shown}`" if line else f"`{plan.shown}`"
    original = text.partition("Original Line:")[2].strip().partition("\n")[0][:80]
    shown = f": {original!r}" if original else ""
    fields = _FIELDS.search(text)
    if fields:
        return DataError(
            f"every line must have {int(fields[1]):,} values like the first",
            f"{where} has {int(fields[2]):,}{shown}",
            "Mend or remove that line, or choose the right delimiter and quote",
        )
    if "quote" in text.partition("Possible")[0].lower():
        return DataError(
            "every opening quote must be closed",
            f"{where} has a value whose quote is never closed or is followed by more text{shown}",
            "Mend that line, or choose another quote character",
        )
    if "unicode" in text.lower() or "utf-8" in text.lower():
        return DataError(
            "every character must be UTF-8",
            f"{where} has others",
            "Choose the encoding in the import options",
        )
    if "Maximum line size" in text or "full read" in text:
        return too_long(where)
    first = text.splitlines()[0]
    return DataError("the file must be a delimited table", f"{where}: {first}", "Check delimiter and quotes")
