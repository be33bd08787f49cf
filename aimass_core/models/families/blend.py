"""Blending: what can be set and what it costs."""

from __future__ import annotations

from pydantic import Field

from aimass_core.models.ensembles.config import EnsembleConfig, Measure, cost
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family, Span
from aimass_core.settings import Device


class BlendConfig(EnsembleConfig):
    """Settings of blending: weights from the validation rows."""

    sum_to_one: bool = Field(
        default=True,
        description="The weights sum to 1. Otherwise they and an intercept are free, but never negative.",
    )
    l2: float = Field(
        default=10.0,
        ge=0,
        le=1e6,
        description="Pull of the weights towards equal ones; the greater, the nearer to the plain mean.",
    )
    metric: Measure = Field(
        default="auc",
        description="Measure in which the ensemble may not fall below its best member, on validation rows.",
    )
    validation_share: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of the training rows kept back when no validation rows are given, 0 to 1.",
    )
    ordered: bool = Field(
        default=False,
        description="Rows are in order of time: the last are kept back; set by a split by time.",
    )


def _estimate(config: BlendConfig, rows: int, columns: int, device: Device) -> Estimate:
    return cost(config.members, rows, columns, device, fits=1)


FAMILY = Family(
    key="blend",
    title="Blending",
    summary="A weighted mean of several families' log-odds; the validation rows find the weights.",
    purpose="The cheapest ensemble: one fit a member.",
    strengths=("One fit a member", "Falls back to the best member"),
    limits=("Weights rest on the validation rows alone",),
    cost="The members' time added up",
    group="ensemble",
    config=BlendConfig,
    estimator="aimass_core.models.ensembles.blend:BlendClassifier",
    estimate=_estimate,
    order=86,
    space={"l2": Span(0.1, 1_000, log=True)},
)
