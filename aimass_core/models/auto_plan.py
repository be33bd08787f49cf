"""What `auto` settled on: enough to train the same model again without looking at the clock."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class PlannedMember(BaseModel):
    """One member of the mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str = Field(description="Key of its family.")
    config: dict[str, Any] = Field(description="All settings of the family.")
    weight: float = Field(gt=0, le=1, description="Its share of the mean; the shares sum to 1.")
    folds: tuple[int, ...] = Field(description="Inner folds it was judged on, counted from 0.")
    refit: bool = Field(
        description="Fitted again to all rows; otherwise it is the mean of the models of its folds."
    )
    seeds: tuple[int, ...] = Field(
        default=(), description="Seeds it was fitted again with, each a model of its own."
    )
