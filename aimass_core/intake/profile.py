"""What a data set looks like: one frozen, JSON-able result."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.schema import Kind, Role

Severity = Literal["serious", "warning", "info", "not applicable"]
Code = Literal[
    "missing",
    "sentinel",
    "duplicate-rows",
    "constant",
    "id-like",
    "mixed-type",
    "outliers",
    "infinite",
    "class-imbalance",
    "one-class-target",
    "target-leakage",
    "personal-data",
]
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Finding(BaseModel):
    """Something an analyst should know or do about the data."""

    model_config = _FROZEN

    code: Code = Field(description="Which check found it.")
    severity: Severity = Field(description="`not applicable`: the check could not run.")
    column: str | None = Field(default=None, description="The column it is about; None for the whole table.")
    text: str = Field(description="What was found, in plain words.")
    todo: str = Field(default="", description="What to do about it.")
    count: int | None = Field(default=None, description="Rows it is about.")


class ColumnProfile(BaseModel):
    """One column in numbers. An undefined measure is None."""

    model_config = _FROZEN

    name: str = Field(description="Name of the column.")
    kind: Kind = Field(description="Its kind.")
    role: Role = Field(description="Its role when the profile was made.")
    missing: int = Field(description="Rows without a value (exact).")
    distinct: int = Field(description="Different values.")
    distinct_exact: bool = Field(
        default=False, description="False: estimated by HyperLogLog, within a few %."
    )
    infinite: int = Field(default=0, description="Infinite values (exact); they count in no other measure.")
    min: float | str | None = Field(default=None, description="Lowest value (exact); dates as ISO 8601.")
    max: float | str | None = Field(default=None, description="Highest value (exact); dates as ISO 8601.")
    mean: float | None = Field(default=None, description="Mean (exact).")
    std: float | None = Field(default=None, description="Sample standard deviation (exact).")
    q05: float | None = Field(default=None, description="5 % quantile, from the sample.")
    q25: float | None = Field(default=None, description="Lower quartile, from the sample.")
    median: float | None = Field(default=None, description="Median, from the sample.")
    q75: float | None = Field(default=None, description="Upper quartile, from the sample.")
    q95: float | None = Field(default=None, description="95 % quantile, from the sample.")
    histogram: tuple[tuple[float, float, int], ...] = Field(
        default=(),
        description="Bins (low, high, rows of the sample), at most 20; dates in days since 1970-01-01.",
    )
    top: tuple[tuple[str, int], ...] = Field(
        default=(), description="Most frequent values, at most 20 (exact)."
    )
    sentinels: tuple[tuple[float | str, int], ...] = Field(
        default=(), description="Values that stand for missing, with their rows (exact)."
    )
    outliers_low: int = Field(default=0, description="Values more than 1.5 IQR below the lower quartile.")
    outliers_high: int = Field(default=0, description="Values more than 1.5 IQR above the upper quartile.")


class Profile(BaseModel):
    """A data set in numbers, with findings, the most severe first."""

    model_config = _FROZEN

    rows: int = Field(description="Rows of the data set.")
    sample_rows: int = Field(description="Rows in the random sample behind quantiles and histograms.")
    sampled: bool = Field(description="Whether the sample is less than all rows.")
    duplicates: int = Field(description="Rows that equal an earlier row in every column (exact).")
    columns: tuple[ColumnProfile, ...] = Field(description="Columns in file order.")
    findings: tuple[Finding, ...] = Field(default=(), description="Findings, the most severe first.")

    def column(self, name: str) -> ColumnProfile:
        """Return one column's profile; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
