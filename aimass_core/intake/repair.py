"""Repairs that learn nothing from the data, the same for a table and for a row to score."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from aimass_core.errors import SettingsError
from aimass_core.intake import repair_frame, repair_table
from aimass_core.intake.change import Change, RuleCount
from aimass_core.intake.repair_sql import (
    NUMBERS,
    SQL_TYPES,
    TEXTS,
    CellRule,
    DuplicateRule,
    Rule,
    as_number,
    converted,
    literal,
    matches,
    number_literal,
)
from aimass_core.intake.suspects import Suspects
from aimass_core.schema import TEMPORAL, Kind, Schema

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


class _Repair(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def rules(self, schema: Schema) -> tuple[CellRule, ...]:
        """Return what this repair does to cells, given the columns as they are before it.

        Raises
        ------
        DataError
            When a column is not in the data.
        SettingsError
            When the repair does not fit the kind of the column.
        """
        raise NotImplementedError

    def schema_after(self, schema: Schema) -> Schema:
        """Return the columns as they are after this repair."""
        return schema


class SentinelRepair(_Repair):
    """Codes that stand for "missing" (-999, "?", "N/A") become missing."""

    kind: Literal["sentinel"] = "sentinel"
    column: str = Field(description="Column to repair.")
    values: tuple[str | float, ...] = Field(
        min_length=1, description="Codes that mean missing; text is compared without blanks around it."
    )

    def rules(self, schema: Schema) -> tuple[CellRule, ...]:
        kind = schema.column(self.column).kind
        found = partial(matches, kind=kind, values=self.values)
        return (
            CellRule(
                "sentinel-to-missing",
                self.column,
                kind,
                lambda x: f"CASE WHEN {found(x)} THEN NULL ELSE {x} END",
            ),
        )


class RangeRepair(_Repair):
    """Impossible values, outside a range, become missing."""

    kind: Literal["range"] = "range"
    column: str = Field(description="Column of numbers or dates.")
    low: float | dt.date | None = Field(default=None, description="Smallest possible value; none if empty.")
    high: float | dt.date | None = Field(default=None, description="Largest possible value; none if empty.")

    @model_validator(mode="after")
    def _ordered(self) -> RangeRepair:
        if self.low is None and self.high is None:
            raise ValueError("a range needs a smallest or a largest value")
        if isinstance(self.low, float) and isinstance(self.high, float) and not self.low <= self.high:
            raise ValueError("the smallest value must not be above the largest")
        if isinstance(self.low, dt.date) and isinstance(self.high, dt.date) and self.low > self.high:
            raise ValueError("the smallest value must not be after the largest")
        return self

    def rules(self, schema: Schema) -> tuple[CellRule, ...]:
        kind = schema.column(self.column).kind
        tests = [("<", self._bound(self.low, kind)), (">", self._bound(self.high, kind))]

        def after(x: str) -> str:
            outside = " OR ".join(f"{x} {sign} {bound}" for sign, bound in tests if bound)
            return f"CASE WHEN {outside} THEN NULL ELSE {x} END"

        return (CellRule("out-of-range", self.column, kind, after),)

    def _bound(self, value: float | dt.date | None, kind: Kind) -> str | None:
        if value is None:
            return None
        if kind in NUMBERS and isinstance(value, float):
            return number_literal(value)
        if kind in TEMPORAL and isinstance(value, dt.date):
            # the last day of a range of times is a whole day
            last = kind == "timestamp" and value is self.high
            text = f"{value.isoformat()} 23:59:59.999999" if last else value.isoformat()
            return f"CAST('{text}' AS {SQL_TYPES[kind]})"
        wanted = {"integer": "numbers", "number": "numbers", "date": "dates", "timestamp": "dates"}.get(kind)
        raise SettingsError(
            f"a range of `{self.column}` must be given in {wanted}"
            if wanted
            else f"a range needs numbers or dates in `{self.column}`",
            f"{value} came" if wanted else f"its type is {kind}",
            "Change the bounds" if wanted else "Change its type first",
        )


class TypeRepair(_Repair):
    """A column of the wrong type gets the right one; what cannot be converted becomes missing."""

    kind: Literal["type"] = "type"
    column: str = Field(description="Column to convert.")
    to: Kind = Field(
        description="Type to have. Text to number understands 1,234.5, $ € £ ¥ and % (12% becomes 12)."
    )
    format: str | None = Field(
        default=None,
        pattern=r"^([^%]|%-?[aAwdbBmyYHIpMSgfzZjUWcxX]|%%)+$",
        description="Pattern of dates in text, as %d/%m/%Y; empty tries unambiguous ones.",
    )
    was: Kind | None = Field(default=None, description="Type before; filled in when the repair is applied.")

    def rules(self, schema: Schema) -> tuple[CellRule, ...]:
        before = schema.column(self.column).kind
        after = partial(converted, before=before, to=self.to, loose=True, pattern=self.format)
        return (CellRule("not-convertible", self.column, self.to, after, only_lost=True),)

    def schema_after(self, schema: Schema) -> Schema:
        return with_kind(schema, self.column, self.to)


class LabelRepair(_Repair):
    """Labels are replaced by others: typos, spellings, codes."""

    kind: Literal["label"] = "label"
    column: str = Field(description="Column to relabel.")
    mapping: dict[str, str] = Field(min_length=1, description="Label as it is → label as it should be.")

    def rules(self, schema: Schema) -> tuple[CellRule, ...]:
        kind = schema.column(self.column).kind
        pairs = [(self._value(old, kind), self._value(new, kind)) for old, new in self.mapping.items()]

        def after(x: str) -> str:
            cases = " ".join(f"WHEN {old} THEN {new}" for old, new in pairs)
            return f"CAST(CASE {x} {cases} ELSE {x} END AS {SQL_TYPES[kind]})"

        return (CellRule("relabelled", self.column, kind, after),)

    def _value(self, text: str, kind: Kind) -> str:
        if kind in TEXTS:
            return literal(text)
        value = as_number(text)
        if kind in NUMBERS and value is not None and (kind == "number" or value.is_integer()):
            return str(int(value)) if kind == "integer" else number_literal(value)
        raise SettingsError(
            f"labels of `{self.column}` must be of its type ({kind})",
            f"'{text}' came",
            "Change the label, or the column's type first",
        )


class TrimRepair(_Repair):
    """White space around text goes, runs of it inside become one blank; nothing left is missing."""

    kind: Literal["trim"] = "trim"
    columns: tuple[str, ...] | None = Field(default=None, description="Columns; empty means all with text.")
    case: Literal["keep", "lower", "upper"] = Field(
        default="keep", description="Letters to make all labels of."
    )

    def rules(self, schema: Schema) -> tuple[CellRule, ...]:
        chosen = (
            [column for column in schema if column.kind in TEXTS]
            if self.columns is None
            else [schema.column(name) for name in self.columns]
        )
        for column in chosen:
            if column.kind not in TEXTS:
                raise SettingsError(
                    f"`{column.name}` must be text to be trimmed",
                    f"its type is {column.kind}",
                    "Leave it out of the repair",
                )
        return tuple(CellRule("trimmed", column.name, column.kind, self._after) for column in chosen)

    def _after(self, x: str) -> str:
        blanks = f"regexp_replace(replace({x}, chr(160), ' '), '\\s+', ' ', 'g')"
        # few cells have anything to trim, and the test for it is far cheaper than the regular expression
        clean = f"length({x}) > 0 AND NOT regexp_matches({x}, '^\\s|\\s\\s|\\s$|[\\t\\n\\r\\f\\v\\x{{A0}}]')"
        tidy = f"CASE WHEN {clean} THEN {x} ELSE nullif(trim({blanks}), '') END"
        return tidy if self.case == "keep" else f"{self.case}({tidy})"


class DuplicateRepair(_Repair):
    """Rows that repeat an earlier one are dropped (never from rows to be scored)."""

    kind: Literal["duplicates"] = "duplicates"
    columns: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Columns that must be equal; empty means all."
    )

    def rules(self, schema: Schema) -> tuple[CellRule, ...]:
        for name in self.columns or ():
            schema.column(name)
        return ()


Repair = Annotated[
    SentinelRepair | RangeRepair | TypeRepair | LabelRepair | TrimRepair | DuplicateRepair,
    Field(discriminator="kind"),
]
"""Any repair; as JSON its `kind` says which."""

_MANY: TypeAdapter[tuple[Repair, ...]] = TypeAdapter(tuple[Repair, ...])


def from_json(items: Sequence[dict[str, Any]]) -> tuple[Repair, ...]:
    """Read repairs as a data set version keeps them."""
    return _MANY.validate_python(tuple(items))


def to_json(repairs: Sequence[Repair]) -> tuple[dict[str, Any], ...]:
    """Return repairs as JSON objects."""
    return tuple(repair.model_dump(mode="json") for repair in repairs)


def with_kind(schema: Schema, name: str, kind: Kind) -> Schema:
    """Return the columns with one of them of another kind."""
    return Schema(
        columns=tuple(
            column.model_copy(update={"kind": kind}) if column.name == name else column for column in schema
        )
    )


def recorded(repairs: Sequence[Repair], schema: Schema) -> tuple[Repair, ...]:
    """Return the repairs with the type that each changed column had before, as versions keep them."""
    done: list[Repair] = []
    for repair in repairs:
        if isinstance(repair, TypeRepair):
            repair = repair.model_copy(update={"was": schema.column(repair.column).kind})
        done.append(repair)
        schema = repair.schema_after(schema)
    return tuple(done)


def input_schema(schema: Schema, repairs: Sequence[Repair]) -> Schema:
    """Return the columns as they were before these (recorded) repairs: the kinds a raw row has."""
    for repair in reversed(repairs):
        if isinstance(repair, TypeRepair) and repair.was is not None and repair.column in schema:
            schema = with_kind(schema, repair.column, repair.was)
    return schema


def schema_after(repairs: Sequence[Repair], schema: Schema) -> Schema:
    """Return the columns as they are after these repairs.

    Raises
    ------
    DataError, SettingsError
        When a repair does not fit the columns.
    """
    return every_rule(repairs, schema)[1]


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What applying repairs made: rows and columns of the new table, changes by rule in the order of the
    repairs, and the repairs with the types that columns had before, as a version keeps them."""

    rows: int
    schema: Schema
    counts: tuple[RuleCount, ...]
    repairs: tuple[Repair, ...]


