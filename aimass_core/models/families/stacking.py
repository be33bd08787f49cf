"""Stacking: what can be set and what it costs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aimass_core.models.ensembles.config import EnsembleConfig, Measure, cost
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family, Span
from aimass_core.settings import Device


class StackingConfig(EnsembleConfig):
    """Settings of stacking: a regression on the members' out-of-fold log-odds."""

    folds: int = Field(default=5, ge=2, le=20, description="Folds whose scores the regression learns from.")
    final: Literal["logistic", "ridge"] = Field(
        default="logistic", description="Regression on the members' log-odds; its weights are not negative."
    )
    l2: float = Field(
        default=10.0,
        ge=0,
        le=1e6,
        description="Pull of the weights towards equal ones; the greater, the nearer to the plain mean.",
    )
    metric: Measure = Field(
        default="auc",
        description="Measure in which the ensemble may not fall below its best member, out of fold.",
    )
    ordered: bool = Field(
        default=False,
        description="Rows in order of time: models of earlier rows score a fold; set by a split by time.",
    )


def _estimate(config: StackingConfig, rows: int, columns: int, device: Device) -> Estimate:
    share = 1 - 1 / config.folds
    return cost(config.members, rows, columns, device, fits=1 + config.folds * share)


FAMILY = Family(
    key="stacking",
    title="Stacking",
    summary="A regression on the scores that the members give rows they did not see.",
    purpose="When a little more accuracy is worth the time and there are few validation rows.",
    strengths=("Weights learnt from all training rows", "Falls back to the best member"),
    limits=("Slow: every member is fitted once per fold",),
    cost="As many fits a member as folds, and one more",
    group="ensemble",
    config=StackingConfig,
    estimator="aimass_core.models.ensembles.stacking:StackingClassifier",
    estimate=_estimate,
    order=84,
    space={"l2": Span(0.1, 1_000, log=True)},
)
