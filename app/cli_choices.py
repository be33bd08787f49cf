"""What the options of `aimass train` say of settings, search and time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aimass_core.errors import NotFoundError, SettingsError


def config(text: str | None, changes: list[str]) -> dict[str, Any]:
    """Return the settings of the family: a JSON object or a file with one, then each `name=value`.

    Raises
    ------
    SettingsError
        When a text is neither.
    NotFoundError
        When the file is not there.
    """
    return {**_object(text), **dict(_change(item) for item in changes)}


def search(
    *, wanted: bool, budget: float | None, trials: int | None, by: str | None, folds: int | None
) -> dict[str, Any] | None:
    """Return the search that is asked for, as the fields that are given; None for no search."""
    given = {"budget_seconds": budget, "trials": trials, "by": by, "folds": folds}
    found = {name: value for name, value in given.items() if value is not None}
    named = [name for name in found if name != "budget_seconds"]
    if named and not wanted:
        raise SettingsError(
            "settings of a search need the search itself",
            "only " + ", ".join(f"--search-{name}" for name in named) + " was given",
            "Add --search",
        )
    return found if wanted else None


def with_budget(family: str, settings: dict[str, Any], budget: float | None) -> dict[str, Any]:
    """Return the family's settings with the time there is, where no search takes it.

    Raises
    ------
    SettingsError
        When the family takes the time it takes.
    """
    from aimass_core.models import catalog

    if budget is None:
        return settings
    if "budget_seconds" not in catalog.family(family).config.model_fields:
        raise SettingsError(
            "a budget needs something that can use it",
            f"`{family}` trains once, as long as it takes",
            "Add --search, or choose --family auto",
        )
    return {**settings, "budget_seconds": budget}


def _object(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    content = text
    if not text.lstrip().startswith("{"):
        path = Path(text)
        if not path.is_file():
            raise NotFoundError("--config must be a JSON object, or a file with one", f"`{text}` is neither")
        content = path.read_text("utf-8")
    try:
        found = json.loads(content)
    except ValueError as error:
        raise SettingsError("--config must be JSON", str(error), 'For example {"trees": 300}') from error
    if not isinstance(found, dict):
        raise SettingsError("--config must be a JSON object", f"it is a {type(found).__name__}")
    return found


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise SettingsError("a setting of the family must be name=value", f"came '{text}'", "")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value
