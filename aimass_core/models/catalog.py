"""The model families and how to build, load and estimate them.

A family is known by its card: a module of :mod:`aimass_core.models.families` that sets `FAMILY`.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.models import families as cards
from aimass_core.models.family import Family
from aimass_core.settings import Device

if TYPE_CHECKING:
    from aimass_core.models.base import BinaryClassifier
    from aimass_core.models.estimate import Estimate


def _read_cards() -> dict[str, Family]:
    names = sorted(module.name for module in pkgutil.iter_modules(cards.__path__))
    found = [importlib.import_module(f"{cards.__name__}.{name}").FAMILY for name in names]
    return {family.key: family for family in sorted(found, key=lambda family: (family.order, family.key))}


FAMILIES: dict[str, Family] = _read_cards()
"""All families by key, in the order of lists. Cards are light: no estimator is imported."""


def family(key: str) -> Family:
    """Return the family of that key.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    if key not in FAMILIES:
        raise NotFoundError(
            "the model family must be one of " + ", ".join(FAMILIES),
            f"'{key}' was given",
            "Choose one of them",
        )
    return FAMILIES[key]


def check_config(key: str, config: BaseModel | dict[str, Any]) -> BaseModel:
    """Return the family's full, validated settings.

    Raises
    ------
    SettingsError
        When a setting is unknown or out of range; names the first.
    """
    wanted = family(key).config
    if isinstance(config, wanted):
        return config
    values = config.model_dump() if isinstance(config, BaseModel) else config
    try:
        return wanted.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the settings"
        known = ", ".join(wanted.model_fields)
        raise SettingsError(
            f"`{name}` of the {family(key).title} settings must be valid",
            f"{first['msg']} (given: {first.get('input')!r})",
            f"The settings are {known}",
        ) from error


def build(
    key: str,
    config: BaseModel | dict[str, Any],
    *,
    categorical: tuple[int, ...] = (),
    names: tuple[str, ...] = (),
    device: Device = "auto",
    seed: int = 0,
) -> BinaryClassifier:
    """Return an unfitted estimator of a family.

    Parameters
    ----------
    config : the family's settings, as its config model or as a dict of the ones that differ from the default.
    categorical : columns of the matrix that hold label codes.
    names : name of each column of the matrix, for settings that speak of columns; empty: unnamed.

    Raises
    ------
    NotFoundError
        When there is no such family.
    SettingsError
        When a setting is unknown or out of range.
    """
    settings = check_config(key, config).model_dump()
    return estimator_class(key)(**settings, categorical=categorical, names=names, device=device, seed=seed)


def load_estimator(key: str, folder: Path) -> BinaryClassifier:
    """Return the fitted estimator that was saved in a folder.

    Raises
    ------
    NotFoundError
        When there is no such family.
    DataError
        When the files are torn or of another family.
    """
    if not folder.is_dir():
        raise DataError("a saved model needs its folder", f"{folder.name} is not there")
    return estimator_class(key).load(folder)


def estimate(
    key: str, config: BaseModel | dict[str, Any], rows: int, columns: int, device: Device = "auto"
) -> Estimate:
    """Return the time and memory that fitting `rows` × `columns` is expected to need on this machine.

    Raises
    ------
    NotFoundError
        When there is no such family.
    SettingsError
        When a setting is unknown or out of range.
    """
    return family(key).estimate(check_config(key, config), rows, columns, device)


def estimator_class(key: str) -> type[BinaryClassifier]:
    """Return the class of a family's estimators; this loads what it needs.

    Raises
    ------
    NotFoundError
        When there is no such family.
    """
    module, _, name = family(key).estimator.partition(":")
    found: type[BinaryClassifier] = getattr(importlib.import_module(module), name)
    return found
