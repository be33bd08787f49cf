"""Small tables as CSV or Excel bytes in which a spreadsheet finds no formulas."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from aimass_core.workspace.exports import FORMULA_STARTS

_UNHELD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SHEET = re.compile(r"[\\/*?:\[\]']")
_LONGEST_CELL = 32_767  # characters; Excel holds no more


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return the frame as CSV (UTF-8 with a byte order mark, so that Excel reads it).

    Text that begins like a formula gets an apostrophe in front (OWASP, "CSV injection"); numbers stay.
    """
    safe = frame.rename(columns=lambda name: neutral(str(name)))
    for position, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_datetime64_any_dtype(kind):
            safe.isetitem(position, [neutral(cell) for cell in safe.iloc[:, position]])
    return safe.to_csv(index=False).encode("utf-8-sig")


def neutral(value: object) -> object:
    """Return text with an apostrophe in front when a spreadsheet would take it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def file_name(text: str, longest: int = 60) -> str:
    """Return text as the stem of a file name: letters, digits and hyphens only."""
    return re.sub(r"[^\w]+", "-", text).strip("-_")[:longest].lower() or "data"


def excel_bytes(sheets: Mapping[str, pd.DataFrame]) -> bytes:
    """Return frames as an Excel workbook, one sheet each: header in bold and kept in view, plain values.

    Text that begins like a formula gets an apostrophe in front and is stored as text, so that nothing is
    computed when the file is opened. Characters that Excel cannot hold are left out; missing cells are empty.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    for title, frame in sheets.items():
        sheet = book.create_sheet(_SHEET.sub(" ", title)[:31].strip() or "Sheet")
        for column, name in enumerate(frame.columns, start=1):
            cells = [_text(str(name)), *map(_cell, frame.iloc[:, column - 1])]
            for row, value in enumerate(cells, start=1):
                cell = sheet.cell(row=row, column=column, value=value)
                if isinstance(value, str):
                    cell.data_type = "s"
            sheet.cell(row=1, column=column).font = Font(bold=True)
            longest = max(len(str(value)) for value in cells)
            sheet.column_dimensions[get_column_letter(column)].width = min(60, max(10, longest + 2))
        sheet.freeze_panes = "A2"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _cell(value: object) -> object:
    if value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    item = value.item() if isinstance(value, np.generic) else value
    return item if isinstance(item, bool | int | float) else _text(str(item))


def _text(value: str) -> str:
    text = str(neutral(_UNHELD.sub("", value)))
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"
