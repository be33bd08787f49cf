"""What long work says about itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Progress(BaseModel):
    """One message from long work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int = Field(description="Steps done so far.")
    steps: int = Field(description="Steps planned; work may stop earlier.")
    message: str = Field(default="", description="What is going on, for a person.")
    loss: float | None = Field(default=None, description="Training loss (mean log loss, natural log).")
    metric_name: str = Field(default="", description="Name of the validation measure.")
    metric: float | None = Field(default=None, description="Value of the validation measure.")
    seconds: float = Field(default=0.0, description="Seconds since the work began.")
    detail: dict[str, Any] | None = Field(
        default=None, description="More to show while it runs, as JSON values: the trials of a search…"
    )


Report = Callable[[Progress], None]
"""Where long work sends its messages."""
