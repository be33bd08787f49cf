"""TabM: what can be set and what it costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family, Span
from aimass_core.models.network_settings import (
    Balanced,
    BatchSize,
    Embedding,
    Epochs,
    Focal,
    Goal,
    Patience,
    Rate,
    StopMetric,
    ValidationShare,
    WeightDecay,
)
from aimass_core.settings import Device


class TabmConfig(BaseModel):
    """Settings of TabM, many networks in one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Networks whose scores are averaged; empty: 16 on a CPU, 32 on a GPU.",
    )
    width: int = Field(default=128, ge=4, le=4096, description="Units of each dense block.")
    depth: int = Field(default=2, ge=1, le=16, description="Number of dense blocks.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Share of units dropped in training, 0 to 1.")
    bins: int = Field(
        default=16,
        ge=1,
        le=128,
        description="Quantile segments of the piecewise-linear vector of each number.",
    )
    number_size: int = Field(
        default=8, ge=1, le=256, description="Size of the vector learnt for each number."
    )
    embedding: Embedding = 2
    rate: Rate = 2e-3
    weight_decay: WeightDecay = 1e-3
    batch_size: BatchSize = None
    epochs: Epochs = 40
    patience: Patience = 4
    metric: StopMetric = "log_loss"
    goal: Goal = None
    balanced: Balanced = False
    focal: Focal = 0.0
    validation_share: ValidationShare = 0.15


USUAL_BEST = 12
"""Epoch at which the validation measure was usually best on 13,000 rows."""


def default_members(device: str) -> int:
    """Return the number of members where the settings leave it open."""
    return 16 if device == "cpu" else 32


def _estimate(config: TabmConfig, rows: int, columns: int, device: Device) -> Estimate:
    kind = "cuda" if estimate.uses_cuda(device) else "cpu"
    members = config.members or default_members(kind)
    inputs = columns * config.number_size
    return estimate.network(
        rows,
        columns,
        weights=members * (inputs * config.width + (config.depth - 1) * config.width**2),
        pieces=inputs * config.bins,
        activations=members * config.depth * config.width + inputs + columns * config.bins,
        usual=USUAL_BEST + config.patience,
        epochs=config.epochs,
        batch_size=config.batch_size or estimate.default_batch_size(rows, kind),
        cuda=kind == "cuda",
    )


FAMILY = Family(
    key="tabm",
    title="TabM network",
    summary="Many networks that share nearly all weights, averaged. Uses a GPU when there is one.",
    purpose="The strongest network of the library: beside boosting, or averaged with it.",
    strengths=(
        "Close to the best trees, with errors of another kind",
        "Smooth in its inputs",
        "Fast on a GPU",
    ),
    limits=("Slower than trees on a CPU", "Explained by estimates with a standard error"),
    cost="Half a minute to many minutes on a CPU",
    group="network",
    config=TabmConfig,
    estimator="aimass_core.models.tabm:TabmClassifier",
    estimate=_estimate,
    order=30,
    space={
        "width": Span(64, 512, log=True, whole=True),
        "depth": Span(1, 4, whole=True),
        "dropout": Span(0.0, 0.5),
        "bins": Span(8, 64, log=True, whole=True),
        "rate": Span(5e-4, 5e-3, log=True),
        "weight_decay": Span(1e-4, 1e-1, log=True),
    },
)
