"""What cleaning did: cells counted by rule, and single cells before and after."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field


class RuleCount(BaseModel):
    """How much one rule changed in one column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str = Field(description="Name of the rule, as `sentinel-to-missing`.")
    column: str | None = Field(description="Column, or None for a rule about whole rows.")
    cells: int = Field(default=0, description="Cells changed.")
    rows: int = Field(default=0, description="Rows changed or dropped.")


class Change(BaseModel):
    """One cell (or one whole row) that a rule changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int = Field(description="Row number, 1 = first row of the file.")
    column: str | None = Field(description="Column, or None when the whole row is dropped.")
    before: str | None = Field(description="Value before, as text; None is missing.")
    after: str | None = Field(description="Value after, as text; None is missing.")
    rule: str = Field(description="Name of the rule.")


def merged(counts: Iterable[RuleCount]) -> tuple[RuleCount, ...]:
    """Add up counts of the same rule in the same column, in the order they first came."""
    found: dict[tuple[str, str | None], RuleCount] = {}
    for count in counts:
        key = (count.rule, count.column)
        known = found.get(key)
        found[key] = count if known is None else _sum(known, count)
    return tuple(found.values())


def _sum(a: RuleCount, b: RuleCount) -> RuleCount:
    return RuleCount(rule=a.rule, column=a.column, cells=a.cells + b.cells, rows=a.rows + b.rows)
