"""A first recipe from what a profile found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from aimass_core.clean.recipe import MissingStep, OutlierStep, RareStep, Recipe, Step
from aimass_core.intake.repair import DuplicateRepair, Repair, SentinelRepair, TypeRepair
from aimass_core.schema import Kind, Role

_CLEANED: frozenset[Role] = frozenset({"feature", "protected"})


class FoundColumn(Protocol):
    """What a suggestion needs to know of a column's profile."""

    @property
    def name(self) -> str:
        """Name of the column."""

    @property
    def kind(self) -> Kind:
        """Type of the column."""

    @property
    def role(self) -> Role:
        """What the column is for."""

    @property
    def sentinels(self) -> Sequence[tuple[str, int]]:
        """Codes that seem to mean missing, with their counts."""


class Found(Protocol):
    """What a suggestion needs to know of a finding."""

    @property
    def code(self) -> str:
        """Code of the finding, as `missing`."""

    @property
    def column(self) -> str | None:
        """Column it is about, None for the whole table."""

    @property
    def severity(self) -> str:
        """How bad it is; `not applicable` when the check could not run."""


def suggest(columns: Iterable[FoundColumn], findings: Iterable[Found]) -> Recipe:
    """Return the recipe that answers these findings.

    Codes for missing become missing, columns of mixed types become numbers, exact duplicates go; features
    with missing values get the median and an indicator, far outliers (3 IQR) are capped, and labels with
    less than 1 % of the rows are joined. Identifiers, target and ignored columns get repairs only.
    """
    known = {column.name: column for column in columns}
    codes = [(item.code, item.column) for item in findings if item.severity != "not applicable"]
    found = {code: [known[name] for c, name in codes if c == code and name in known] for code, _ in codes}
    repairs: list[Repair] = []
    for column in found.get("sentinel", []):
        values = tuple(_value(text, column.kind) for text, _ in column.sentinels)
        if values:
            repairs.append(SentinelRepair(column=column.name, values=values))
    repairs += [TypeRepair(column=column.name, to="number") for column in found.get("mixed-type", [])]
    if "duplicate-rows" in found:
        repairs.append(DuplicateRepair())
    steps: list[Step] = []
    outlying = _features(found.get("outliers", []), {"integer", "number"})
    if outlying:
        steps.append(OutlierStep(columns=outlying, factor=3.0, action="cap"))
    if any(column.kind == "category" and column.role in _CLEANED for column in known.values()):
        steps.append(RareStep())
    missing = [*found.get("missing", []), *found.get("sentinel", []), *found.get("mixed-type", [])]
    if _features(missing, {"integer", "number", "boolean", "category", "date", "timestamp"}):
        steps.append(MissingStep(method="median", indicator=True))
    return Recipe(repairs=tuple(repairs), steps=tuple(steps))


def _value(text: str, kind: Kind) -> str | float:
    return float(text) if kind in ("integer", "number") else text


def _features(columns: Iterable[FoundColumn], kinds: set[Kind]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c.name for c in columns if c.role == "feature" and c.kind in kinds))
