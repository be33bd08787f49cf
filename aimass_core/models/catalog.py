"""The model families and how to build, load and estimate them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from aimass_core.errors import DataError, Fault, NotFoundError, SettingsError
from aimass_core.models import estimate as estimates
from aimass_core.models.config import BoostingConfig, DannConfig, ScorecardConfig
from aimass_core.settings import Device

if TYPE_CHECKING:
    from aimass_core.models.base import BinaryClassifier


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of model."""

    key: str
    title: str
    summary: str
    config: type[BaseModel]


FAMILIES: dict[str, Family] = {
    family.key: family
    for family in (
        Family(
            "scorecard",
            "Scorecard",
            "Logistic regression on quantile bins: points per feature that can be read and added by hand.",
            ScorecardConfig,
        ),
        Family(
            "boosting",
            "Gradient boosting",
            "LightGBM trees: usually the most accurate, fast, finds interactions by itself.",
            BoostingConfig,
        ),
        Family(
            "dann",
            "DANN network",
            "Deep discriminative network for fraud and credit; can be trained to carry over to another "
            "portfolio. Uses a GPU when there is one.",
            DannConfig,
        ),
    )
}


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
    device: Device = "auto",
    seed: int = 0,
) -> BinaryClassifier:
    """Return an unfitted estimator of a family.

    Parameters
    ----------
    config : the family's settings, as its config model or as a dict of the ones that differ from the default.
    categorical : columns of the matrix that hold label codes.

    Raises
    ------
    NotFoundError
        When there is no such family.
    SettingsError
        When a setting is unknown or out of range.
    """
    settings = check_config(key, config).model_dump()
    return _class_of(key)(**settings, categorical=categorical, device=device, seed=seed)


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
    return _class_of(key).load(folder)


def estimate(
    key: str, config: BaseModel | dict[str, Any], rows: int, columns: int, device: Device = "auto"
) -> estimates.Estimate:
    """Return the time and memory that fitting `rows` × `columns` is expected to need on this machine.

    Raises
    ------
    NotFoundError
        When there is no such family.
    SettingsError
        When a setting is unknown or out of range.
    """
    settings = check_config(key, config)
    if isinstance(settings, ScorecardConfig):
        return estimates.scorecard(settings, rows, columns)
    if isinstance(settings, BoostingConfig):
        return estimates.boosting(settings, rows, columns)
    if isinstance(settings, DannConfig):
        cuda = estimates.uses_cuda(device)
        batch = settings.batch_size or estimates.default_batch_size(rows, "cuda" if cuda else "cpu")
        return estimates.dann(settings, rows, columns, cuda=cuda, batch_size=batch)
    raise Fault("every family must have an estimate", f"'{key}' has none")


def _class_of(key: str) -> type[BinaryClassifier]:
    family(key)
    if key == "scorecard":
        from aimass_core.models.scorecard import ScorecardClassifier

        return ScorecardClassifier
    if key == "boosting":
        from aimass_core.models.boosting import BoostingClassifier

        return BoostingClassifier
    from aimass_core.models.dann import DannClassifier

    return DannClassifier
