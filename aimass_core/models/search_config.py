"""How a search for the best settings of a family is limited and judged."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.models.family import Metric

MOST_TRIALS = 200
"""Trials that are kept and shown; also the most a search may make."""


class SearchConfig(BaseModel):
    """A search for the best settings of a family; the defaults are always the first trial."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget_seconds: float = Field(
        default=120.0, gt=0, le=86_400, description="Time for the search, in seconds; more than 0."
    )
    trials: int = Field(default=50, ge=1, le=MOST_TRIALS, description="Most settings to try, 1 to 200.")
    by: Literal["validation", "folds"] = Field(
        default="folds",
        description="What settings are judged on: folds: cross-validation over the training rows; "
        "validation: the validation rows.",
    )
    folds: int = Field(
        default=3, ge=2, le=20, description="Number of folds, 2 to 20; in order of time when rows have one."
    )
    metric: Metric = Field(default="log_loss", description="Measure by which settings are compared.")
