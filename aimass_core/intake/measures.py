"""Measures of every column by few scans: exact where that is cheap, from a random sample where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from aimass_core.intake.profile import ColumnProfile
from aimass_core.intake.sampling import random_share
from aimass_core.schema import TEMPORAL, Column
from aimass_core.workspace.connection import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 100
_BINS = 20
_TOP = 20
_CELLS = 4_000_000
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Measured:
    """Column profiles, and the label counts of categories that later checks need whole."""

    columns: tuple[ColumnProfile, ...]
    labels: dict[str, dict[str, int]]
    sample_rows: int


def measure(cursor: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], rows: int) -> Measured:
    """Measure all columns in chunks of 100, so that 2,000 columns need no more memory than 100.

    Counts, extremes, mean, standard deviation and label counts are of all rows; quantiles and histograms are
    of a random sample of 50,000 rows, fewer where there are more than 80 columns.
    """
    where = random_share(rows, min(50_000, max(5_000, _CELLS // max(len(columns), 1))))
    made: list[ColumnProfile] = []
    labels: dict[str, dict[str, int]] = {}
    sample_rows = int(cursor.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchall()[0][0])
    for part in _chunks(columns):
        basics = _basics(cursor, table, part)
        numbers = [c for c in part if _numeric(c)]
        finite = {c.name: _finite(c, basics[c.name]) for c in numbers}
        moments = _moments(cursor, table, numbers, finite)
        values = _sample(cursor, table, [c for c in part if _numeric(c) or c.kind in TEMPORAL], where)
        shapes = {name: _shape(array) for name, array in values.items()}
        outliers = _outliers(cursor, table, numbers, shapes, basics)
        counted = _labels(cursor, table, [c for c in part if c.kind in ("category", "boolean")])
        labels |= counted
        for column in part:
            name = column.name
            filled, distinct, low, high = basics[name]
            extra: dict[str, Any] = {}
            if name in counted:
                ranked = sorted(counted[name].items(), key=lambda item: (-item[1], item[0]))
                extra = {"top": tuple(ranked[:_TOP]), "distinct": len(ranked), "distinct_exact": True}
            made.append(
                ColumnProfile(
                    **{
                        "name": name,
                        "kind": column.kind,
                        "role": column.role,
                        "missing": rows - filled,
                        "distinct": min(distinct, filled),
                        "min": _plain(low),
                        "max": _plain(high),
                        **moments.get(name, {}),
                        **shapes.get(name, {}),
                        **outliers.get(name, {}),
                        **extra,
                    }
                )
            )
    return Measured(tuple(made), labels, sample_rows)


def _basics(
    cursor: duckdb.DuckDBPyConnection, table: str, part: Sequence[Column]
) -> dict[str, tuple[int, int, Any, Any]]:
    fields = []
    for column in part:
        name = quoted(column.name)
        # The labels of categories are counted one by one later; text has no useful extremes.
        distinct = "0" if column.kind in ("category", "boolean") else f"approx_count_distinct({name})"
        extremes = _numeric(column) or column.kind in TEMPORAL
        fields += [
            f"count({name})",
            distinct,
            f"min({name})" if extremes else "NULL",
            f"max({name})" if extremes else "NULL",
        ]
    row = cursor.execute(f"SELECT {', '.join(fields)} FROM {table}").fetchall()[0]
    return {column.name: tuple(row[4 * i : 4 * i + 4]) for i, column in enumerate(part)}


def _finite(column: Column, basics: tuple[int, int, Any, Any]) -> bool:
    return all(value is None or np.isfinite(value) for value in basics[2:])


def _moments(
    cursor: duckdb.DuckDBPyConnection, table: str, numbers: Sequence[Column], finite: dict[str, bool]
) -> dict[str, dict[str, Any]]:
    """Return mean and standard deviation; where there are infinities, their number, finite extremes."""
    if not numbers:
        return {}
    fields = []
    for column in numbers:
        name = quoted(column.name)
        only = "" if finite[column.name] else f" FILTER (isfinite({name}))"
        fields += [f"avg({name}){only}", f"stddev_samp({name}){only}"]
        if only:
            fields += [f"count(*) FILTER (isinf({name}))", f"min({name}){only}", f"max({name}){only}"]
    try:
        row = list(cursor.execute(f"SELECT {', '.join(fields)} FROM {table}").fetchall()[0])
    except duckdb.OutOfRangeException:
        # Values near the largest number there is: without the column that holds them.
        if len(numbers) == 1:
            return {}
        halves = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
        return {k: v for half in halves for k, v in _moments(cursor, table, half, finite).items()}
    found: dict[str, dict[str, Any]] = {}
    for column in numbers:
        found[column.name] = {"mean": _plain(row.pop(0)), "std": _plain(row.pop(0))}
        if not finite[column.name]:
            found[column.name] |= {
                "infinite": row.pop(0),
                "min": _plain(row.pop(0)),
                "max": _plain(row.pop(0)),
            }
    return found


def _sample(
    cursor: duckdb.DuckDBPyConnection, table: str, part: Sequence[Column], where: str
) -> dict[str, NDArray[np.float64]]:
    """Return the sampled values of columns as floats, missing and infinite ones left out."""
    if not part:
        return {}
    fields = [
        f"epoch({quoted(c.name)}) / 86400 AS c{i}"
        if c.kind in TEMPORAL
        else f"CAST({quoted(c.name)} AS DOUBLE) AS c{i}"
        for i, c in enumerate(part)
    ]
    arrays = cursor.execute(f"SELECT {', '.join(fields)} FROM {table} WHERE {where}").fetchnumpy()
    found = {}
    for i, column in enumerate(part):
        array = np.ma.filled(np.ma.asarray(arrays[f"c{i}"], dtype=np.float64), np.nan)
        found[column.name] = array[np.isfinite(array)]
    return found


def _shape(values: NDArray[np.float64]) -> dict[str, Any]:
    """Return quantiles and a histogram whose outer bins reach to the extremes of the sample."""
    if values.size == 0:
        return {}
    quantiles = dict(
        zip(("q05", "q25", "median", "q75", "q95"), np.quantile(values, _QUANTILES), strict=True)
    )
    low, high = float(values.min()), float(values.max())
    # A few extreme values must not squeeze all others into one bin.
    fence = 3 * (quantiles["q95"] - quantiles["q05"])
    inner_low, inner_high = max(low, quantiles["q05"] - fence), min(high, quantiles["q95"] + fence)
    if inner_low == inner_high:
        inner_low, inner_high = low, high
    distinct = np.unique(values)
    if not np.isfinite(high - low):
        bins: tuple[tuple[float, float, int], ...] = ()
    elif low == high:
        bins = ((low, high, int(values.size)),)
    else:
        whole = bool(np.all(distinct == np.trunc(distinct)))
        count = int(min(_BINS, inner_high - inner_low + 1)) if whole else _BINS
        if whole and inner_high - inner_low < _BINS:
            edges = np.arange(inner_low - 0.5, inner_high + 1, 1.0)
        else:
            edges = np.linspace(inner_low, inner_high, max(count, 2) + 1)
        edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
        counts, edges = np.histogram(values, bins=edges)
        bins = tuple(
            (float(a), float(b), int(n)) for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
        )
    return {**{k: float(v) for k, v in quantiles.items()}, "histogram": bins}


def _outliers(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    numbers: Sequence[Column],
    shapes: dict[str, dict[str, Any]],
    basics: dict[str, tuple[int, int, Any, Any]],
) -> dict[str, dict[str, int]]:
    """Count, on all rows, values beyond 1.5 IQR; none where the quartiles are equal.

    A side is only counted where the column's extreme lies beyond its fence.
    """
    fields: list[str] = []
    wanted: list[tuple[str, str]] = []
    for column in numbers:
        shape = shapes.get(column.name, {})
        spread = shape.get("q75", 0.0) - shape.get("q25", 0.0)
        if not 0 < spread < np.inf:
            continue
        name = quoted(column.name)
        _, _, lowest, highest = basics[column.name]
        low, high = float(shape["q25"] - 1.5 * spread), float(shape["q75"] + 1.5 * spread)
        if lowest < low:
            bounded = f" AND {name} > '-inf'::DOUBLE" if np.isinf(lowest) else ""
            fields.append(f"count_if({name} < {low!r}::DOUBLE{bounded})")
            wanted.append((column.name, "outliers_low"))
        if highest > high:
            bounded = f" AND {name} < 'inf'::DOUBLE" if np.isinf(highest) else ""
            fields.append(f"count_if({name} > {high!r}::DOUBLE{bounded})")
            wanted.append((column.name, "outliers_high"))
    if not fields:
        return {}
    row = cursor.execute(f"SELECT {', '.join(fields)} FROM {table}").fetchall()[0]
    found: dict[str, dict[str, int]] = {}
    for (name, side), count in zip(wanted, row, strict=True):
        found.setdefault(name, {})[side] = int(count)
    return found


def _labels(
    cursor: duckdb.DuckDBPyConnection, table: str, part: Sequence[Column]
) -> dict[str, dict[str, int]]:
    if not part:
        return {}
    fields = ", ".join(f"histogram(CAST({quoted(c.name)} AS VARCHAR))" for c in part)
    row = cursor.execute(f"SELECT {fields} FROM {table}").fetchall()[0]
    return {column.name: dict(found or {}) for column, found in zip(part, row, strict=True)}


def _numeric(column: Column) -> bool:
    return column.kind in ("integer", "number")


def _plain(value: Any) -> float | str | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if np.isfinite(value) else None
    return str(value.isoformat())


def _chunks(columns: Sequence[Column]) -> Iterator[Sequence[Column]]:
    for start in range(0, len(columns), _CHUNK):
        yield columns[start : start + _CHUNK]