def apply(
    cursor: duckdb.DuckDBPyConnection,
    source_table: str,
    target_table: str,
    repairs: Sequence[Repair],
    schema: Schema,
) -> RepairResult:
    """Write the repaired rows of one table as another; rows keep their numbers.

    Parameters
    ----------
    source_table, target_table : quoted and qualified names; the target must not exist
    repairs : in the order they are to be done
    schema : columns of the source

    Raises
    ------
    DataError, SettingsError
        When a repair does not fit the columns.
    """
    rules, after = every_rule(repairs, schema)
    rows, counts = repair_table.written(cursor, source_table, target_table, rules, schema, after)
    return RepairResult(rows=rows, schema=after, counts=counts, repairs=recorded(repairs, schema))


def preview(
    cursor: duckdb.DuckDBPyConnection,
    source_table: str,
    repairs: Sequence[Repair],
    schema: Schema,
    *,
    limit: int = 100,
    suspects: Suspects | None = None,
) -> tuple[tuple[RuleCount, ...], list[Change]]:
    """Count on all rows what each rule would change, and show up to `limit` changes.

    Parameters
    ----------
    suspects : rows of this table that may be duplicates, where they are known

    Raises
    ------
    DataError, SettingsError
        When a repair does not fit the columns.
    """
    rules, _ = every_rule(repairs, schema)
    return repair_table.shown(cursor, source_table, rules, schema, limit=limit, suspects=suspects)


