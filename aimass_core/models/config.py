"""What a person can set of each model family."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Metric = Literal["log_loss", "auc", "average_precision"]


class ScorecardConfig(BaseModel):
    """Settings of the scorecard: logistic regression on quantile bins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bins: int = Field(default=20, ge=2, le=100, description="Most bins per number, each with as many rows.")
    l2: float = Field(default=1.0, ge=1e-6, le=1e6, description="Penalty on the points of each bin.")
    smoothing: float = Field(
        default=10.0, ge=0, le=1e6, description="Penalty on the step from one bin to the next; 0: none."
    )
    max_iterations: int = Field(default=500, ge=10, le=10_000, description="Most steps of the optimiser.")


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


class DannConfig(BaseModel):
    """Settings of DANN, the deep discriminative network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=128, ge=4, le=4096, description="Units of each dense block.")
    depth: int = Field(default=2, ge=1, le=16, description="Number of dense blocks.")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="Share of units dropped in training, 0 to 1.")
    bins: int = Field(
        default=16,
        ge=1,
        le=128,
        description="Quantile segments each number is spread over before the network.",
    )
    embedding: int = Field(default=8, ge=1, le=256, description="Size of the vector learnt for each label.")
    rate: float = Field(default=1e-3, gt=0, le=1, description="Learning rate of AdamW.")
    weight_decay: float = Field(default=1e-2, ge=0, le=10, description="Weight decay of AdamW.")
    batch_size: int | None = Field(
        default=None, ge=2, le=1_000_000, description="Rows per step; empty: chosen by the number of rows."
    )
    epochs: int = Field(default=60, ge=1, le=10_000, description="Most passes over the training rows.")
    patience: int = Field(
        default=8, ge=1, le=1_000, description="Epochs without a better validation measure before stopping."
    )
    metric: Metric = Field(
        default="log_loss",
        description="Validation measure that decides when to stop and which weights to keep.",
    )
    balanced: bool = Field(
        default=False,
        description="Both classes weigh the same in training; spoils the calibration of scores.",
    )
    domain_weight: float = Field(
        default=1.0,
        ge=0,
        le=100,
        description="Largest weight of the reversed domain gradient; needs a domain.",
    )
    validation_share: float = Field(
        default=0.15,
        gt=0,
        lt=1,
        description="Share of the rows kept to stop training when no validation rows are given, 0 to 1.",
    )
