"""DANN: what can be set and what it costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Choice, Family, Span
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


class DannConfig(BaseModel):
    """Settings of DANN, the deep discriminative network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=128, ge=4, le=4096, description="Units of each dense block.")
    depth: int = Field(default=2, ge=1, le=16, description="Number of dense blocks.")
    dropout: float = Field(default=0.4, ge=0, lt=1, description="Share of units dropped in training, 0 to 1.")
    bins: int = Field(
        default=16,
        ge=1,
        le=128,
        description="Quantile segments each number is spread over before the network.",
    )
    number_size: int = Field(
        default=8,
        ge=0,
        le=256,
        description="Size of the vector learnt for each number; 0: its segments are used as they are.",
    )
    embedding: Embedding = 8
    rate: Rate = 1e-3
    weight_decay: WeightDecay = 1e-2
    batch_size: BatchSize = None
    epochs: Epochs = 60
    patience: Patience = 8
    metric: StopMetric = "log_loss"
    goal: Goal = None
    balanced: Balanced = False
    focal: Focal = 0.0
    domain_weight: float = Field(
        default=1.0,
        ge=0,
        le=100,
        description="Largest weight of the reversed domain gradient; needs a domain.",
    )
    validation_share: ValidationShare = 0.15


USUAL_BEST = 6
"""Epoch at which the validation measure was usually best on 13,000 rows."""


def _estimate(config: DannConfig, rows: int, columns: int, device: Device) -> Estimate:
    cuda = estimate.uses_cuda(device)
    inputs = columns * (config.number_size or config.bins)
    return estimate.network(
        rows,
        columns,
        weights=inputs * config.width + (config.depth - 1) * config.width**2,
        pieces=columns * config.number_size * config.bins,
        activations=config.depth * config.width + inputs + columns * config.bins,
        usual=USUAL_BEST + config.patience,
        epochs=config.epochs,
        batch_size=config.batch_size or estimate.default_batch_size(rows, "cuda" if cuda else "cpu"),
        cuda=cuda,
    )


FAMILY = Family(
    key="dann",
    title="DANN network",
    summary="Deep discriminative network for fraud and credit; can be trained to carry over to another "
    "portfolio. Uses a GPU when there is one.",
    purpose="When a model learnt on one portfolio must work on another, or as a second opinion to trees.",
    strengths=("Domain-adversarial: blind to a named domain", "Fast on a GPU"),
    limits=("Explained by estimates with a standard error",),
    cost="Seconds to minutes",
    group="network",
    config=DannConfig,
    estimator="aimass_core.models.dann:DannClassifier",
    estimate=_estimate,
    order=40,
    space={
        "width": Span(32, 512, log=True, whole=True),
        "depth": Span(1, 4, whole=True),
        "dropout": Span(0.0, 0.6),
        "bins": Span(8, 64, log=True, whole=True),
        "number_size": Choice((0, 4, 8, 16)),
        "rate": Span(3e-4, 3e-3, log=True),
        "weight_decay": Span(1e-4, 1e-1, log=True),
    },
)
