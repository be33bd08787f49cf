"""Parquet files: checked before reading, every column brought to one of the types a data set has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from aimass_core.errors import DataError
from aimass_core.intake.engine import literal
from aimass_core.intake.names import clean_names
from aimass_core.intake.unpack import too_large
from aimass_core.workspace.connection import quoted

_KEPT = frozenset(
    {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP"}
)
_SMALL = frozenset({"UTINYINT", "USMALLINT", "UINTEGER"})
_WIDE = frozenset({"FLOAT", "HUGEINT", "UHUGEINT", "UBIGINT"})


@dataclass(frozen=True, slots=True)
class ParquetPlan:
    """All that is needed to read one Parquet file."""

    path: Path
    shown: str
    names: tuple[str, ...]
    fields: tuple[str, ...]
    notes: tuple[str, ...] = ()


def plan(
    path: Path, connection: duckdb.DuckDBPyConnection, *, max_columns: int, max_bytes: int
) -> ParquetPlan:
    """Return how to read a Parquet file.

    Raises
    ------
    DataError
        When it is damaged or locked, too wide, or unpacks beyond the limit.
    """
    source = f"read_parquet({literal(str(path))})"
    try:
        rows, unpacked = connection.execute(
            "SELECT max(num_rows), (SELECT coalesce(sum(total_uncompressed_size), 0) "
            f"FROM parquet_metadata({literal(str(path))})) FROM parquet_file_metadata({literal(str(path))})"
        ).fetchall()[0]
        columns = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except duckdb.Error as error:
        raise unreadable(path.name, error) from error
    check_width(len(columns), max_columns, path.name)
    # A run of equal values takes no room in the file, so rows count as well as bytes.
    if max(unpacked, rows * len(columns)) > max_bytes:
        raise too_large(path, max_bytes)
    raw = [item[0] for item in columns]
    names, notes = clean_names(raw)
    fields = []
    changed = []
    for number, (given, kind, *_) in enumerate(columns):
        sql, became = _field(quoted(given), kind)
        fields.append(f"{sql} AS {quoted(names[number])}")
        if became:
            changed.append(f"Column `{names[number]}` ({kind[:40]}) was read as {became}.")
    return ParquetPlan(path, path.name, names, tuple(fields), (*notes, *changed))


def unreadable(name: str, error: duckdb.Error) -> DataError:
    """Return DuckDB's complaint about a Parquet file in our words."""
    return DataError(
        "a Parquet file must be whole and not encrypted",
        f"`{name}`: {str(error).splitlines()[0]}",
        "Write or upload it again",
    )


def check_width(columns: int, limit: int, name: str) -> None:
    """Refuse a file with more columns than the limit."""
    if columns > limit:
        raise DataError(
            f"a file must have at most {limit:,} columns",
            f"`{name}` has {columns:,}",
            "Leave out columns you do not need, or raise AIMASS_MAX_COLUMNS",
        )


def _field(column: str, kind: str) -> tuple[str, str]:
    """Return the expression that reads a column and, where its type changes, what it becomes."""
    if kind in _KEPT:
        return column, ""
    if kind in _SMALL:
        return f"CAST({column} AS BIGINT)", ""
    if kind == "UBIGINT":
        return f"CAST({column} AS DOUBLE)", "numbers"
    if kind == "FLOAT":
        # By way of text, so that 0.1 stays 0.1 instead of becoming 0.10000000149.
        return f"CAST(CAST({column} AS VARCHAR) AS DOUBLE)", ""
    if kind in _WIDE or kind.startswith("DECIMAL"):
        return f"CAST({column} AS DOUBLE)", "numbers" if kind in _WIDE else ""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {column})", "times in UTC"
    if kind.startswith("TIMESTAMP"):
        return f"CAST({column} AS TIMESTAMP)", ""
    if kind == "BLOB":
        return f"hex({column})", "text (hexadecimal)"
    became = "" if kind.startswith("ENUM") or kind == "UUID" else "text"
    return f"CAST({column} AS VARCHAR)", became
