"""Values that stand for missing: -999 and its kin among numbers, "?" and "N/A" among texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aimass_core.intake.engine import literal
from aimass_core.intake.profile import ColumnProfile
from aimass_core.schema import Column
from aimass_core.workspace.connection import quoted

if TYPE_CHECKING:
    import duckdb

TOKENS = frozenset(
    {
        *(
            "?",
            "??",
            "-",
            "--",
            ".",
            "..",
            "n/a",
            "na",
            "n.a.",
            "#n/a",
            "#na",
            "nan",
            "null",
            "(null)",
            "none",
        ),
        *("nil", "unknown", "unk", "unkn", "missing", "not available", "not applicable", "not known"),
        *("undefined", "xna", "xap", "tbd", "#value!", "#ref!", "#div/0!", "no data", "not provided"),
        *("未知", "缺失", "不详", "不明", "无数据", "空"),
    }
)
"""Texts that mean "no value", in lower case. "other" and "no" are answers and not among them."""

_NINES = tuple(float("9" * digits) for digits in range(2, 11))
_CODES = frozenset(
    {*_NINES, *(-n for n in _NINES), 96.0, 97.0, 98.0, -9.0, -998.0, -997.0, 998.0, 997.0, -1.0}
)
_CHUNK = 100


def in_labels(labels: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Return the labels of a category that stand for missing, with their rows."""
    found = [(label, rows) for label, rows in labels.items() if label.strip().lower() in TOKENS]
    return tuple(sorted(found, key=lambda item: -item[1]))


def in_text(cursor: duckdb.DuckDBPyConnection, table: str, column: Column) -> tuple[tuple[str, int], ...]:
    """Return the values of a text column that stand for missing, with their rows."""
    name = quoted(column.name)
    tokens = ", ".join(literal(token) for token in sorted(TOKENS))
    return tuple(
        cursor.execute(
            f"SELECT {name}, count(*) FROM {table} WHERE strlen({name}) <= 24 "
            f"AND lower(trim({name})) IN ({tokens}) GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    )


def in_numbers(
    cursor: duckdb.DuckDBPyConnection, table: str, columns: Sequence[ColumnProfile], rows: int
) -> dict[str, tuple[tuple[float, int], ...]]:
    """Return, by column, codes that stand for missing, with their rows.

    A code counts only at an end of the column's range and only where a gap parts it from all other values, so
    that an amount of 999 among amounts up to 5,000 is no code, and neither is -1 where -2 occurs.
    """
    suspects = [c for c in columns if c.distinct > 2 and (c.min in _CODES or c.max in _CODES)]
    listed = ", ".join(f"{code:.0f}" for code in sorted(_CODES))
    found: dict[str, tuple[tuple[float, int], ...]] = {}
    for start in range(0, len(suspects), _CHUNK):
        part = suspects[start : start + _CHUNK]
        fields = []
        for column in part:
            name = quoted(column.name)
            other = f"isfinite({name}::DOUBLE) AND {name} NOT IN ({listed})"
            fields += [
                f"min({name}) FILTER ({other})",
                f"max({name}) FILTER ({other})",
                f"histogram({name}) FILTER ({name} IN ({listed}))",
            ]
        row = cursor.execute(f"SELECT {', '.join(fields)} FROM {table}").fetchall()[0]
        for i, column in enumerate(part):
            low, high, counts = row[3 * i : 3 * i + 3]
            if low is not None and counts:
                codes = {float(code): int(count) for code, count in counts.items()}
                parted = _codes(codes, float(low), float(high), column, rows)
                if parted:
                    found[column.name] = parted
    return found


def _codes(
    counts: dict[float, int], low: float, high: float, column: ColumnProfile, rows: int
) -> tuple[tuple[float, int], ...]:
    """Return the codes that stand apart at either end of the other values, which reach from low to high."""
    found: list[tuple[float, int]] = []
    below = sorted(item for item in counts.items() if item[0] < low)
    above = sorted((item for item in counts.items() if item[0] > high), reverse=True)
    for block, inner, other in ((below, low, high), (above, high, low)):
        for depth in range(len(block), 0, -1):
            nearest = block[depth][0] if depth < len(block) else inner
            if _parted(block[:depth], nearest, other, column, rows):
                found += block[:depth]
                break
    return tuple(found)


def _parted(
    block: Sequence[tuple[float, int]], inner: float, other: float, column: ColumnProfile, rows: int
) -> bool:
    """Whether a gap parts these codes from the nearest other value ``inner``; ``other`` is the far end."""
    nearest = block[-1][0]
    count = sum(n for _, n in block)
    reach = max(abs(inner), abs(other))
    if nearest == -1.0:
        # -1 is a code among counts and amounts, but an answer in short scales such as -2 … 8.
        return len(block) == 1 and inner >= 0 and column.distinct > 15 and count >= max(3, rows // 1_000)
    if nearest < 0:
        return inner > nearest / 4 and inner >= -max(abs(nearest) / 10, 1) and count >= 2
    enough = max(3, rows // 2_000)
    if abs(nearest) < 100:
        return reach <= nearest / 4 and count >= enough
    return inner <= nearest / 2 and count >= enough
