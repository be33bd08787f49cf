"""Boosting of residuals: what can be set and what it costs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aimass_core.models.ensembles.config import EnsembleConfig, Measure, cost
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family, Span
from aimass_core.settings import Device


class ResidualConfig(EnsembleConfig):
    """Settings of boosting of residuals across families."""

    first: Literal["best", "given"] = Field(
        default="best",
        description="Which member begins. Best: the one that measures best alone, so that the whole measures "
        "no worse. Given: the first named, whose errors of chance then stay in the score.",
    )
    folds: int = Field(
        default=3, ge=2, le=20, description="Folds whose scores say what a member leaves over."
    )
    rate: float = Field(
        default=1.0, gt=0, le=1, description="Most of what a further member says that is added, 0 to 1."
    )
    metric: Measure = Field(default="auc", description="Measure that may not fall when a member is added.")
    validation_share: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of the training rows kept back when no validation rows are given, 0 to 1.",
    )
    ordered: bool = Field(
        default=False,
        description="Rows are in order of time: members are judged by later rows; set by a split by time.",
    )


def _estimate(config: ResidualConfig, rows: int, columns: int, device: Device) -> Estimate:
    further = 1 - 1 / len(config.members)
    # Every member alone; then folds of one and a fit on all rows of the next.
    return cost(config.members, rows, columns, device, fits=1 + further * (config.folds + 1))


FAMILY = Family(
    key="residual",
    title="Boosting of residuals",
    summary="Each family learns what the ones before it leave over; the corrections are added up.",
    purpose="When a readable or trusted model should be kept and only corrected.",
    strengths=("Shows what is left to find", "Keeps the first model as it is"),
    limits=("Slow: every member is fitted several times",),
    cost="About five fits a member",
    group="ensemble",
    config=ResidualConfig,
    estimator="aimass_core.models.ensembles.residual:ResidualClassifier",
    estimate=_estimate,
    order=82,
    space={"rate": Span(0.1, 1.0)},
)