def apply_to_frame(
    frame: pd.DataFrame, repairs: Sequence[Repair], schema: Schema
) -> tuple[pd.DataFrame, tuple[RuleCount, ...]]:
    """Type and repair raw rows by the same SQL as a table; no row is dropped or moved.

    Columns that are not in the schema are left out (`_row` stays), repairs of such columns too. Safe in
    threads.

    Parameters
    ----------
    frame : raw rows; a column may come as text where its type is another
    repairs : as a data set version keeps them
    schema : columns of the version, before or after its repairs

    Returns
    -------
    frame, counts
        Repaired rows with the index they came with; cells changed by rule.

    Raises
    ------
    DataError
        When a column is absent, or a value is not of its type and no repair makes it missing.
    """
    raw = input_schema(schema, repairs)
    fitting = [fit for repair in repairs if (fit := _within(repair, raw)) is not None]
    rules, after = every_rule(fitting, raw)
    sentinels: dict[str, tuple[str | float, ...]] = {}
    for repair in fitting:
        if isinstance(repair, SentinelRepair):
            sentinels[repair.column] = sentinels.get(repair.column, ()) + repair.values
    cells = [rule for rule in rules if isinstance(rule, CellRule)]
    return repair_frame.repaired(frame, cells, raw, after, sentinels=sentinels)


def _within(repair: Repair, schema: Schema) -> Repair | None:
    """Return what of a repair concerns these columns, None when nothing does."""
    if isinstance(repair, DuplicateRepair):
        return None
    if not isinstance(repair, TrimRepair):
        return repair if repair.column in schema else None
    if repair.columns is None:
        return repair
    names = tuple(name for name in repair.columns if name in schema)
    return repair.model_copy(update={"columns": names}) if names else None


def every_rule(repairs: Sequence[Repair], schema: Schema) -> tuple[list[Rule], Schema]:
    """Return what these repairs do, in order, and the columns as they are after them."""
    rules: list[Rule] = []
    for repair in repairs:
        rules += repair.rules(schema)
        if isinstance(repair, DuplicateRepair):
            rules.append(DuplicateRule(repair.columns or schema.names))
        schema = repair.schema_after(schema)
    return rules, schema
