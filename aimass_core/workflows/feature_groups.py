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


def without(config: Any, removed: Iterable[str]) -> Any:
    """Return settings without what they say of these columns (a trend, a bin edit, a series).

    A mapping loses the keys that are such names, a list the items that are, or that are about one
    (``{"feature": name, …}``).
    """
    names = set(removed)
    if isinstance(config, Mapping):
        return {key: without(value, names) for key, value in config.items() if key not in names}
    if isinstance(config, list | tuple):
        return [without(item, names) for item in config if not _about(item, names)]
    return config


def _about(item: Any, names: set[str]) -> bool:
    if isinstance(item, str):
        return item in names
    if isinstance(item, Mapping):
        return any(item.get(key) in names for key in ("column", "feature", "name") if _text(item.get(key)))
    return False


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _add(found: Groups, name: str, members: Iterable[str]) -> None:
    free, number = name, 1
    while free in found:
        number += 1
        free = f"{name} ({number})"
    found[free] = tuple(members)
