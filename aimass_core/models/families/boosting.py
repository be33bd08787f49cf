"""Gradient boosting: what can be set and what it costs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family, Metric, Span
from aimass_core.models.network_settings import Balanced, Focal, Goal
from aimass_core.settings import Device


class BoostingConfig(BaseModel):
    """Settings of LightGBM gradient boosting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trees: int = Field(default=250, ge=1, le=10_000, description="Most trees; fewer if stopped early.")
    rate: float = Field(default=0.03, gt=0, le=1, description="Learning rate, 0 to 1.")
    leaves: int = Field(default=15, ge=2, le=1024, description="Most leaves per tree.")
    min_child: int = Field(default=50, ge=1, le=100_000, description="Least training rows in a leaf.")
    row_share: float = Field(default=0.8, gt=0, le=1, description="Share of rows each tree sees, 0 to 1.")
    column_share: float = Field(
        default=0.6, gt=0, le=1, description="Share of columns each tree sees, 0 to 1."
    )
    l2: float = Field(default=5.0, ge=0, le=1e6, description="Penalty on the values of the leaves.")
    patience: int = Field(
        default=50, ge=1, le=1_000, description="Trees without a better validation measure before stopping."
    )
    metric: Metric = Field(
        default="log_loss", description="Validation measure that decides how many trees to keep."
    )
    goal: Goal = None
    balanced: Balanced = False
    focal: Focal = 0.0
    monotone: dict[str, Literal["up", "down"]] | None = Field(
        default=None,
        description="Numbers with which the risk may only rise (up) or only fall (down), by name.",
    )

    def speaks_of(self) -> tuple[tuple[str, str, bool | None], ...]:
        """Return which settings name which features, and whether those must be numbers (None: either)."""
        return tuple(("monotone", name, True) for name in self.monotone or {})


def _estimate(config: BoostingConfig, rows: int, columns: int, device: Device) -> Estimate:
    return estimate.boosting(
        rows,
        columns,
        trees=config.trees,
        leaves=config.leaves,
        row_share=config.row_share,
        column_share=config.column_share,
    )


FAMILY = Family(
    key="boosting",
    title="Gradient boosting",
    summary="LightGBM trees: usually the most accurate, fast, finds interactions by itself.",
    purpose="The first model to try on any table.",
    strengths=("Accurate without tuning", "Fast", "Takes missing values and outliers as they are"),
    limits=("Cannot be read by hand; explained by Shapley values",),
    cost="Seconds to a minute",
    group="trees",
    config=BoostingConfig,
    estimator="aimass_core.models.boosting:BoostingClassifier",
    estimate=_estimate,
    order=20,
    space={
        "trees": Span(50, 1500, log=True, whole=True),
        "rate": Span(0.01, 0.2, log=True),
        "leaves": Span(4, 63, log=True, whole=True),
        "min_child": Span(5, 300, log=True, whole=True),
        "row_share": Span(0.5, 1.0),
        "column_share": Span(0.3, 1.0),
        "l2": Span(0.1, 100, log=True),
    },
)
