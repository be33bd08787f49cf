"""The scorecard: what can be set and what it costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family, Span
from aimass_core.settings import Device


class ScorecardConfig(BaseModel):
    """Settings of the scorecard: logistic regression on quantile bins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bins: int = Field(default=20, ge=2, le=100, description="Most bins per number, each with as many rows.")
    l2: float = Field(default=1.0, ge=1e-6, le=1e6, description="Penalty on the points of each bin.")
    smoothing: float = Field(
        default=10.0, ge=0, le=1e6, description="Penalty on the step from one bin to the next; 0: none."
    )
    max_iterations: int = Field(default=500, ge=10, le=10_000, description="Most steps of the optimiser.")


def _estimate(config: ScorecardConfig, rows: int, columns: int, device: Device) -> Estimate:
    return estimate.scorecard(rows, columns, iterations=config.max_iterations)


FAMILY = Family(
    key="scorecard",
    title="Scorecard",
    summary="Logistic regression on quantile bins: points per feature that can be read and added by hand.",
    purpose="When every point must be explained, agreed and written down.",
    strengths=("Read and checked by hand", "Exact reasons", "Stable on little data"),
    limits=("Finds no interaction by itself",),
    cost="Seconds",
    group="readable",
    config=ScorecardConfig,
    estimator="aimass_core.models.scorecard:ScorecardClassifier",
    estimate=_estimate,
    order=10,
    space={
        "bins": Span(5, 40, whole=True),
        "l2": Span(0.1, 100, log=True),
        "smoothing": Span(0.1, 300, log=True),
    },
)
