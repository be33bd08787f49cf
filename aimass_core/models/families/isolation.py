"""Isolation forest: what can be set and what it costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family
from aimass_core.settings import Device

TREE_NS, TREE_ROW_NS, CELL_BYTES = 1.5e6, 120.0, 34.0


class IsolationConfig(BaseModel):
    """Settings of the isolation forest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trees: int = Field(default=200, ge=1, le=10_000, description="Number of trees.")
    sample: int = Field(
        default=256,
        ge=2,
        le=1_000_000,
        description="Rows each tree is grown on; few rows keep the ordinary ones from hiding the unusual.",
    )


def _estimate(config: IsolationConfig, rows: int, columns: int, device: Device) -> Estimate:
    # Trees of a few hundred rows are grown at once; every row is sent down each of them.
    nanoseconds = config.trees * TREE_NS + rows * config.trees * TREE_ROW_NS + rows * columns * 100.0
    return estimate.from_nanoseconds(nanoseconds, nanoseconds, memory=rows * columns * CELL_BYTES)


FAMILY = Family(
    key="isolation",
    title="Isolation forest",
    summary="Without a target: how few random cuts set a row apart from the rest. "
    "Its score is unusualness, not a probability of fraud.",
    purpose="When no outcome is known: the plain reference for any other anomaly score.",
    strengths=("Needs no target", "Fast", "Well known"),
    limits=("Says what is rare, not what is fraud", "Blind to unusual pairs of usual values"),
    cost="Seconds",
    group="unlabelled",
    config=IsolationConfig,
    estimator="aimass_core.models.isolation:IsolationScorer",
    estimate=_estimate,
    order=75,
    labelled=False,
)
