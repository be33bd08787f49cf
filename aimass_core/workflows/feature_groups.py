"""Groups of features that belong together, guessed from names and roles or chosen by the analyst."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aimass_core.errors import DataError, SettingsError
from aimass_core.models.series import find_series
from aimass_core.schema import Column

MOST = 40
"""Groups that are tried at most: each is a training of its own."""
_EVERY = "*"  # stands for all columns where a setting names some
_PREFIX = re.compile(r"^([^\W\d_]{2,})[_.\- ]")
Groups = dict[str, tuple[str, ...]]


def guessed(columns: Sequence[Column]) -> Groups:
    """Return features in groups: series of months, then columns of one prefix, then protected columns.

    What is left over stands alone. When all would be one group, or more than 40 groups, features stand alone
    up to that number and the rest is one group.
    """
    names = [column.name for column in columns]
    found: Groups = {}
    for series in find_series(names):
        _add(found, series.stem, (names[position] for position in series.columns))
    taken = {name for group in found.values() for name in group}
    prefixes: dict[str, list[str]] = {}
    for name in names:
        match = _PREFIX.match(name)
        if name not in taken and match:
            prefixes.setdefault(match[1], []).append(name)
    for prefix, members in prefixes.items():
        if 1 < len(members) < len(names):
            _add(found, prefix, members)
            taken |= set(members)
    protected = [c.name for c in columns if c.role == "protected" and c.name not in taken]
    if len(protected) > 1:
        _add(found, "protected", protected)
        taken |= set(protected)
    if len(found) == 1 and len(taken) == len(names):
        found, taken = {}, set()
    alone = [name for name in names if name not in taken]
    room = MOST - len(found)
    for name in alone[:room] if len(alone) <= room else alone[: room - 1]:
        _add(found, name, (name,))
    if len(alone) > room:
        _add(found, "all others", alone[room - 1 :])
    return found


def checked(groups: Mapping[str, Sequence[str]], columns: Sequence[Column]) -> Groups:
    """Return the groups an analyst chose.

    Raises
    ------
    DataError
        When a name is not a feature of the model.
    SettingsError
        When there are none or more than 40, one is empty, or one holds all features.
    """
    known = {column.name for column in columns}
    if not 0 < len(groups) <= MOST:
        raise SettingsError(f"there must be 1 to {MOST} groups of features", f"there are {len(groups):,}")
    for name, members in groups.items():
        unknown = [member for member in members if member not in known]
        if unknown:
            raise DataError(
                f"the group '{name}' must be made of the model's features",
                ", ".join(f"`{item}`" for item in unknown[:8]) + " is none of them",
                "Choose among: " + ", ".join(f"`{item}`" for item in list(known)[:8]),
            )
        if not members or set(members) >= known:
            raise SettingsError(
                f"the group '{name}' must leave some features and take some away",
                "it is empty" if not members else "it holds all of them",
                "Change the group",
            )
    return {str(name): tuple(dict.fromkeys(members)) for name, members in groups.items()}


def without(config: Any, removed: Iterable[str], columns: Iterable[str]) -> Any:
    """Return settings without what they say of these columns (a trend, a bin edit, a series).

    A mapping is by column when all its keys are columns, a list when all its items are: those lose what is
    removed, and so do lists of settings that name their column (``{"feature": name, …}``). Other settings
    stay, even where one is called like a column.

    Parameters
    ----------
    columns : all features of the model.
    """
    gone, known = set(removed), {*columns, _EVERY}

    def kept(value: Any) -> Any:
        if isinstance(value, Mapping):
            by_column = bool(value) and set(value) <= known
            return {key: kept(item) for key, item in value.items() if not (by_column and key in gone)}
        if isinstance(value, list | tuple):
            names = all(isinstance(item, str) and item in known for item in value)
            return [kept(item) for item in value if not ((names and item in gone) or _about(item, gone))]
        return value

    return kept(config)


def _about(item: Any, names: set[str]) -> bool:
    return isinstance(item, Mapping) and any(
        isinstance(item.get(key), str) and item[key] in names for key in ("feature", "column")
    )


def _add(found: Groups, name: str, members: Iterable[str]) -> None:
    free, number = name, 1
    while free in found:
        number += 1
        free = f"{name} ({number})"
    found[free] = tuple(members)
