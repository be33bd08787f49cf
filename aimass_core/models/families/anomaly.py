"""Anomaly score of an autoencoder: what can be set and what it costs."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Family
from aimass_core.models.network_settings import BatchSize, Embedding, Epochs, Rate, WeightDecay
from aimass_core.settings import Device

INPUT_NS, WEIGHT_NS, STEP_SECONDS, CELL_BYTES = 150.0, 0.2, 1e-3, 24.0
# On a GPU the steps of a network this small wait for the host, not for arithmetic.
CUDA_STEP_SECONDS, CUDA_WEIGHT_NS = 2.5e-3, 5e-4


class AnomalyConfig(BaseModel):
    """Settings of the anomaly score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=128, ge=4, le=4096, description="Units of the layers around the code.")
    code: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Units that a row must fit through; empty: the root of the number of columns.",
    )
    noise: float = Field(
        default=0.1, ge=0, lt=1, description="Share of cells taken from other rows while training, 0 to 1."
    )
    embedding: Embedding = 8
    rate: Rate = 2e-3
    weight_decay: WeightDecay = 1e-4
    batch_size: BatchSize = None
    epochs: Epochs = 20
    patience: int = Field(
        default=4, ge=1, le=1_000, description="Epochs without a smaller validation error before stopping."
    )


def code_units(columns: int) -> int:
    """Return the units of the code when they are not set: the root of the number of columns, at least 2."""
    return max(2, round(math.sqrt(columns)))


def _estimate(config: AnomalyConfig, rows: int, columns: int, device: Device) -> Estimate:
    cuda = estimate.uses_cuda(device)
    weights = 2 * columns * config.width + 2 * config.width * (config.code or code_units(columns))
    batch = config.batch_size or estimate.default_batch_size(rows, "cuda" if cuda else "cpu")
    if cuda:
        per_epoch = rows * weights * CUDA_WEIGHT_NS + rows / batch * CUDA_STEP_SECONDS * 1e9
    else:
        per_epoch = rows * weights * WEIGHT_NS + rows / batch * STEP_SECONDS * 1e9
    prepare = rows * columns * INPUT_NS
    memory = rows * columns * CELL_BYTES + 16 * weights
    usual = min(config.epochs, 4 * config.patience)
    return estimate.from_nanoseconds(
        *(prepare + passes * per_epoch for passes in (usual, config.epochs)), memory=memory
    )


FAMILY = Family(
    key="anomaly",
    title="Anomaly score",
    summary="Without a target: an autoencoder learns how columns go together; what it cannot tell back is "
    "unusual. Its score is unusualness, not a probability of fraud.",
    purpose="When no outcome is known, or to look for fraud of a new kind.",
    strengths=("Needs no target", "Sees unusual combinations of usual values"),
    limits=("Says what is unusual, not what is fraud", "Explained by estimates with a standard error"),
    cost="Seconds to minutes",
    group="unlabelled",
    config=AnomalyConfig,
    estimator="aimass_core.models.anomaly:AnomalyScorer",
    estimate=_estimate,
    order=70,
    labelled=False,
)
