"""What may change in a row when one asks what would turn its outcome: rules by column, and linked columns."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aimass_core.errors import SettingsError
from aimass_core.models.series import find_series
from aimass_core.schema import NUMERIC, TEMPORAL, Column

May = Literal["free", "up", "down", "immutable"]
LinkKind = Literal["shift", "ratio"]

CLOSE = 1e-5
"""Relative difference up to which shifts and ratios count as equal: ratios keep six significant digits."""
_PAST = re.compile(
    r"(.*_)?(birth|born)(_.*)?|(.*_)?(age|sex|gender|date|time|timestamp)|(date|dob|yob)(_.*)?"
)


class Rule(BaseModel):
    """How one column may change. Limits hold for changed values; a value that stays may lie beyond them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str = Field(description="Name of the column.")
    may: May = Field(default="free", description="Which way its value may change, if at all.")
    whole: bool = Field(default=False, description="Changed values are whole numbers.")
    low: float | None = Field(default=None, allow_inf_nan=False, description="Smallest value to change to.")
    high: float | None = Field(default=None, allow_inf_nan=False, description="Largest value to change to.")
    fill: bool = Field(default=False, description="A missing value may become a known one.")
    why: str = Field(default="", max_length=500, description="Why this rule holds.")

    @model_validator(mode="after")
    def _ordered(self) -> Rule:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the smallest value must not be above the largest; they are of `{self.column}`")
        return self

    def broken(self, before: float | None, after: float | None) -> str | None:
        """Return in words how a change of a value breaks the rule, None when it does not; None is missing."""
        if before == after:
            return None
        if self.may == "immutable":
            return f"`{self.column}` may not change"
        if after is None:
            return f"`{self.column}` may not become missing"
        if before is None:
            if not self.fill:
                return f"`{self.column}` is missing and must stay so"
        elif (self.may == "up" and after < before) or (self.may == "down" and after > before):
            return f"`{self.column}` may only go {self.may}"
        if self.whole and not float(after).is_integer():
            return f"`{self.column}` must be a whole number"
        if (self.low is not None and after < self.low) or (self.high is not None and after > self.high):
            return f"`{self.column}` must stay within its limits"
        return None


