"""Columns, their kinds and their roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError, SettingsError

Kind = Literal["integer", "number", "boolean", "category", "date", "timestamp", "text"]
Role = Literal["id", "target", "time", "group", "feature", "protected", "ignore"]

NUMERIC: frozenset[Kind] = frozenset({"integer", "number", "boolean"})
TEMPORAL: frozenset[Kind] = frozenset({"date", "timestamp"})
ROW_ID = "_row"
"""Name of the column that numbers the rows of a data set (1 = first row of the file)."""


class Column(BaseModel):
    """One column: its name as in the file, its kind and its role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name as in the file.")
    kind: Kind = Field(description="`text` is free text, `category` a small set of labels.")
    role: Role = Field(default="feature", description="What the column is used for.")
    note: str = Field(default="", description="Why the role was guessed, or what the analyst wrote.")


class Schema(BaseModel):
    """The columns of a data set, in file order, without the row number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[Column, ...] = Field(description="Columns in file order.")

    def __iter__(self) -> Iterator[Column]:  # type: ignore[override]
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)

    @property
    def target(self) -> Column | None:
        """The target, or None while none is named."""
        return next((column for column in self.columns if column.role == "target"), None)

    def by_role(self, *roles: Role) -> tuple[Column, ...]:
        """Columns with any of these roles, in file order."""
        return tuple(column for column in self.columns if column.role in roles)

    def column(self, name: str) -> Column:
        """Return the column of that name.

        Raises
        ------
        DataError
            When there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        known = ", ".join(f"`{n}`" for n in self.names[:8]) + (", …" if len(self) > 8 else "")
        raise DataError(f"column `{name}` must be in the data", f"the columns are {known}")

    def with_roles(self, roles: Mapping[str, Role]) -> Schema:
        """Return a copy with these roles changed.

        Raises
        ------
        DataError
            When a name is not a column.
        SettingsError
            When the result has more than one target or more than one time column.
        """
        for name in roles:
            self.column(name)
        changed = Schema(
            columns=tuple(
                column.model_copy(update={"role": roles.get(column.name, column.role)})
                for column in self.columns
            )
        )
        for role in ("target", "time"):
            holders = changed.by_role(role)
            if len(holders) > 1:
                raise SettingsError(
                    f"at most one column can have the role `{role}`",
                    "given to " + " and ".join(f"`{c.name}`" for c in holders),
                    "Choose one and set the others to `feature` or `ignore`",
                )
        return changed
