"""What the settings of all ensembles have in common. Light: the cards of the families import it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aimass_core.errors import AimassError
from aimass_core.models.estimate import Estimate
from aimass_core.settings import Device

Measure = Literal["auc", "average_precision", "log_loss"]


class MemberConfig(BaseModel):
    """One member of an ensemble."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str = Field(min_length=1, description="Key of the member's model family.")
    config: dict[str, Any] = Field(
        default_factory=dict, description="Settings of the family that differ from the defaults."
    )

    @model_validator(mode="after")
    def _possible(self) -> MemberConfig:
        from aimass_core.models import catalog  # the catalogue reads the cards, which import this

        try:
            family = catalog.family(self.family)
            catalog.check_config(self.family, self.config)
        except AimassError as error:
            raise ValueError(str(error)) from error
        if not family.labelled or family.group == "automatic":
            raise ValueError(f"{family.title} cannot be a member of an ensemble: choose another family")
        return self


class EnsembleConfig(BaseModel):
    """Settings that several ensembles share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: tuple[MemberConfig, ...] = Field(
        default_factory=lambda: default_members(),
        min_length=2,
        max_length=20,
        description="Model families that are combined, each with its settings.",
    )

    @field_validator("members", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Take a key alone for the family with its default settings."""
        if isinstance(value, (list, tuple)):
            return tuple({"family": item} if isinstance(item, str) else item for item in value)
        return value


def default_members() -> tuple[MemberConfig, ...]:
    """Return one readable, one tree and one network family."""
    from aimass_core.models import catalog

    network = "tabm" if "tabm" in catalog.FAMILIES else "dann"
    return tuple(MemberConfig(family=key) for key in ("scorecard", "boosting", network))


def cost(
    members: tuple[MemberConfig, ...], rows: int, columns: int, device: Device, *, fits: float
) -> Estimate:
    """Return what fitting every member `fits` times on `rows` rows is expected to need."""
    from aimass_core.models import catalog

    found = [catalog.estimate(item.family, item.config, rows, columns, device) for item in members]
    return Estimate(
        seconds=fits * sum(item.seconds for item in found),
        # Members are fitted one after another; beside the one at work stands a copy of the rows.
        memory_bytes=max(item.memory_bytes for item in found) + 16 * rows * columns,
        most_seconds=fits * sum(item.most_seconds for item in found),
    )
