"""Autoencoder with a supervised head: what can be set and what it costs."""

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

INPUT_NS, WEIGHT_NS, CELL_BYTES = 200.0, 0.17, 40.0
# On a GPU the steps of a network this small wait for the host, not for arithmetic.
CUDA_STEP_SECONDS, CUDA_WEIGHT_NS = 3e-3, 5e-4


class AutoencoderConfig(BaseModel):
    """Settings of the autoencoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=128, ge=4, le=4096, description="Units of each dense block.")
    depth: int = Field(default=2, ge=1, le=16, description="Number of dense blocks before the code.")
    code: int = Field(
        default=64, ge=2, le=4096, description="Units of the code that a row is told back from."
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="Share of units dropped in training, 0 to 1.")
    noise: float = Field(
        default=0.15,
        ge=0,
        lt=1,
        description="Share of cells taken from other rows while pretraining, 0 to 1.",
    )
    pretraining: int = Field(
        default=15, ge=0, le=10_000, description="Most passes over all rows without the target; 0: none."
    )
    reconstruction: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="Weight of telling rows back while the head is trained; 0: only while pretraining.",
    )
    bins: int = Field(
        default=16,
        ge=1,
        le=128,
        description="Quantile segments each number is spread over before the network.",
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
    validation_share: ValidationShare = 0.15


def _estimate(config: AutoencoderConfig, rows: int, columns: int, device: Device) -> Estimate:
    cuda = estimate.uses_cuda(device)
    inputs = columns * config.bins
    encoder = inputs * config.width + (config.depth - 1) * config.width**2 + config.width * config.code
    head, decoder = config.code * config.width, config.code * config.width + config.width * columns
    batch = config.batch_size or estimate.default_batch_size(rows, "cuda" if cuda else "cpu")
    usual = min(config.epochs, 2 * config.patience)
    # Passes through the encoder and the decoder, passes through the encoder and the head.
    weights = [
        config.pretraining * (encoder + decoder) + passes * (encoder + head)
        for passes in (usual, config.epochs)
    ]
    passes = [config.pretraining + usual, config.pretraining + config.epochs]
    if cuda:
        times = [
            rows * weight * CUDA_WEIGHT_NS + count * rows / batch * CUDA_STEP_SECONDS * 1e9
            for weight, count in zip(weights, passes, strict=True)
        ]
    else:
        times = [rows * weight * WEIGHT_NS for weight in weights]
    prepare = rows * columns * INPUT_NS
    memory = rows * columns * CELL_BYTES + 16 * (encoder + decoder + head)
    memory += 4 * batch * 6 * (inputs + (config.depth + 2) * config.width)
    return estimate.from_nanoseconds(*(prepare + time for time in times), memory=memory)


FAMILY = Family(
    key="autoencoder",
    title="Autoencoder",
    summary="First learns from all rows, also those without an outcome, how their columns go together; "
    "then, from few outcomes, what is bad. Uses a GPU when there is one.",
    purpose="Loans and fraud where outcomes are known for a small part of the rows.",
    strengths=("Learns from rows without an outcome", "Fast on a GPU"),
    limits=("Gains little where all rows have an outcome", "Explained by estimates with a standard error"),
    cost="Seconds to minutes",
    group="network",
    config=AutoencoderConfig,
    estimator="aimass_core.models.autoencoder:AutoencoderClassifier",
    estimate=_estimate,
    order=60,
    space={
        "width": Span(32, 512, log=True, whole=True),
        "code": Span(8, 256, log=True, whole=True),
        "dropout": Span(0.0, 0.5),
        "noise": Span(0.05, 0.4),
        "rate": Span(3e-4, 3e-3, log=True),
        "weight_decay": Span(1e-4, 1e-1, log=True),
    },
)
