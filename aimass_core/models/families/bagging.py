"""Bagging: what can be set and what it costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models.ensembles.config import Measure, MemberConfig, cost
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family, Span
from aimass_core.settings import Device


class BaggingConfig(BaseModel):
    """Settings of bagging: refits of one family on bootstrap samples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: tuple[MemberConfig, ...] = Field(
        default=(MemberConfig.model_construct(family="boosting", config={}),),
        min_length=1,
        max_length=1,
        description="The one model family that is refitted, with its settings.",
    )
    bags: int = Field(default=10, ge=2, le=200, description="Number of refits.")
    share: float = Field(
        default=1.0, gt=0, le=1, description="Rows drawn for each refit, as a share of all, 0 to 1."
    )
    metric: Measure = Field(default="auc", description="Measure in which the gains are shown.")


def _estimate(config: BaggingConfig, rows: int, columns: int, device: Device) -> Estimate:
    return cost(config.members, round(rows * config.share), columns, device, fits=config.bags)


FAMILY = Family(
    key="bagging",
    title="Bagging",
    summary="The mean of many refits of one family, each on rows drawn anew: steadier scores.",
    purpose="When a family's scores change too much with the rows it happened to see.",
    strengths=("Steadier than its member", "Works with any family"),
    limits=("As many models as refits to keep and explain", "Trees that already draw rows seldom gain"),
    cost="As many fits as bags",
    group="ensemble",
    config=BaggingConfig,
    estimator="aimass_core.models.ensembles.bagging:BaggingClassifier",
    estimate=_estimate,
    order=80,
    space={"bags": Span(5, 30, whole=True), "share": Span(0.5, 1.0)},
)
