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
_DEEPEST = 4


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
    return {c.name: codes for c in suspects if (codes := _codes(cursor, table, c, rows))}


def _codes(
    cursor: duckdb.DuckDBPyConnection, table: str, column: ColumnProfile, rows: int
) -> tuple[tuple[float, int], ...]:
    name = quoted(column.name)
    low = cursor.execute(
        f"SELECT {name}, count(*) FROM {table} WHERE isfinite({name}::DOUBLE) GROUP BY 1 ORDER BY 1 "
        f"LIMIT {_DEEPEST + 1}"
    ).fetchall()
    high = cursor.execute(
        f"SELECT {name}, count(*) FROM {table} WHERE isfinite({name}::DOUBLE) GROUP BY 1 ORDER BY 1 DESC "
        f"LIMIT {_DEEPEST + 1}"
    ).fetchall()
    found: list[tuple[float, int]] = []
    for end in (low, high):
        for depth in range(min(_DEEPEST, len(end) - 1), 0, -1):
            block = [(float(value), int(count)) for value, count in end[:depth]]
            inner = float(end[depth][0])
            other = float((high if end is low else low)[0][0])
            if all(value in _CODES for value, _ in block) and _parted(block, inner, other, column, rows):
                found += block
                break
    return tuple(found)


def _parted(
    block: Sequence[tuple[float, int]], inner: float, other: float, column: ColumnProfile, rows: int
) -> bool:
    """Whether a gap parts these codes from the nearest other value ``inner``; ``other`` is the far end."""
    nearest = block[-1][0]
    count = sum(n for _, n in block)
    reach = max(abs(inner), abs(other)) if other not in [value for value, _ in block] else abs(inner)
    if nearest == -1.0:
        # -1 is a code among counts and amounts, but an answer in short scales such as -2 … 8.
        return len(block) == 1 and inner >= 0 and column.distinct > 15 and count >= max(3, rows // 1_000)
    if nearest < 0:
        return inner > nearest / 4 and inner >= -max(abs(nearest) / 10, 1) and count >= 2
    enough = max(3, rows // 2_000)
    if abs(nearest) < 100:
        return reach <= nearest / 4 and count >= enough
    return inner <= nearest / 2 and count >= enough
