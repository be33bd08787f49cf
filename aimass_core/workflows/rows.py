"""Raw rows of a request, a form or a file: checked one by one, and laid out as a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aimass_core.errors import DataError, SettingsError
from aimass_core.schema import ROW_ID, Column
from aimass_core.workspace.cells import Cell, plain, row_text

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 10_000
"""Most rows decided in one call; a file is read in chunks of this many."""

_EXACT = 2**53
"""Integers beyond this are not exact as float64."""


def checked(
    rows: pd.DataFrame | Sequence[Mapping[str, Any]], columns: Sequence[Column]
) -> list[dict[str, Cell]]:
    """Return the rows as plain dictionaries, each complete and storable.

    Parameters
    ----------
    rows : 1 to 10,000 rows with at least these columns; other columns are kept.
    columns : columns that every row must have; an unknown value is None, not an absent key.

    Raises
    ------
    SettingsError
        When there are no rows or more than 10,000.
    DataError
        When a row lacks a column or holds what is no single value; names row and column.
    """
    if not 1 <= len(rows) <= MAX_ROWS:
        raise SettingsError(
            f"1 to {MAX_ROWS:,} rows can be decided at once",
            f"{len(rows):,} came",
            "Send them in parts, or score them as a file" if len(rows) else "Send at least one row",
        )
    if not isinstance(rows, Sequence):
        return _of_frame(rows, columns)
    found = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise DataError(
                f"row {number:,} must be an object of column names and values",
                f"it is of type {type(row).__name__}",
            )
        _complete(number, row, columns)
        found.append(_storable(number, {str(name): plain(value) for name, value in row.items()}))
    return found


@contextmanager
def counted_from(before: int) -> Iterator[None]:
    """Say in an error about a part of a file how many rows of the file come before that part."""
    try:
        yield
    except DataError as error:
        if not before:
            raise
        came = f"{error.came}; rows are counted after the first {before:,} of the file".lstrip("; ")
        raise DataError(error.expected, came, error.todo) from error


def _of_frame(frame: pd.DataFrame, columns: Sequence[Column]) -> list[dict[str, Cell]]:
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError("column names must differ", f"`{twice}` occurs twice", "Rename one of them")
    names = [name for name in frame.columns if name != ROW_ID]
    _complete(None, dict.fromkeys(names), columns)
    # a frame has no other word than NaN for an empty cell
    values = [
        [None if value != value else value for value in map(plain, frame[name].tolist())] for name in names
    ]
    texts = [str(name) for name in names]
    return [
        _storable(number, dict(zip(texts, row, strict=True)))
        for number, row in enumerate(zip(*values, strict=True), start=1)
    ]


def _complete(number: int | None, row: Mapping[str, Any], columns: Sequence[Column]) -> None:
    absent = [column.name for column in columns if column.name not in row]
    if absent:
        named = ", ".join(f"`{name}`" for name in absent[:8]) + (", …" if len(absent) > 8 else "")
        who = "the rows" if number is None else f"row {number:,}"
        raise DataError(
            f"{who} must have every feature of the model",
            f"missing: {named}",
            "Add them; leave a value empty (null) where it is unknown",
        )


def _storable(number: int, row: dict[str, Any]) -> dict[str, Cell]:
    try:
        row_text(row)
    except DataError as error:
        raise DataError(f"row {number:,}: {error.expected}", error.came, error.todo) from error
    return row


def to_frame(rows: Sequence[Mapping[str, Cell]], columns: Sequence[Column]) -> pd.DataFrame:
    """Lay out these columns of plain rows as a frame that scores alike whatever the other rows are.

    A column of one type keeps it; a mixed one becomes text, in the form in which the encoder reads it back.
    """
    import pandas as pd

    return pd.DataFrame(
        {column.name: _series([row[column.name] for row in rows]) for column in columns},
        index=range(len(rows)),
    )


def _series(values: list[Cell]) -> pd.Series[Any]:
    import pandas as pd

    values = [
        None if value != value else value for value in values
    ]  # NaN is not text, whatever stands beside it
    known = [value for value in values if value is not None]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        if not any(isinstance(value, int) and abs(value) > _EXACT for value in known):
            return pd.Series(values, dtype="float64")
    elif all(isinstance(value, bool) for value in known):
        return pd.Series(values, dtype="boolean" if len(known) < len(values) else "bool")
    elif all(isinstance(value, datetime) and value.tzinfo is None for value in known):
        return pd.Series(values, dtype="datetime64[us]")
    return pd.Series([None if value is None else _text(value) for value in values], dtype=object)


def _text(value: Cell) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else str(value)
    return str(value)
