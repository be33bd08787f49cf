"""Directions that an analyst asks of features: risk may only rise, or only fall, with a number."""

from __future__ import annotations

from collections.abc import Mapping

from aimass_core.errors import SettingsError


def directions(
    monotone: Mapping[str, str], *, names: tuple[str, ...], columns: int, categorical: tuple[int, ...]
) -> tuple[int, ...]:
    """Return +1 (up), -1 (down) or 0 (free) for each column of the matrix.

    Parameters
    ----------
    monotone : name of a number column to "up" (the risk never falls as it rises) or "down".
    names : name of each column; may be empty when `monotone` is.
    columns : how many columns the matrix has.
    categorical : columns of label codes, which have no order.

    Raises
    ------
    SettingsError
        When a name is not a column, or is a column of labels, or a direction is neither.
    """
    found = [0] * columns
    for name, direction in monotone.items():
        if name not in names:
            raise SettingsError(
                "`monotone` must name columns of the model",
                f"'{name}' is none of them",
                f"The columns are {', '.join(names)}" if names else "Give the columns names",
            )
        if direction not in ("up", "down"):
            raise SettingsError("a monotone direction is 'up' or 'down'", f"'{direction}' was given")
        j = names.index(name)
        if j in categorical:
            raise SettingsError(
                "`monotone` must name numbers",
                f"'{name}' is a category: its labels have no order",
                "Leave it out",
            )
        found[j] = 1 if direction == "up" else -1
    return tuple(found)
