"""The explainable additive model: what can be set and what it costs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family, Span
from aimass_core.settings import Device

BIN_NS, STEP_NS, RANK_NS, CELL_BYTES = 200.0, 3.0, 5.0, 55.0
"""Per cell: binning once, a step of boosting on two threads, ranking a pair; bytes."""
USUAL_ROUNDS, PAIR_COST = 250, 1.5
"""Rounds until the default rate is stopped; a step of a pair against one of a curve."""


class AdditiveConfig(BaseModel):
    """Settings of the explainable boosting machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bags: int = Field(
        default=8, ge=1, le=100, description="Models fitted on different training rows and averaged."
    )
    pairs: int = Field(
        default=10, ge=0, le=300, description="Most pairs of features that get a term of their own."
    )
    bins: int = Field(default=256, ge=2, le=4096, description="Most bins per number of a single term.")
    pair_bins: int = Field(default=32, ge=2, le=256, description="Most bins per number of a pair term.")
    rate: float = Field(default=0.015, gt=0, le=1, description="Learning rate, 0 to 1.")
    leaves: int = Field(default=2, ge=2, le=16, description="Most leaves per boosting step.")
    min_child: int = Field(default=4, ge=1, le=100_000, description="Least training rows in a leaf.")
    smoothing: int = Field(
        default=200,
        ge=0,
        le=10_000,
        description="First rounds with random cuts, which smooth the curves; half as many for pairs.",
    )
    rounds: int = Field(default=5_000, ge=1, le=100_000, description="Most rounds over all terms.")
    patience: int = Field(
        default=100, ge=1, le=10_000, description="Rounds without a lower validation loss before stopping."
    )
    validation_share: float = Field(
        default=0.15,
        gt=0,
        lt=1,
        description="Share of the rows each bag leaves out; without validation rows they stop it, 0 to 1.",
    )
    rows_per_bag: int = Field(
        default=200_000, ge=100, le=100_000_000, description="Most training rows each bag learns from."
    )
    monotone: dict[str, Literal["up", "down"]] | None = Field(
        default=None,
        description="Numbers with which the risk may only rise (up) or only fall (down); such a "
        "number gets no pair term.",
    )

    def speaks_of(self) -> tuple[tuple[str, str, bool | None], ...]:
        """Return which settings name which features, and whether those must be numbers (None: either)."""
        return tuple(("monotone", name, True) for name in self.monotone or {})


def _estimate(config: AdditiveConfig, rows: int, columns: int, device: Device) -> Estimate:
    # Measured on 20,000 rows of 23 columns and two cores; a term's step passes over the rows of a bag once.
    used = min(rows, config.rows_per_bag)
    usual = min(config.rounds, 0.015 / config.rate * USUAL_ROUNDS + config.smoothing)
    boosts, most = (
        used * columns * config.bags * rounds * (1 + config.pairs / columns * PAIR_COST) * STEP_NS
        for rounds in (usual, config.rounds)
    )
    ranked = used * columns**2 * config.bags * RANK_NS if config.pairs else 0.0
    fixed = rows * columns * BIN_NS + ranked
    return estimate.from_nanoseconds(fixed + boosts, fixed + most, memory=rows * columns * CELL_BYTES)


FAMILY = Family(
    key="additive",
    title="Additive model",
    summary="Explainable boosting machine: one curve per feature and a few pairs, added up; nearly as "
    "accurate as trees and still read by eye.",
    purpose="When every effect must be seen, but bins are too coarse.",
    strengths=("Every effect is a curve that can be looked at", "Exact reasons", "Finds pairs by itself"),
    limits=("Slower to train than trees",),
    cost="Seconds to a few minutes",
    group="readable",
    config=AdditiveConfig,
    estimator="aimass_core.models.additive:AdditiveClassifier",
    estimate=_estimate,
    order=15,
    space={
        "pairs": Span(0, 40, whole=True),
        "rate": Span(0.005, 0.05, log=True),
        "bins": Span(32, 1024, log=True, whole=True),
        "min_child": Span(2, 100, log=True, whole=True),
        "smoothing": Span(0, 400, whole=True),
    },
)
