"""Settings that networks share, each with its range and its words; a card gives the default."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aimass_core.models.family import Metric

Embedding = Annotated[int, Field(ge=1, le=256, description="Size of the vector learnt for each label.")]
Rate = Annotated[float, Field(gt=0, le=1, description="Learning rate of AdamW.")]
WeightDecay = Annotated[float, Field(ge=0, le=10, description="Weight decay of AdamW.")]
BatchSize = Annotated[
    int | None,
    Field(ge=2, le=1_000_000, description="Rows per step; empty: chosen by the number of rows."),
]
Epochs = Annotated[int, Field(ge=1, le=10_000, description="Most passes over the training rows.")]
Patience = Annotated[
    int, Field(ge=1, le=1_000, description="Epochs without a better validation measure before stopping.")
]
StopMetric = Annotated[
    Metric, Field(description="Validation measure that decides when to stop and which weights to keep.")
]
Goal = Annotated[
    float | None,
    Field(
        description="Training stops once the validation measure is at least this good; empty: no such goal."
    ),
]
Balanced = Annotated[
    bool, Field(description="Both classes weigh the same in training; spoils the calibration of scores.")
]
Focal = Annotated[
    float,
    Field(
        ge=0,
        le=10,
        description="Exponent of the focal loss, which plays down rows already right; 0: log loss. "
        "Spoils the calibration of scores.",
    ),
]
ValidationShare = Annotated[
    float,
    Field(
        gt=0,
        lt=1,
        description="Share of the rows kept to stop training when no validation rows are given, 0 to 1.",
    ),
]
