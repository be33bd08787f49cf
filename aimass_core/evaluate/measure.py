"""A measured number, its interval, and how both travel as JSON."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


def _from_json(value: Any) -> Any:
    return math.nan if value is None else value


def _to_json(value: float) -> float | None:
    return value if math.isfinite(value) else None


Number = Annotated[
    float,
    BeforeValidator(_from_json),
    PlainSerializer(_to_json, return_type=float | None, when_used="json"),
]
"""A float that may be NaN (undefined): JSON has no NaN, so it travels as null and comes back as NaN."""


class Measure(BaseModel):
    """One measure with its 95 % interval; NaN where it is undefined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Number = Field(description="The measure on all rows; NaN when undefined.")
    low: Number = Field(default=math.nan, description="Lower end of the 95 % bootstrap interval.")
    high: Number = Field(default=math.nan, description="Upper end of the 95 % bootstrap interval.")
