"""Rows that may repeat another: found once in a table that never changes, so that a recipe is tried quickly.

Rows that are equal in every column are equal in any few of them. The rows that share their values in a few
telling columns with another row are therefore all that can be duplicates, whatever repairs do to the other
columns; finding duplicates among these few is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aimass_core.intake.repair_sql import CellRule, DuplicateRule, Rule
from aimass_core.schema import ROW_ID, Schema
from aimass_core.workspace.connection import quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

TELLING = 3
"""Columns whose values are compared at first."""
MOST = 20_000
"""Suspects that are kept in memory; with more of them the whole table is searched each time."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """Rows of a table, with all their columns, that share their values in `columns` with another row."""

    columns: tuple[str, ...]
    rows: pa.Table

    def serve(self, rule: DuplicateRule, touched: frozenset[str]) -> bool:
        """Whether all duplicates by this rule are among them, `touched` being columns repaired before it."""
        return set(self.columns) <= set(rule.columns) - touched


def telling(rules: Sequence[Rule], distinct: Mapping[str, int]) -> tuple[str, ...]:
    """Return the columns to look for suspects by: those of most different values that no rule touches.

    Parameters
    ----------
    rules : of all repairs of a recipe, so that their order makes no difference.
    distinct : number of different values by column, of a sample.

    Returns
    -------
    columns
        Empty when no rule drops duplicates, or repairs touch every column compared.
    """
    compared = [set(rule.columns) for rule in rules if isinstance(rule, DuplicateRule)]
    if not compared:
        return ()
    touched = {rule.column for rule in rules if isinstance(rule, CellRule)}
    free = [name for name in distinct if name not in touched and all(name in names for names in compared)]
    return tuple(sorted(sorted(free, key=lambda name: -distinct[name])[:TELLING]))


def find(
    cursor: duckdb.DuckDBPyConnection, source: str, schema: Schema, columns: Sequence[str]
) -> Suspects | None:
    """Return the rows of a table that share their values in these columns with another row; missing equals
    missing. None when they are more than :data:`MOST`, or no column is given.
    """
    if not columns:
        return None
    key = f"hash({', '.join(quoted(schema.column(name).name) for name in columns)})"
    every = ", ".join(quoted(name) for name in (ROW_ID, *schema.names))
    found = cursor.execute(
        f"WITH hashed AS (SELECT {key} AS h FROM {source} GROUP BY h HAVING count(*) > 1) "
        f"SELECT {every} FROM {source} WHERE {key} IN (SELECT h FROM hashed) LIMIT {MOST + 1}"
    ).to_arrow_table()
    return None if found.num_rows > MOST else Suspects(columns=tuple(columns), rows=found)
