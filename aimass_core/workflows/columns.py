"""Which columns of a data set version a training may use, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aimass_core.errors import DataError, SettingsError
from aimass_core.models import catalog
from aimass_core.split import SplitConfig

if TYPE_CHECKING:
    from aimass_core.schema import Column
    from aimass_core.workflows.training import TrainingSpec
    from aimass_core.workspace.datasets import Version

_NEVER: dict[str, str] = {
    "id": "it identifies rows",
    "time": "it orders rows",
    "group": "it groups rows",
    "target": "it is the target",
    "ignore": "its role is `ignore`",
}


def target_name(version: Version, named: str | None) -> str:
    """Return the target: the named column, or the one with that role.

    Raises
    ------
    SettingsError
        When there is none.
    DataError
        When the column cannot be a target.
    """
    if named is None:
        column = version.schema.target
        if column is None:
            raise SettingsError(
                "a model needs a target", f"`{version.ref}` has none", "Give one column the role `target`"
            )
        return column.name
    column = version.schema.column(named)
    if column.kind in ("text", "date", "timestamp"):
        raise DataError(
            f"target `{named}` must be a category or a number",
            f"it is a {column.kind}" if column.kind != "text" else "it is free text",
            "Choose another target, or change its type in Clean",
        )
    return named


def complete_split(version: Version, split: SplitConfig) -> SplitConfig:
    """Return the division with its column filled in from the roles.

    Raises
    ------
    SettingsError
        When it needs a column and there is none that fits.
    """
    if split.method == "time":
        name = split.time_column or next((c.name for c in version.schema.by_role("time")), None)
        if name is None:
            raise SettingsError(
                "dividing by time needs a time column",
                f"`{version.ref}` has no column with the role `time`",
                "Name a column, or divide at random",
            )
        column = version.schema.column(name)
        if column.kind not in ("date", "timestamp", "integer", "number"):
            raise SettingsError(
                f"`{name}` must be a date or a number to divide by time",
                f"it is a {column.kind}",
                "Choose another column, or change its type in Clean",
            )
        return split.model_copy(update={"time_column": name, "group_column": None})
    if split.method == "group":
        name = split.group_column or next((c.name for c in version.schema.by_role("group")), None)
        if name is None:
            raise SettingsError(
                "dividing by group needs a group column",
                f"`{version.ref}` has no column with the role `group`",
                "Name a column, or divide at random",
            )
        version.schema.column(name)
        return split.model_copy(update={"group_column": name, "time_column": None})
    return split.model_copy(update={"time_column": None, "group_column": None})


def checked_domain(version: Version, spec: TrainingSpec, target: str | None) -> str | None:
    """Return the domain column of a spec.

    Raises
    ------
    SettingsError
        When the family cannot use one, or it is the target.
    """
    if spec.domain is None:
        return None
    able = [key for key, family in catalog.FAMILIES.items() if "domain_weight" in family.config.model_fields]
    if spec.family not in able:
        raise SettingsError(
            f"only {listed(able, '`')} can be made blind to a domain",
            f"the family is `{spec.family}`",
            "Choose such a family, or no domain",
        )
    version.schema.column(spec.domain)
    if spec.domain == target:
        raise SettingsError("the domain must not be the target", f"both are `{target}`", "Choose another")
    return spec.domain


def features(
    version: Version, spec: TrainingSpec, target: str | None, domain: str | None
) -> tuple[tuple[Column, ...], list[str]]:
    """Return the columns to learn from, in file order, and notes on what was left out.

    Identifiers, times, groups, free text, ignored columns and the target are never learnt from; protected
    columns only when the spec allows it.

    Raises
    ------
    SettingsError
        When a named feature must not be one.
    DataError
        When a named feature does not exist, or none is left.
    """
    notes: list[str] = []
    if spec.features is None:
        roles = ("feature", "protected") if spec.allow_protected else ("feature",)
        chosen = [c for c in version.schema.by_role(*roles) if c.name not in (target, domain)]
        text = [c.name for c in chosen if c.kind == "text"]
        if text:
            notes.append(f"Free text is not learnt from: {listed(text, '`')}.")
        kept = tuple(c for c in chosen if c.kind != "text")
    else:
        kept = tuple(c for c in version.schema if c.name in _checked(version, spec, target, domain))
    if not kept:
        raise DataError(
            "a model needs at least one feature",
            f"`{version.ref}` has none left",
            "Give some columns the role `feature`",
        )
    protected = [c.name for c in kept if c.role == "protected"]
    if protected:
        notes.append(f"Protected columns are learnt from, on the record: {listed(protected, '`')}.")
    return kept, notes


def _checked(version: Version, spec: TrainingSpec, target: str | None, domain: str | None) -> set[str]:
    for name in spec.features or ():
        column = version.schema.column(name)
        why = _NEVER.get("target" if name == target else column.role)
        if name == domain:
            why = "the model is to be blind to it"
        if column.kind == "text":
            why = "it is free text"
        if column.role == "protected" and not spec.allow_protected:
            why = "it is protected, and learning from protected columns was not allowed"
        if why:
            raise SettingsError(
                f"`{name}` must not be a feature", why, "Take it out of the features, or change its role"
            )
    return set(spec.features or ())


def listed(names: Sequence[str], mark: str = "'") -> str:
    """Return names in quotes, at most eight of them."""
    shown = ", ".join(f"{mark}{name}{mark}" for name in names[:8])
    return shown + (", …" if len(names) > 8 else "")
