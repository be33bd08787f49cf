"""One sheet of an Excel workbook as a delimited text file, so that both are typed in the same way."""

from __future__ import annotations

import csv
import warnings
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from xml.etree import ElementTree

import duckdb

from aimass_core.errors import DataError
from aimass_core.intake.engine import engine, literal
from aimass_core.intake.unpack import too_large
from aimass_core.workspace.connection import quoted

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"


def check_unpacked(path: Path, *, max_bytes: int) -> None:
    """Unpack every part of a workbook to nowhere, so that a bomb is found before anything is written.

    Raises
    ------
    DataError
        When the parts unpack beyond the limit or are damaged.
    """
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > max_bytes:
            raise too_large(path, max_bytes)
    total = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            try:
                with archive.open(member) as part:
                    while chunk := part.read(1 << 20):
                        total += len(chunk)
                        if total > max_bytes:
                            raise too_large(path, max_bytes)
            except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
                raise _unreadable(path, str(error)) from error


def sheets(path: Path) -> tuple[str, ...]:
    """Return the names of a workbook's sheets in order, hidden ones left out.

    Raises
    ------
    DataError
        When the file is not a readable workbook.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as part:
            root = ElementTree.fromstring(part.read(16_000_000))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, OSError, RuntimeError) as error:
        raise _unreadable(path, str(error)) from error
    found = [*root.iter(f"{_MAIN}sheet"), *root.iter(f"{_STRICT}sheet")]
    names = tuple(item.get("name", "") for item in found if item.get("state", "visible") == "visible")
    if not names:
        raise _unreadable(path, "it has no visible sheet")
    return names


def chosen_sheet(path: Path, names: tuple[str, ...], sheet: str | None) -> str:
    """Return the sheet to read.

    Raises
    ------
    DataError
        When there are several and none is chosen, or the chosen one does not exist.
    """
    listed = ", ".join(f"`{name}`" for name in names[:10]) + (", …" if len(names) > 10 else "")
    if sheet is None:
        if len(names) == 1:
            return names[0]
        raise DataError(
            "one sheet of the workbook must be chosen",
            f"`{path.name}` has {len(names)}: {listed}",
            "Choose one in the import options (`--sheet NAME`)",
        )
    if sheet not in names:
        raise DataError(f"sheet `{sheet}` must be in `{path.name}`", f"its sheets are {listed}", "Choose one")
    return sheet


def to_csv(path: Path, sheet: str, target: Path, *, header: bool, max_bytes: int) -> None:
    """Write one sheet as comma-separated UTF-8, whole numbers without a point and dates as ISO 8601.

    DuckDB's reader is tried first. It types a column by its first cell and gives up where a later cell
    differs; such a sheet is read again cell by cell.
    """
    try:
        with engine(target.parent, "excel") as connection:
            source = f"read_xlsx({literal(str(path))}, sheet={literal(sheet)}, header={str(header).lower()})"
            columns = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            fields = ", ".join(_field(name, kind) for name, kind, *_ in columns)
            connection.execute(
                f"COPY (SELECT {fields} FROM {source}) TO {literal(str(target))} "
                f"(FORMAT CSV, HEADER {str(header).lower()})"
            )
    except duckdb.Error:
        _cell_by_cell(path, sheet, target, max_bytes=max_bytes)


def _field(name: str, kind: str) -> str:
    column = quoted(name)
    if kind != "DOUBLE":
        return column
    whole = f"{column} = trunc({column}) AND abs({column}) < 1e15"
    return (
        f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) "
        f"ELSE CAST({column} AS VARCHAR) END AS {column}"
    )


def _cell_by_cell(path: Path, sheet: str, target: Path, *, max_bytes: int) -> None:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and validations, which do not matter here
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                with target.open("w", encoding="utf-8", newline="") as out:
                    writer = csv.writer(out, lineterminator="\n")
                    for row in book[sheet].iter_rows(values_only=True):
                        if any(cell is not None for cell in row):
                            writer.writerow([_text(cell) for cell in row])
                        if out.tell() > max_bytes:
                            raise too_large(path, max_bytes)
            finally:
                book.close()
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, ElementTree.ParseError) as error:
        raise _unreadable(path, str(error)) from error


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def _unreadable(path: Path, why: str) -> DataError:
    return DataError(
        "an Excel file must be a readable .xlsx workbook",
        f"`{path.name}`: {why or 'it is damaged'}",
        "Open it in Excel and save it again, or save it as CSV",
    )
