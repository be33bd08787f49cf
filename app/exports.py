"""Small tables as CSV bytes that a spreadsheet cannot mistake for formulas."""

from __future__ import annotations

import re

import pandas as pd

from aimass_core.workspace.exports import FORMULA_STARTS


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