class Link(BaseModel):
    """Columns of numbers that change only together.

    `shift`: all by the same amount (a limit and a balance that grow alike). `ratio`: all by the same factor
    (an amount and its instalment). Missing values stay missing; a zero stays zero under the same factor. With
    whole numbers the factor holds up to rounding.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] = Field(min_length=2, description="Columns that move together.")
    kind: LinkKind = Field(default="shift", description="By the same amount, or by the same factor.")

    @model_validator(mode="after")
    def _distinct(self) -> Link:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column can be linked to others only, not to itself")
        return self


class ChangeRules(BaseModel):
    """Rules by column, and columns that are linked. A column without a rule is free."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Rule, ...] = Field(default=(), description="At most one for each column.")
    links: tuple[Link, ...] = Field(default=(), description="A column is in at most one.")

    @model_validator(mode="after")
    def _once(self) -> ChangeRules:
        for what, names in (
            ("have one rule", [rule.column for rule in self.rules]),
            ("be in one link", [name for link in self.links for name in link.columns]),
        ):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"a column can {what} only; `{twice}` has more")
        return self

    def of(self, column: str) -> Rule:
        """Return the rule of a column."""
        return next((rule for rule in self.rules if rule.column == column), Rule(column=column))

    def over(self, defaults: ChangeRules) -> ChangeRules:
        """Return these rules, and the default ones of columns that these say nothing of."""
        said = {rule.column for rule in self.rules}
        others = tuple(rule for rule in defaults.rules if rule.column not in said)
        return ChangeRules(rules=(*self.rules, *others), links=self.links)

    def within(self, columns: Sequence[Column]) -> ChangeRules:
        """Return what of the rules concerns these columns; a link needs all of its columns that are there."""
        names = {column.name for column in columns}
        kept = [
            Link(columns=left, kind=link.kind)
            for link in self.links
            if len(left := tuple(name for name in link.columns if name in names)) > 1
        ]
        return ChangeRules(
            rules=tuple(rule for rule in self.rules if rule.column in names), links=tuple(kept)
        )

    def checked(self, columns: Sequence[Column]) -> ChangeRules:
        """Return the rules when they fit the kinds of these columns.

        Raises
        ------
        SettingsError
            When a column is not there, or a rule or link does not fit its kind; names it.
        """
        kinds = {column.name: column.kind for column in columns}
        linked = [name for link in self.links for name in link.columns]
        for name in [*(rule.column for rule in self.rules), *linked]:
            if name not in kinds:
                raise SettingsError(
                    f"`{name}` must be a column of the data set", "it is not", "Leave its rule out"
                )
        for rule in self.rules:
            ordered = (
                rule.may in ("up", "down") or rule.whole or rule.low is not None or rule.high is not None
            )
            if ordered and kinds[rule.column] not in NUMERIC | TEMPORAL:
                raise SettingsError(
                    f"only numbers and dates can go up or down, be whole or have limits; `{rule.column}` is "
                    f"of kind {kinds[rule.column]}",
                    f"its rule is '{rule.may}'",
                    "Set it to free or immutable, without limits",
                )
        for name in linked:
            if kinds[name] not in ("integer", "number"):
                raise SettingsError(
                    f"linked columns must be numbers; `{name}` is of kind {kinds[name]}",
                    "",
                    "Link other columns",
                )
        return self

    def broken(self, before: Mapping[str, float | None], after: Mapping[str, float | None]) -> list[str]:
        """Return in words every rule and link that a change breaks; labels count as their codes.

        Parameters
        ----------
        before, after : values of all columns, None where missing.
        """
        found = [
            text
            for name, old in before.items()
            if (text := self.of(name).broken(old, after[name])) is not None
        ]
        for link in self.links:
            if not self._kept(link, before, after):
                found.append(" and ".join(f"`{name}`" for name in link.columns) + " must change together")
        return found

    def _kept(
        self, link: Link, before: Mapping[str, float | None], after: Mapping[str, float | None]
    ) -> bool:
        low, high = -math.inf, math.inf
        for name in link.columns:
            old, new = before.get(name), after.get(name)
            if old is None or new is None:
                if old != new:
                    return False
                continue
            slack = 0.5 if self.of(name).whole else 0.0
            if link.kind == "shift":
                slack = CLOSE * max(1.0, abs(old))
                low, high = max(low, new - old - slack), min(high, new - old + slack)
            elif old == 0:
                if new != 0:
                    return False
            else:
                slack = max(slack, CLOSE * abs(new)) / abs(old)
                low, high = max(low, new / old - slack), min(high, new / old + slack)
        return low <= high


def default_rules(columns: Sequence[Column], *, protected: Sequence[str] = ()) -> ChangeRules:
    """Return rules guessed from what columns are and are called; somebody who knows them may set others.

    Fixed: whatever is no feature, protected columns and those whose names say a protected characteristic
    (age, sex, marital status …), dates and times. Numbers that are whole in the data stay whole. A known
    value never becomes missing, and a missing one stays missing unless somebody allows to fill it.

    Monthly histories (`PAY_0, PAY_2 … PAY_6`) stay free: each new month takes the place of the oldest, so an
    applicant changes them by waiting, even though no single past month can be changed. Their rules say so.
    """
    from aimass_core.intake.roles import protected_by_name, snake_case

    series = find_series([column.name for column in columns])
    months = {columns[j].name for found in series for j in found.columns}
    made = []
    for column in columns:
        what = protected_by_name(column.name)
        whole = column.kind in ("integer", "boolean", "date")
        may: May = "immutable"
        if column.role not in ("feature", "protected"):
            why = f"its role is {column.role}"
        elif column.role == "protected" or column.name in protected or what is not None:
            why = f"a protected characteristic{f': {what}' if what else ''}"
        elif column.kind in TEMPORAL or _PAST.fullmatch(snake_case(column.name)):
            why = "a moment of the past"
        else:
            may = "free"
            why = "a month of a history: it changes as months go by" if column.name in months else ""
        made.append(Rule(column=column.name, may=may, whole=whole, why=why))
    return ChangeRules(rules=tuple(made))
