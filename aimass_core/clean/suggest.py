"""A first recipe from what a profile found."""

from __future__ import annotations

from collections.abc import Iterable

from aimass_core.clean.recipe import MissingStep, OutlierStep, RareStep, Recipe, Step
from aimass_core.intake.profile import ColumnProfile, Profile
from aimass_core.intake.repair import DuplicateRepair, Repair, SentinelRepair, TypeRepair
from aimass_core.schema import Kind, Role

_REPAIRED: frozenset[Role] = frozenset({"feature", "protected", "time", "group"})
_FILLED: frozenset[Kind] = frozenset({"integer", "number", "boolean", "category", "date", "timestamp"})
_CAPPED: frozenset[Kind] = frozenset({"integer", "number"})


def suggest(profile: Profile) -> Recipe:
    """Return the recipe that answers a profile's findings.

    Codes for missing become missing, columns of mixed types become numbers, exact duplicates go; features
    with missing values get the median and an indicator, far outliers (3 IQR) are capped, and labels with
    less than 1 % of the rows are joined. Target, identifiers and ignored columns are left as they are.
    """
    columns = {column.name: column for column in profile.columns}
    found: dict[str, list[ColumnProfile]] = {}
    for finding in profile.findings:
        if finding.severity == "not applicable":
            continue
        listed = found.setdefault(finding.code, [])
        if finding.column in columns and columns[finding.column].role in _REPAIRED:
            listed.append(columns[finding.column])
    coded, mixed = found.get("sentinel", []), found.get("mixed-type", [])
    repairs: list[Repair] = [
        SentinelRepair(column=column.name, values=tuple(value for value, _ in column.sentinels))
        for column in coded
    ]
    repairs += [TypeRepair(column=column.name, to="number") for column in mixed]
    if "duplicate-rows" in found:
        repairs.append(DuplicateRepair())
    return Recipe(repairs=tuple(repairs), steps=tuple(_steps(profile, found, [*coded, *mixed])))


def _steps(
    profile: Profile, found: dict[str, list[ColumnProfile]], emptied: Iterable[ColumnProfile]
) -> list[Step]:
    steps: list[Step] = []
    outlying = _features(found.get("outliers", []), _CAPPED)
    if outlying:
        steps.append(OutlierStep(columns=outlying, factor=3.0, action="cap"))
    mixed = {column.name for column in found.get("mixed-type", [])}
    if any(name not in mixed for name in _features(profile.columns, frozenset({"category"}))):
        steps.append(RareStep())
    if _features([*found.get("missing", []), *emptied], _FILLED):
        steps.append(MissingStep(method="median", indicator=True))
    return steps


def _features(columns: Iterable[ColumnProfile], kinds: frozenset[Kind]) -> tuple[str, ...]:
    return tuple(c.name for c in columns if c.role == "feature" and c.kind in kinds)
