"""Reading a file of any supported kind into a table: look at it, plan, load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError
from aimass_core.intake import csv_types, excel, parquet, text
from aimass_core.intake.content import Compression, Encoding, Format, format_of
from aimass_core.intake.csv_types import CsvPlan
from aimass_core.intake.engine import engine, literal
from aimass_core.intake.names import clean_names
from aimass_core.intake.parquet import ParquetPlan
from aimass_core.schema import ROW_ID, Kind
from aimass_core.workspace.connection import quoted

if TYPE_CHECKING:
    from aimass_core.settings import Settings

_KINDS: dict[str, Kind] = {
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}


class ReadOptions(BaseModel):
    """How to read a file; what is left on auto is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoding: Literal["auto", "utf-8", "utf-8-sig", "utf-16", "gb18030", "latin-1"] = Field(
        default="auto", description="Text encoding."
    )
    delimiter: str = Field(default="auto", description="Character between values, or auto.")
    quote: str = Field(default="auto", description="Character around values, auto, or empty for none.")
    header: bool | None = Field(
        default=None, description="Whether the first row has the names; empty: find out."
    )
    decimal: Literal["auto", ".", ","] = Field(default="auto", description="Decimal mark.")
    sheet: str | None = Field(default=None, description="Sheet of an Excel workbook.")
    null_values: tuple[str, ...] = Field(
        default=(),
        description="Texts that mean missing, besides the empty one. Others are found in the profile.",
    )


class Limits(BaseModel):
    """How large a file may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: int = Field(default=20_000_000_000, ge=1, description="Largest file, in bytes.")
    max_unpacked_bytes: int = Field(
        default=40_000_000_000, ge=1, description="Largest size unpacked, in bytes."
    )
    max_columns: int = Field(default=2_000, ge=2, description="Most columns.")

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits of an installation."""
        return cls(
            max_bytes=settings.max_upload_mb * 1_000_000,
            max_unpacked_bytes=settings.max_unpacked_mb * 1_000_000,
            max_columns=settings.max_columns,
        )


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a file looks like; the fields after ``sheets`` are of delimited text only."""

    kind: Format
    compression: Compression
    bytes: int
    sheets: tuple[str, ...] = ()
    encoding: Encoding | None = None
    delimiter: str | None = None
    header: bool | None = None
    columns: tuple[str, ...] = ()
    preview: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: columns with their kinds, rows, the options as used, and what people should know."""

    columns: tuple[tuple[str, Kind], ...]
    rows: int
    options_used: dict[str, str]
    notes: tuple[str, ...]


Plan = CsvPlan | ParquetPlan


class Misfit(Exception):  # noqa: N818 — a signal between plan and load, never shown
    """A value does not fit the type found in the sample: plan again with :func:`widened`."""


def sniff(path: Path, options: ReadOptions | None = None) -> FileInfo:
    """Look at a file without loading it: enough to show its import options and first rows.

    Raises
    ------
    DataError
        When it is not a table in a supported format.
    """
    options = options or ReadOptions()
    kind, compression = format_of(path)
    size = path.stat().st_size
    if kind == "excel":
        return FileInfo(kind, compression, size, sheets=excel.sheets(path))
    if kind == "parquet":
        return FileInfo(kind, compression, size)
    encoding, dialect = text.look(path, compression, options, path.name)
    return FileInfo(
        kind,
        compression,
        size,
        encoding=encoding,
        delimiter=dialect.delimiter,
        header=dialect.header,
        columns=clean_names(dialect.names)[0],
        preview=dialect.rows[:10],
    )


def plan(
    path: Path, *, options: ReadOptions | None = None, limits: Limits | None = None, scratch: Path
) -> Plan:
    """Find out how to read a file; nothing is stored yet.

    Parameters
    ----------
    scratch : an empty folder for files that had to be unpacked or converted; keep it until the load is done.

    Raises
    ------
    DataError
        When the file is too large, too wide, damaged or not a table.
    """
    options, limits = options or ReadOptions(), limits or Limits()
    kind, compression = format_of(path)
    if path.stat().st_size > limits.max_bytes:
        raise DataError(
            f"a file must have at most {limits.max_bytes / 1e6:,.0f} MB",
            f"`{path.name}` has {path.stat().st_size / 1e6:,.1f} MB",
            "Split it, or raise AIMASS_MAX_UPLOAD_MB",
        )
    with engine(scratch) as connection:
        if kind == "parquet":
            return parquet.plan(
                path, connection, max_columns=limits.max_columns, max_bytes=limits.max_unpacked_bytes
            )
        notes: tuple[str, ...] = ()
        source = path
        if kind == "excel":
            excel.check_unpacked(path, max_bytes=limits.max_unpacked_bytes)
            sheet = excel.chosen_sheet(path, excel.sheets(path), options.sheet)
            source = scratch / "sheet.csv"
            header = options.header is not False
            excel.to_csv(path, sheet, source, header=header, max_bytes=limits.max_unpacked_bytes)
            options = ReadOptions(
                encoding="utf-8", delimiter=",", quote='"', header=header, null_values=options.null_values
            )
            notes = (f"Read from sheet `{sheet}`.",)
        return text.plan(
            source,
            connection,
            shown=path.name,
            compression=compression,
            options=options,
            limits=limits,
            scratch=scratch,
            notes=notes,
        )


