"""Repairs on a table of the workspace: counted, shown, and applied as the next table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aimass_core.errors import Fault
from aimass_core.intake.change import Change, RuleCount
from aimass_core.intake.repair_sql import (
    SQL_TYPES,
    CellRule,
    Chain,
    DuplicateRule,
    Rule,
    Step,
    chain,
    duplicates,
)
from aimass_core.intake.suspects import Suspects
from aimass_core.schema import ROW_ID, Schema
from aimass_core.workspace.connection import new_id, quoted

if TYPE_CHECKING:
    import duckdb

DUPLICATE = "duplicate-row"


@dataclass(frozen=True)
class _Segment:
    """Cell rules that see the same rows, and the duplicates dropped before them (`r`, `first`)."""

    steps: tuple[Step, ...]
    dropped: tuple[str, ...]

    @property
    def where(self) -> str:
        return " AND ".join(f"r NOT IN (SELECT r FROM {name})" for name in self.dropped) or "TRUE"


@dataclass(frozen=True)
class _Plan:
    chained: Chain
    segments: tuple[_Segment, ...]

    @property
    def kept(self) -> str:
        return self.segments[-1].where


def counted(
    cursor: duckdb.DuckDBPyConnection, source: str, rules: Sequence[Rule], schema: Schema
) -> tuple[RuleCount, ...]:
    """Count what each rule changes, in the order of the rules; exact, on all rows."""
    with _planned(cursor, source, rules, schema) as plan:
        return _counts(cursor, plan)


def shown(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    rules: Sequence[Rule],
    schema: Schema,
    *,
    limit: int,
    suspects: Suspects | None = None,
) -> tuple[tuple[RuleCount, ...], list[Change]]:
    """Count what each rule changes and show up to `limit` changes, shared among the rules that have any."""
    with _planned(cursor, source, rules, schema, suspects) as plan:
        counts = _counts(cursor, plan)
        active = sum(1 for count in counts if count.rows)
        each = max(1, limit // active) if active else 0
        changes: list[Change] = []
        remaining = iter(counts)
        for segment in plan.segments:
            if segment is not plan.segments[0] and next(remaining).rows:
                changes += _dropped(cursor, segment.dropped[-1], each)
            for step in segment.steps:
                if next(remaining).rows:
                    changes += _cells(cursor, plan.chained, segment, step, each)
        return counts, changes[:limit]


def written(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    target: str,
    rules: Sequence[Rule],
    schema: Schema,
    after: Schema,
) -> tuple[int, tuple[RuleCount, ...]]:
    """Write the repaired rows as a new table, keeping row numbers; return rows and counts."""
    with _planned(cursor, source, rules, schema) as plan:
        counts = _counts(cursor, plan)
        columns = "".join(
            f", CAST({plan.chained.final[c.name]} AS {SQL_TYPES[c.kind]}) AS {quoted(c.name)}" for c in after
        )
        cursor.execute(
            f"CREATE TABLE {target} AS SELECT r AS {quoted(ROW_ID)}{columns} "
            f"FROM {plan.chained.sql} WHERE {plan.kept}"
        )
    found = cursor.execute(f"SELECT count(*) FROM {target}").fetchone()
    return int(found[0]) if found else 0, counts


@contextmanager
def _planned(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    rules: Sequence[Rule],
    schema: Schema,
    suspects: Suspects | None = None,
) -> Iterator[_Plan]:
    cell_rules = [rule for rule in rules if isinstance(rule, CellRule)]
    chained = chain(source, schema.names, cell_rules)
    made: list[str] = []
    segments: list[_Segment] = []
    steps: list[Step] = []
    remaining = iter(chained.steps)
    try:
        for position, rule in enumerate(rules):
            if isinstance(rule, CellRule):
                steps.append(next(remaining))
                continue
            segments.append(_Segment(tuple(steps), tuple(made)))
            steps = []
            before = [earlier for earlier in rules[:position] if isinstance(earlier, CellRule)]
            touched = frozenset(earlier.column for earlier in before)
            searched = suspects if suspects is not None and suspects.serve(rule, touched) else None
            with _among(cursor, source, searched) as rows:
                made.append(_find(cursor, chain(rows, schema.names, before), rule, segments[-1].where))
        segments.append(_Segment(tuple(steps), tuple(made)))
        yield _Plan(chained, tuple(segments))
    finally:
        for name in made:
            cursor.execute(f"DROP TABLE IF EXISTS {name}")


@contextmanager
def _among(cursor: duckdb.DuckDBPyConnection, source: str, suspects: Suspects | None) -> Iterator[str]:
    """Give the name of where duplicates are looked for: the suspects where they will do, else the table."""
    if suspects is None:
        yield source
        return
    name = f"suspects_{new_id()}"
    cursor.register(name, suspects.rows)
    try:
        yield quoted(name)
    finally:
        cursor.unregister(name)


def _find(cursor: duckdb.DuckDBPyConnection, chained: Chain, rule: DuplicateRule, where: str) -> str:
    name = f"temp.{quoted('duplicates_' + new_id())}"
    cursor.execute(f"CREATE TEMP TABLE {name} AS {duplicates(chained, rule.columns, where=where)}")
    return name


def _counts(cursor: duckdb.DuckDBPyConnection, plan: _Plan) -> tuple[RuleCount, ...]:
    counts: list[RuleCount] = []
    for segment in plan.segments:
        if segment is not plan.segments[0]:
            (rows,) = _one(cursor, f"SELECT count(*) FROM {segment.dropped[-1]}")
            counts.append(RuleCount(rule=DUPLICATE, column=None, rows=rows))
        if segment.steps:
            tests = ", ".join(f"count(*) FILTER (WHERE {step.changed})" for step in segment.steps)
            found = _one(cursor, f"SELECT {tests} FROM {plan.chained.sql} WHERE {segment.where}")
            counts += [
                RuleCount(rule=step.rule.rule, column=step.rule.column, cells=rows, rows=rows)
                for step, rows in zip(segment.steps, found, strict=True)
            ]
    return tuple(counts)


def _one(cursor: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    found = cursor.execute(sql).fetchone()
    if found is None:
        raise Fault("counting must give one row", "none came")
    return tuple(found)


def _cells(
    cursor: duckdb.DuckDBPyConnection, chained: Chain, segment: _Segment, step: Step, limit: int
) -> list[Change]:
    cursor.execute(
        f"SELECT r, CAST({step.before} AS VARCHAR), CAST({step.after} AS VARCHAR) FROM {chained.sql} "
        f"WHERE {step.changed} AND {segment.where} LIMIT {limit}"
    )
    return [
        Change(row=row, column=step.rule.column, before=before, after=after, rule=step.rule.rule)
        for row, before, after in cursor.fetchall()
    ]


def _dropped(cursor: duckdb.DuckDBPyConnection, name: str, limit: int) -> list[Change]:
    cursor.execute(f"SELECT r, first FROM {name} ORDER BY r LIMIT {limit}")
    return [
        Change(row=row, column=None, before=f"same as row {first:,}", after="dropped", rule=DUPLICATE)
        for row, first in cursor.fetchall()
    ]
