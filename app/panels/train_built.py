"""Settings that were filled in on the page, as the model they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from aimass_core.errors import SettingsError
from app import forms
from app.boundary import show_error

Settings = TypeVar("Settings", bound=BaseModel)


def built(
    model: type[Settings], values: Mapping[str, Any], labels: Mapping[str, str] | None = None
) -> Settings | None:
    """Return the settings, or None with the reason shown when a value does not fit.

    Parameters
    ----------
    labels : field → label, as on the page.
    """
    try:
        return forms.build(model, values, labels=labels)
    except SettingsError as error:
        show_error(error)
        return None
