"""One raw row as JSON text that gives exactly the same values back."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aimass_core.errors import DataError, Fault

Cell = str | int | float | bool | Decimal | date | datetime | None
"""What one cell of a raw row can hold."""


def row_text(row: Mapping[str, Any]) -> str:
    """Return the row as JSON text, keys in the order they came.

    Numbers, text, booleans and null are written as themselves. What JSON has no word for is written as an
    object with one key: `{"$float": "nan"}`, `{"$date": "2026-01-31"}`, `{"$timestamp": …}`,
    `{"$decimal": …}`. numpy and pandas scalars become Python's; NaT and NA become null.

    Raises
    ------
    DataError
        When a cell holds a list, an object, bytes or text that is not valid Unicode.
    """
    encoded = {_name(name): _encoded(name, plain(value)) for name, value in row.items()}
    return json.dumps(encoded, ensure_ascii=False, allow_nan=False)


def row_values(text: str) -> dict[str, Cell]:
    """Return the row that :func:`row_text` wrote.

    Raises
    ------
    Fault
        When the text is not such a row.
    """
    try:
        return {name: _decoded(value) for name, value in json.loads(text).items()}
    except (ValueError, AttributeError, KeyError, ArithmeticError) as error:
        raise Fault(
            "a stored row must be readable", str(error), "Restore the workspace from a backup"
        ) from error


def row_sha256(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the row's text in UTF-8, in hexadecimal."""
    return hashlib.sha256(row_text(row).encode()).hexdigest()


def plain(value: Any) -> Any:
    """Return a numpy or pandas scalar as the Python value it stands for, anything else as it is."""
    if value is None or isinstance(value, str | bool):
        return value
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if type(value).__name__ == "Timestamp" and hasattr(value, "nanosecond"):
        # Python's datetime ends at microseconds; finer times stay text, so that nothing is lost
        return value.isoformat() if value.nanosecond else value.to_pydatetime()
    if type(value).__module__ == "numpy" and hasattr(value, "dtype"):
        if value.dtype.kind in "mM":
            return None if str(value) == "NaT" else _from_datetime64(value)
        return value.item()
    return value


def _from_datetime64(value: Any) -> Any:
    inner = value.astype("datetime64[us]").item() if value.dtype.kind == "M" else value
    return inner if isinstance(inner, date) else str(value)


def _name(name: object) -> str:
    text = str(name)
    _checked(text, text)
    return text


def _checked(name: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"`{name.encode(errors='replace').decode()}` must be valid Unicode text",
            f"character {error.start + 1:,} is half of a surrogate pair",
            "Send the text in UTF-8",
        ) from error
    return text


def _encoded(name: object, value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _checked(str(name), value)
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, datetime):
        return {"$timestamp": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    raise DataError(
        f"a cell of `{name}` must be a number, text, true or false, a date or empty",
        f"it is of type {type(value).__name__}",
        "Give each of its parts a column of its own",
    )


def _decoded(value: Any) -> Cell:
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise ValueError("a cell holds a list")
        return value  # type: ignore[no-any-return]
    ((tag, text),) = value.items()
    if tag == "$float":
        return float(text)
    if tag == "$timestamp":
        return datetime.fromisoformat(text)
    if tag == "$date":
        return date.fromisoformat(text)
    if tag == "$decimal":
        return Decimal(text)
    raise KeyError(tag)
