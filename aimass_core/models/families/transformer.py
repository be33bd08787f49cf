"""FT-Transformer: what can be set and what it costs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Choice, Family, Span
from aimass_core.models.network_settings import (
    Balanced,
    BatchSize,
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

ROW_NS, TOKEN_NS, WIDTH_NS, PAIR_NS, CELL_BYTES = 8_000.0, 1_200.0, 60.0, 44.0, 40.0
# On a GPU the steps of a network this small wait for the host, not for arithmetic.
CUDA_BLOCK_STEP_SECONDS, CUDA_SHARE = 1.2e-3, 2e-3


class TransformerConfig(BaseModel):
    """Settings of the FT-Transformer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(
        default=32, ge=4, le=1024, description="Size of the vector of each column; a multiple of `heads`."
    )
    depth: int = Field(default=2, ge=1, le=12, description="Number of blocks of attention.")
    heads: int = Field(default=4, ge=1, le=32, description="Attention heads of each block.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Share of units dropped in training, 0 to 1.")
    attention_dropout: float = Field(
        default=0.1, ge=0, lt=1, description="Share of attention dropped in training, 0 to 1."
    )
    bins: int = Field(
        default=16, ge=1, le=128, description="Quantile segments of each number's piecewise-linear embedding."
    )
    time_steps: Literal["auto", "off"] = Field(
        default="auto",
        description="auto: columns numbered by month (BILL_AMT1 to BILL_AMT6) know their time step; "
        "off: none do.",
    )
    series: tuple[tuple[str, ...], ...] = Field(
        default=(),
        description="Columns of each monthly series in time order; empty: found by their names.",
    )
    rate: Rate = 1e-3
    weight_decay: WeightDecay = 1e-2
    batch_size: BatchSize = None
    epochs: Epochs = 40
    patience: Patience = 6
    metric: StopMetric = "log_loss"
    goal: Goal = None
    balanced: Balanced = False
    focal: Focal = 0.0
    validation_share: ValidationShare = 0.15

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        for group in self.series:
            if len(group) < 2 or len(set(group)) < len(group):
                raise ValueError("a series must name at least two columns, each once")
        return self


def _estimate(config: TransformerConfig, rows: int, columns: int, device: Device) -> Estimate:
    cuda = estimate.uses_cuda(device)
    tokens, width = columns + 1, config.width
    # Of the last block only one token is computed in full.
    blocks = config.depth - 0.5
    per_row = ROW_NS + blocks * tokens * (TOKEN_NS + width * WIDTH_NS + tokens * PAIR_NS)
    batch = config.batch_size or estimate.default_batch_size(rows, "cuda" if cuda else "cpu")
    per_epoch = rows * per_row
    if cuda:
        per_epoch = per_epoch * CUDA_SHARE + rows / batch * config.depth * CUDA_BLOCK_STEP_SECONDS * 1e9
    usual = min(config.epochs, 3 * config.patience)
    held = 4 * min(batch, rows) * config.depth * tokens * (14 * width + 4 * config.heads * tokens)
    return estimate.from_nanoseconds(
        usual * per_epoch, config.epochs * per_epoch, memory=rows * columns * CELL_BYTES + held
    )


FAMILY = Family(
    key="transformer",
    title="FT-Transformer",
    summary="Attention between the columns of a row, and between months where there are monthly columns. "
    "Uses a GPU when there is one.",
    purpose="Credit rating with a payment history in monthly columns, or as one more voice in an ensemble.",
    strengths=("Knows which columns are the same quantity at other times", "Finds interactions by itself"),
    limits=("Slow without a GPU", "Explained by estimates with a standard error"),
    cost="Minutes",
    group="network",
    config=TransformerConfig,
    estimator="aimass_core.models.transformer:TransformerClassifier",
    estimate=_estimate,
    order=50,
    space={
        "width": Choice((16, 32, 48, 64)),
        "depth": Span(1, 3, whole=True),
        "dropout": Span(0.0, 0.3),
        "attention_dropout": Span(0.0, 0.3),
        "rate": Span(3e-4, 3e-3, log=True),
        "weight_decay": Span(1e-4, 1e-1, log=True),
    },
)
