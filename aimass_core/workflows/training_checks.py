"""Whether the ways of training that a spec asks for can be gone, before any work starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimass_core.errors import SettingsError
from aimass_core.models import catalog

if TYPE_CHECKING:
    from pydantic import BaseModel

    from aimass_core.models.family import Family
    from aimass_core.schema import Column
    from aimass_core.split import SplitConfig
    from aimass_core.workflows.training import TrainingSpec

LEAST_CALIBRATION_ROWS = 10
"""Validation rows of each class that a calibration needs at least."""


def labelled(spec: TrainingSpec) -> Family:
    """Return the family of a spec, which must fit to whether there is a target.

    Raises
    ------
    NotFoundError
        When there is no such family.
    SettingsError
        When the family needs a target and the spec has none, or the spec contradicts itself.
    """
    family = catalog.family(spec.family)
    if not spec.unlabelled:
        return family
    if family.labelled:
        able = [key for key, other in catalog.FAMILIES.items() if not other.labelled]
        raise SettingsError(
            "training without a target needs a family that can do without one",
            f"{family.title} (`{family.key}`) learns from a target",
            "Choose " + " or ".join(able) if able else "Name a target",
        )
    for name, given in (("target", spec.target), ("positive", spec.positive)):
        if given:
            raise SettingsError(
                f"`{name}` must be empty when training without a target",
                f"it is {given!r}",
                "Leave it empty, or train with the target",
            )
    if spec.search is not None or spec.calibration != "none":
        what = "A search" if spec.search is not None else "A calibration"
        raise SettingsError(
            "without a target there is nothing to judge settings or scores by",
            f"{what} was asked for",
            "Name a target, or leave it out",
        )
    return family


def settings(family: Family, spec: TrainingSpec) -> BaseModel:
    """Return the family's settings, with those filled in that follow from how rows are divided.

    Raises
    ------
    SettingsError
        When a setting is unknown or out of range, or a search is asked for where there is nothing to search.
    """
    follows: dict[str, Any] = {}
    if "ordered" in family.config.model_fields:
        follows["ordered"] = spec.split.method == "time"
    if "grouped" in family.config.model_fields:
        follows["grouped"] = spec.split.method == "group"
    config = catalog.check_config(family.key, {**spec.config, **follows})
    if spec.search is not None and not family.space:
        raise SettingsError(
            "a search needs settings to search among",
            f"{family.title} (`{family.key}`) names none",
            "Choose another family, or train without a search",
        )
    return config


def features(config: BaseModel, columns: Sequence[Column]) -> None:
    """Check that settings name features that are learnt from, of the kind they are about.

    Raises
    ------
    SettingsError
        When one does not; says which setting and which feature.
    """
    speaks_of = getattr(config, "speaks_of", None)
    kinds = {column.name: column.kind for column in columns}
    for setting, name, number in () if speaks_of is None else speaks_of():
        known = kinds.get(name.removesuffix(" (missing)"))
        if known is None:
            raise SettingsError(
                f"the setting `{setting}` must name features that are learnt from",
                f"`{name}` is none of them",
                "Correct the name, or take it out of the setting",
            )
        if number is not None and number == (known == "category"):
            raise SettingsError(
                f"the setting `{setting}` must fit the type of `{name}`",
                f"it is a {known}",
                "Take it out of the setting, or change its type in Clean",
            )


def rows(
    spec: TrainingSpec, split: SplitConfig, classes: Sequence[tuple[str, int]], positive: Sequence[str]
) -> None:
    """Check that the classes have the rows that folds and calibration need.

    Parameters
    ----------
    classes : labels of the target with their counts. positive : those whose probability is wanted.

    Raises
    ------
    SettingsError
        When they have not.
    """
    bads = sum(count for label, count in classes if label in positive)
    smallest = min(bads, sum(count for _, count in classes) - bads)
    learnt_from = smallest * (1 - split.test_share)
    held_out = int(learnt_from * split.validation_share)
    folds = {"`folds` of the settings": spec.config.get("folds")}
    if spec.search is not None and spec.search.by == "folds":
        folds["`folds` of the search"] = spec.search.folds
    for name, count in folds.items():
        if isinstance(count, int) and count > learnt_from - held_out:
            raise SettingsError(
                f"{name} must not be more than the rows of the rarer class",
                f"{count:,} folds for about {int(learnt_from - held_out):,} training rows of that class",
                "Use fewer folds, or more rows",
            )
    if spec.search is not None and spec.search.by == "validation" and not held_out:
        raise SettingsError(
            "a search on the validation rows needs validation rows of both classes",
            f"the rarer class has {smallest:,} rows and {split.validation_share:.0%} of the training rows "
            "are kept for validation",
            "Search by folds, or keep more rows for validation",
        )
    if spec.calibration != "none" and held_out < LEAST_CALIBRATION_ROWS:
        raise SettingsError(
            f"a calibration needs {LEAST_CALIBRATION_ROWS} validation rows of each class",
            f"there would be about {held_out:,} of the rarer one",
            "Keep more rows for validation, or leave the calibration out",
        )
