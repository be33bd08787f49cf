"""Single values of a column: text, dates and numbers as float64, and back as text for people."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from aimass_core.errors import DataError
from aimass_core.schema import Column, Kind

_BOOLEANS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "t": 1.0, "f": 0.0, "y": 1.0, "n": 0.0}
_SECONDS_A_DAY = 86_400
_EPOCH = dt.datetime(1970, 1, 1)

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[Any] | None


def text_label(value: Any) -> str:
    """Return a category value as its label; 1, 1.0 and "1" are the same label."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def to_labels(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of labels as text (object dtype), None where the value is missing."""
    values = series.astype(object).where(series.notna(), None)
    if not pd.api.types.is_string_dtype(series.dtype) or series.dtype == object:
        values = values.map(lambda value: None if value is None else text_label(value))
    return values


def to_numbers(series: pd.Series[Any], column: Column, rows: Rows) -> Floats:
    """Return numbers as float64; missing, blank and infinite values become NaN.

    Raises
    ------
    DataError
        When a value is not a number; says how many and shows the first.
    """
    if pd.api.types.is_bool_dtype(series.dtype) or pd.api.types.is_numeric_dtype(series.dtype):
        found = series.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    elif pd.api.types.is_datetime64_any_dtype(series.dtype) or isinstance(series.dtype, pd.CategoricalDtype):
        found = to_numbers(series.astype(object), column, rows)
    else:
        values = _blank_to_missing(series)
        found = np.array([_number(value, column.kind) for value in values], dtype=np.float64)
        _refuse(np.isnan(found) & values.notna().to_numpy(), series, column, "a number", rows)
    found[np.isinf(found)] = np.nan
    return found


def _number(value: Any, kind: Kind) -> float:
    if value is None or value is pd.NaT or isinstance(value, (dt.date, dt.timedelta, list, dict, tuple)):
        return np.nan
    if kind == "boolean" and isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    if isinstance(value, str) and "_" in value:  # float() would read 1_000
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def to_days(series: pd.Series[Any], column: Column, rows: Rows) -> Floats:
    """Return dates or timestamps as days since 1970-01-01 UTC, with the time of day as a fraction.

    Raises
    ------
    DataError
        When a value is not a date in ISO form; says how many and shows the first.
    """
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        moments = series.dt.tz_convert("UTC").dt.tz_localize(None) if series.dt.tz is not None else series
        seconds = moments.astype("datetime64[us]").to_numpy()
        found: Floats = seconds.astype(np.int64) / (_SECONDS_A_DAY * 1e6)
        found[np.isnat(seconds)] = np.nan
        return found
    values = _blank_to_missing(series)
    found = np.array([_days(value) for value in values], dtype=np.float64)
    _refuse(np.isnan(found) & values.notna().to_numpy(), series, column, "a date like 2005-04-30", rows)
    return found


def _days(value: Any) -> float:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            return np.nan
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if value is pd.NaT or not isinstance(value, dt.date):
        return np.nan
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return float((value - _EPOCH) / dt.timedelta(days=1))


def _blank_to_missing(series: pd.Series[Any]) -> pd.Series[Any]:
    values = series.astype(object)
    blank = values.map(lambda value: isinstance(value, str) and not value.strip()).astype(bool)
    return values.where(~blank & series.notna(), None)


def _refuse(
    bad: npt.NDArray[np.bool_], series: pd.Series[Any], column: Column, what: str, rows: Rows
) -> None:
    if not bad.any():
        return
    first = int(np.flatnonzero(bad)[0])
    row = first + 1 if rows is None else rows[first]
    count = int(bad.sum())
    value = str(series.iloc[first])
    shown = value if len(value) <= 40 else value[:40] + "…"
    raise DataError(
        f"every value of `{column.name}` must be {what}",
        f"{count:,} of {len(series):,} rows are not (first: row {row:,}, '{shown}')",
        f"Map '{shown}' to missing in Clean, or leave the cell empty",
    )


def number(value: float) -> str:
    """Return a number as text with thousands separators and at most six significant decimals."""
    if np.isnan(value):
        return "missing"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.2f}" if 1_000 <= abs(value) < 1e15 else f"{value:.6g}"


def days(value: float, kind: Kind) -> str:
    """Return days since 1970-01-01 as an ISO date, or date and time for a timestamp."""
    if np.isnan(value):
        return "missing"
    moment = _EPOCH + dt.timedelta(days=float(value))
    return moment.date().isoformat() if kind == "date" else moment.isoformat(sep=" ", timespec="seconds")
