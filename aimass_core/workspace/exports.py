"""Data sets as files: Parquet for programs, CSV that spreadsheets can open safely."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aimass_core.schema import ROW_ID
from aimass_core.workspace.connection import Workspace, quoted
from aimass_core.workspace.datasets import Version, selected

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make a spreadsheet take a text cell for a formula."""


def export_parquet(ws: Workspace, version: Version, path: Path, columns: Sequence[str] | None = None) -> None:
    """Write the rows in file order to a Parquet file; ``_row`` is its first column."""
    _copy(ws, f"SELECT {selected(version, columns)} FROM {version.table} ORDER BY {ROW_ID}", path, "PARQUET")


def export_csv(ws: Workspace, version: Version, path: Path) -> None:
    """Write the rows in file order to a CSV file (UTF-8) that spreadsheets can open safely.

    Text cells and headers that a spreadsheet would take for a formula get a leading apostrophe; numbers are
    untouched. ``_row`` is left out.
    """
    starts = ", ".join(f"chr({ord(start)})" for start in FORMULA_STARTS)
    parts = []
    for column in version.schema:
        name = quoted(column.name)
        header = quoted(f"'{column.name}" if column.name.startswith(FORMULA_STARTS) else column.name)
        if column.kind in ("category", "text"):
            name = f"CASE WHEN left({name}, 1) IN ({starts}) THEN chr(39) || {name} ELSE {name} END"
        parts.append(f"{name} AS {header}")
    _copy(ws, f"SELECT {', '.join(parts)} FROM {version.table} ORDER BY {ROW_ID}", path, "CSV, HEADER")


def _copy(ws: Workspace, sql: str, path: Path, options: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        with ws.reading() as cursor:
            cursor.execute(f"COPY ({sql}) TO '{str(part).replace(chr(39), chr(39) * 2)}' (FORMAT {options})")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
