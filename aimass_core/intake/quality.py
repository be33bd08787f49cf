"""The profile of a data set: measures of every column, and findings with what to do about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aimass_core.intake import findings, leakage, personal, sentinels
from aimass_core.intake.measures import Measured, measure
from aimass_core.intake.profile import ColumnProfile, Finding, Profile
from aimass_core.intake.roles import snake_case
from aimass_core.intake.sampling import random_share, spread
from aimass_core.schema import Column, Schema
from aimass_core.workspace.connection import quoted

if TYPE_CHECKING:
    import duckdb

_CHUNK = 200
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def profile(cursor: duckdb.DuckDBPyConnection, table: str, schema: Schema) -> Profile:
    """Measure and check a data set.

    Few scans of the table; memory grows neither with its rows nor, beyond 100 columns at a time, with its
    columns. Every measure's field says whether it is exact or from a sample.
    """
    rows = int(cursor.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    measured = measure(cursor, table, schema.columns, rows)
    columns = _with_sentinels(cursor, table, schema, measured, rows)
    duplicates = _duplicates(cursor, table, columns, rows)
    numbers = _numbers_in_text(cursor, table, schema, columns, measured.labels)
    found: list[Finding] = []
    found += _target(cursor, table, schema, columns)
    found += _personal(cursor, table, schema, rows)
    if duplicates:
        found.append(
            Finding(
                code="duplicate-rows",
                severity="warning",
                text=f"{duplicates:,} of {rows:,} rows equal an earlier row in every column.",
                todo="Drop them in Clean unless repeats are real events.",
                count=duplicates,
            )
        )
    for column in columns:
        found += findings.of_column(column, rows, numbers)
    return Profile(
        rows=rows,
        sample_rows=measured.sample_rows,
        sampled=measured.sample_rows < rows,
        duplicates=duplicates,
        columns=columns,
        findings=findings.ordered(found),
    )


def _with_sentinels(
    cursor: duckdb.DuckDBPyConnection, table: str, schema: Schema, measured: Measured, rows: int
) -> tuple[ColumnProfile, ...]:
    numeric = [c for c in measured.columns if c.kind in ("integer", "number") and c.role != "target"]
    codes = sentinels.in_numbers(cursor, table, numeric, rows)
    made = []
    for column in measured.columns:
        values: Sequence[tuple[float | str, int]] = codes.get(column.name, ())
        if column.kind == "category":
            values = sentinels.in_labels(measured.labels.get(column.name, {}))
        elif column.kind == "text":
            values = sentinels.in_text(cursor, table, schema.column(column.name))
        made.append(column.model_copy(update={"sentinels": tuple(values)}) if values else column)
    return tuple(made)


def _duplicates(
    cursor: duckdb.DuckDBPyConnection, table: str, columns: Sequence[ColumnProfile], rows: int
) -> int:
    """Return how many rows equal an earlier one, by a 64-bit hash of all columns.

    Where one column alone has a different value in every row, there can be none.
    """
    varied = max(columns, key=lambda column: (column.kind == "integer", column.distinct))
    if varied.missing == 0 and varied.distinct > 0.9 * rows:
        found = cursor.execute(f"SELECT count(DISTINCT {quoted(varied.name)}) FROM {table}").fetchall()
        if found[0][0] == rows:
            return 0
    everything = ", ".join(quoted(column.name) for column in columns)
    distinct = cursor.execute(
        f"SELECT count(DISTINCT h) FROM (SELECT hash({everything}) AS h FROM {table})"
    ).fetchall()[0][0]
    return rows - int(distinct)


def _numbers_in_text(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    schema: Schema,
    columns: Sequence[ColumnProfile],
    labels: Mapping[str, Mapping[str, int]],
) -> dict[str, tuple[int, int]]:
    """Return, by text column of mostly numbers, how many values are numbers and how many are neither that nor
    a sentinel. Identifiers, postcodes and the like, which are digits but no numbers, are left out."""
    found: dict[str, tuple[int, int]] = {}
    for column in columns:
        if column.kind not in ("category", "text") or column.role in ("id", "group", "protected", "target"):
            continue
        name = quoted(column.name)
        codes = sum(count for _, count in column.sentinels)
        if column.name in labels:
            counts = labels[column.name]
            good = sum(count for label, count in counts.items() if _NUMBER.fullmatch(label))
            padded = any(re.fullmatch(r"0\d+", label) for label in counts)
            filled = sum(counts.values())
        else:
            good, padded, filled = cursor.execute(
                f"SELECT count(TRY_CAST({name} AS DOUBLE)), "
                f"coalesce(bool_or(regexp_full_match({name}, '0[0-9]+')), false), count({name}) FROM {table}"
            ).fetchall()[0]
        bad = filled - good - codes
        if not padded and good and good >= 0.5 * (good + bad) and (bad or codes):
            found[column.name] = (int(good), int(bad))
    return found


def _target(
    cursor: duckdb.DuckDBPyConnection, table: str, schema: Schema, columns: Sequence[ColumnProfile]
) -> list[Finding]:
    target = schema.target
    if target is None:
        return findings.of_target(None, {})
    name = quoted(target.name)
    classes = {
        str(label): int(count)
        for label, count in cursor.execute(
            f"SELECT CAST({name} AS VARCHAR), count(*) FROM {table} WHERE {name} IS NOT NULL "
            "GROUP BY 1 ORDER BY 2 DESC LIMIT 1000"
        ).fetchall()
    }
    measured = {column.name: column for column in columns}
    found = findings.of_target(measured[target.name], classes)
    if not 2 <= len(classes) <= 20:
        return found
    suspects: list[Column] = [
        c for c in schema if c.role == "feature" and c.kind != "text" and measured[c.name].distinct > 0
    ]
    if not suspects or sorted(classes.values())[-2] < 50:
        why = "there are no features" if not suspects else "two classes of at least 50 rows are needed"
        return [
            *found,
            Finding(code="target-leakage", severity="not applicable", text=f"Not checked: {why}.", todo=""),
        ]
    for leak in leakage.leaks(cursor, table, target, suspects, classes):
        found.append(
            Finding(
                code="target-leakage",
                severity="serious" if leak.certain else "warning",
                column=leak.column,
                text=f"`{leak.column}` may be known only after the outcome: {leak.why}.",
                todo="Ask when its value is known; ignore it unless that is before the decision.",
            )
        )
    return found


def _personal(cursor: duckdb.DuckDBPyConnection, table: str, schema: Schema, rows: int) -> list[Finding]:
    """Look at column names and at 1,000 random values of texts and long whole numbers."""
    found: list[Finding] = []
    looked = [c for c in schema if c.kind in ("text", "category", "integer")]
    where = random_share(rows, 1_000) if rows <= 100_000 else spread(rows, 1_024)
    for start in range(0, len(looked), _CHUNK):
        part = looked[start : start + _CHUNK]
        fields = ", ".join(
            f"list(CAST({quoted(c.name)} AS VARCHAR)) FILTER ({quoted(c.name)} IS NOT NULL)" for c in part
        )
        row = cursor.execute(f"SELECT {fields} FROM {table} WHERE {where}").fetchall()[0]
        for column, values in zip(part, row, strict=True):
            finding = _personal_column(column, values or [])
            if finding:
                found.append(finding)
    named = {finding.column for finding in found}
    for column in schema:
        what = personal.by_name(snake_case(column.name))
        if column.name not in named and what and column.kind in ("text", "category", "date", "timestamp"):
            found.append(_personal_finding(column, what, "by its name"))
    return found


def _personal_column(column: Column, values: list[str]) -> Finding | None:
    if column.kind == "integer":
        values = [value for value in values if len(value) >= 11]
    by_value = personal.by_value(values)
    if by_value:
        what, share = by_value
        return _personal_finding(column, what, f"{share:.0%} of the sampled values look so")
    return None


def _personal_finding(column: Column, what: str, why: str) -> Finding:
    return Finding(
        code="personal-data",
        severity="warning",
        column=column.name,
        text=f"`{column.name}` seems to hold {what} ({why}).",
        todo="Leave it out of the file if it is not needed, or give it the role id or ignore.",
    )
