"""Time cut into periods that people count in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from aimass_core.errors import SettingsError

By = Literal["auto", "day", "week", "month", "quarter", "year", "quantile"]
FEWEST, MOST = 4, 36
"""Periods wanted when the length is chosen here."""
QUANTILES = 10
_LIMIT = 400
_UNITS: tuple[By, ...] = ("day", "week", "month", "quarter", "year")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Periods:
    """Each row's period.

    Attributes
    ----------
    period : (n,) position in `labels`; -1 for a row without a time.
    labels : what each period is called, in order of time.
    by : how long a period is.
    """

    period: Ints
    labels: tuple[str, ...]
    by: By


def cut(moments: npt.NDArray[Any], *, by: By = "auto") -> Periods:
    """Cut time into periods; those in which there is no row are left out.

    Parameters
    ----------
    moments : (n,) dates, timestamps or numbers.
    by : length of a period; auto: months where that gives 4 to 36, shorter or longer ones else; for numbers,
        ten parts of equal size.

    Raises
    ------
    SettingsError
        When numbers are to be cut by the calendar, or there would be more than 400 periods.
    """
    calendar = np.issubdtype(moments.dtype, np.datetime64) or (
        moments.dtype == object and any(hasattr(value, "isoformat") for value in moments)
    )
    if not calendar:
        if by not in ("auto", "quantile"):
            raise SettingsError(
                f"only dates can be cut by the {by}",
                "the column holds numbers",
                "Cut into parts of equal size",
            )
        return _quantiles(moments.astype(np.float64), by="quantile")
    days = moments.astype("datetime64[D]")
    if by == "quantile":
        return _quantiles(days, by=by)
    known = ~np.isnat(days)
    unit = _unit(days[known]) if by == "auto" else by
    distinct, position = np.unique(_codes(days[known], unit), return_inverse=True)
    if len(distinct) > _LIMIT:
        raise SettingsError(
            f"there may be at most {_LIMIT} periods",
            f"there would be {len(distinct):,}",
            "Choose longer ones",
        )
    period = np.full(len(days), -1, dtype=np.int64)
    period[known] = position
    return Periods(period, tuple(_label(int(code), unit) for code in distinct), unit)


def _unit(days: npt.NDArray[Any]) -> By:
    counts: dict[By, int] = {unit: len(np.unique(_codes(days, unit))) for unit in _UNITS}
    if counts["month"] > MOST:
        return "quarter" if counts["quarter"] <= MOST else "year"
    if counts["month"] >= FEWEST:
        return "month"
    return "week" if counts["week"] >= FEWEST else "day"


def _codes(days: npt.NDArray[Any], unit: By) -> Ints:
    if unit == "day":
        return days.astype(np.int64)
    if unit == "week":
        return (days.astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday: weeks from Monday
    months = days.astype("datetime64[M]").astype(np.int64)
    return months if unit == "month" else months // (3 if unit == "quarter" else 12)


def _label(code: int, unit: By) -> str:
    if unit == "day":
        return str(np.datetime64(code, "D"))
    if unit == "week":
        return f"week of {np.datetime64(7 * code - 3, 'D')}"
    if unit == "month":
        return str(np.datetime64(code, "M"))
    if unit == "quarter":
        return f"{1970 + code // 4} Q{code % 4 + 1}"
    return str(1970 + code)


def _quantiles(values: npt.NDArray[Any], *, by: By) -> Periods:
    missing = np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)
    period = np.full(len(values), -1, dtype=np.int64)
    known = values[~missing]
    if not len(known):
        return Periods(period, (), by)
    _, unit = np.unique(known, return_inverse=True)
    before = np.cumsum(np.bincount(unit)) - np.bincount(unit)
    # rows of one moment are never parted
    part = (before * QUANTILES // len(known))[unit]
    kept, position = np.unique(part, return_inverse=True)
    period[~missing] = position
    labels = []
    for number in range(len(kept)):
        inside = known[position == number]
        labels.append(f"{_plain(inside.min())} to {_plain(inside.max())}")
    return Periods(period, tuple(labels), by)


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, np.datetime64) else f"{float(value):,.6g}"