def widened(plan: Plan, *, scratch: Path) -> Plan:
    """Return a plan that fits every row, after :class:`Misfit`.

    Raises
    ------
    DataError
        When the file cannot be read to its end at all.
    """
    if isinstance(plan, ParquetPlan):
        return plan
    with engine(scratch) as connection:
        return text.mended(plan, connection, scratch)


def load(cursor: duckdb.DuckDBPyConnection, plan: Plan, table: str, *, final: bool = False) -> Loaded:
    """Make the table and fill it, rows in file order; call it inside a transaction.

    ``table`` becomes a view over a table of the same name with ``_rows`` appended: the row's position there
    is its number, so that numbering costs nothing.

    Raises
    ------
    Misfit
        When a value does not fit its column's type; the transaction is then lost. Never when ``final``.
    DataError
        When the file is damaged or has no rows.
    """
    stored = f'{table[:-1]}_rows"'
    try:
        if isinstance(plan, ParquetPlan):
            select = f"SELECT {', '.join(plan.fields)} FROM read_parquet({literal(str(plan.path))})"
        else:
            fields = ", ".join(f"{plan.field(i)} AS {quoted(name)}" for i, name in enumerate(plan.names))
            select = f"SELECT {fields} FROM {plan.source()}"
        cursor.execute(f"CREATE TABLE {stored} AS {select}")
    except (duckdb.IOException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        if isinstance(plan, ParquetPlan):
            raise parquet.unreadable(plan.shown, error) from error
        mendable = csv_types.is_misfit(error) or csv_types.has_long_line(error, plan)
        if not final and (mendable or text.needs_copy(error, plan)):
            raise Misfit from error
        raise csv_types.translated(error, plan) from error
    rows = cursor.execute(f"SELECT count(*) FROM {stored}").fetchall()[0][0]
    if rows == 0:
        raise DataError(
            "the file must have at least one row of data",
            f"`{plan.shown}` has only a header with {len(plan.names):,} columns",
            "Choose another file",
        )
    columns = _columns(cursor, stored, rows)
    notes = [*plan.notes, *_without_nan(cursor, stored, columns)]
    cursor.execute(f"CREATE VIEW {table} AS SELECT rowid + 1 AS {ROW_ID}, * FROM {stored}")
    return Loaded(columns, rows, _used(plan), tuple(notes))


def table_of(
    cursor: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    *,
    options: ReadOptions | None = None,
    limits: Limits | None = None,
) -> Loaded:
    """Plan and load in one step, outside a transaction: for files that are read once and not kept."""
    with TemporaryDirectory() as folder:
        made = plan(path, options=options, limits=limits, scratch=Path(folder))
        try:
            return load(cursor, made, table)
        except Misfit:
            return load(cursor, widened(made, scratch=Path(folder)), table, final=True)


def _columns(cursor: duckdb.DuckDBPyConnection, stored: str, rows: int) -> tuple[tuple[str, Kind], ...]:
    """Return names and kinds; text with few or often repeated values is a category.

    Distinct values and lengths are taken from 64 evenly spaced stretches of at most 1,000 rows.
    """
    described = [(name, kind) for name, kind, *_ in cursor.execute(f"DESCRIBE {stored}").fetchall()]
    texts = [name for name, kind in described if kind == "VARCHAR"]
    categories: set[str] = set()
    stretch, step = 1_000, max(rows // 64, 1_000)
    for start in range(0, len(texts), 200):
        part = texts[start : start + 200]
        fields = ", ".join(
            f"approx_count_distinct({quoted(name)}), count({quoted(name)}), avg(length({quoted(name)}))"
            for name in part
        )
        found = cursor.execute(f"SELECT {fields} FROM {stored} WHERE rowid % {step} < {stretch}").fetchall()[
            0
        ]
        for i, name in enumerate(part):
            distinct, filled, length = found[3 * i : 3 * i + 3]
            few = distinct <= 20 or (distinct <= 2_000 and distinct <= 0.5 * filled)
            if few and (length or 0) <= 60:
                categories.add(name)
    return tuple(
        (name, _KINDS.get(kind, "category" if name in categories else "text")) for name, kind in described
    )


def _without_nan(
    cursor: duckdb.DuckDBPyConnection, stored: str, columns: tuple[tuple[str, Kind], ...]
) -> list[str]:
    """Make NaN missing, which is what files mean by it; infinities stay and become a finding."""
    notes: list[str] = []
    numbers = [name for name, kind in columns if kind == "number"]
    for start in range(0, len(numbers), 200):
        part = numbers[start : start + 200]
        fields = ", ".join(f"count(*) FILTER (isnan({quoted(name)}))" for name in part)
        counts = cursor.execute(f"SELECT {fields} FROM {stored}").fetchall()[0]
        for name, count in zip(part, counts, strict=True):
            if count:
                column = quoted(name)
                cursor.execute(f"UPDATE {stored} SET {column} = NULL WHERE isnan({column})")
                notes.append(f"{count:,} NaN in column `{name}` were read as missing.")
    return notes


def _used(plan: Plan) -> dict[str, str]:
    if isinstance(plan, ParquetPlan):
        return {"format": "parquet"}
    dialect = plan.dialect
    return {
        "format": "csv",
        "encoding": plan.encoding,
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "header": str(dialect.header).lower(),
        "decimal": dialect.decimal,
    }
