"""The automatic choice: what can be set and what it costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aimass_core.errors import AimassError
from aimass_core.models.auto_plan import PlannedMember
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family
from aimass_core.settings import Device


class AutoConfig(BaseModel):
    """Settings of the automatic choice of families and settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget_seconds: float = Field(
        default=150.0, gt=0, le=86_400, description="Time for the whole fit, in seconds; more than 0."
    )
    families: tuple[str, ...] | None = Field(
        default=None, description="Families to choose among; empty: all that learn from a target."
    )
    folds: int = Field(
        default=5,
        ge=1,
        le=20,
        description="Inner folds that choices are made on, 1 to 20; fewer where time is short; 1: some rows "
        "kept back.",
    )
    tries: int = Field(default=6, ge=1, le=20, description="Most settings tried of each family, 1 to 20.")
    ordered: bool = Field(
        default=False, description="Rows are in order of time: choices are made on later rows only."
    )
    grouped: bool = Field(
        default=False,
        description="Rows of a group belong together: choices are made on the validation rows only.",
    )
    plan: tuple[PlannedMember, ...] | None = Field(
        default=None,
        description="Members to train, as an earlier run settled on them; empty: chosen anew.",
    )

    @model_validator(mode="after")
    def _possible(self) -> AutoConfig:
        from aimass_core.models import auto_portfolio, catalog  # the catalogue reads this card

        try:
            auto_portfolio.families(self.families)
            for member in self.plan or ():
                catalog.check_config(member.family, member.config)
        except AimassError as error:
            raise ValueError(str(error)) from error
        return self


def _estimate(config: AutoConfig, rows: int, columns: int, device: Device) -> Estimate:
    from aimass_core.models import auto_portfolio, catalog

    fits = config.folds + 1
    found = [
        (catalog.estimate(family.key, settings, rows, columns, device), fits)
        for family in auto_portfolio.families(config.families)
        for settings in auto_portfolio.settings(family, config.tries)
    ]
    if config.plan is not None:
        found = [
            (catalog.estimate(item.family, item.config, rows, columns, device), fits + len(item.seeds))
            for item in config.plan
        ]
    seconds = sum(item.seconds * count for item, count in found)
    if config.plan is None:
        seconds = min(config.budget_seconds, seconds)
    memory = max(item.memory_bytes for item, _ in found) + 3 * 8 * rows * columns
    return Estimate(seconds=seconds, memory_bytes=memory, most_seconds=max(seconds, config.budget_seconds))


FAMILY = Family(
    key="auto",
    title="Automatic",
    summary="Tries families and settings in the time you have, and averages what earned its place.",
    purpose="When you want the best model for the time you have, without choosing it yourself.",
    strengths=(
        "Needs no settings but the time",
        "Inner folds choose the size of the boosting",
        "A mean of several models is rarely far from the best of them",
    ),
    limits=("Not read by hand", "Another machine, or a busy one, may choose others; the choice is recorded"),
    cost="The time you give it; two and a half minutes by default",
    group="automatic",
    config=AutoConfig,
    estimator="aimass_core.models.auto:AutoClassifier",
    estimate=_estimate,
    order=0,
)
