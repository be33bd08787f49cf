"""A cleaning recipe: repairs that make the next version, and steps that each training learns anew."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aimass_core.intake.repair import Repair


class OutlierStep(BaseModel):
    """Values far outside the middle half of the training rows.

    Below Q1 − factor · IQR or above Q3 + factor · IQR; Q1 and Q3 are the quartiles, IQR their distance:
    Tukey (1977), "Exploratory Data Analysis". A column whose middle half is one value (IQR 0) is left alone:
    there, every other value would be an outlier.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["outliers"] = "outliers"
    columns: tuple[str, ...] | None = Field(default=None, description="Number columns; empty means all.")
    factor: float = Field(
        default=1.5, ge=0.5, le=20, description="Multiples of the interquartile range: 1.5 usual, 3 extreme."
    )
    action: Literal["cap", "blank", "drop"] = Field(
        default="cap",
        description="cap: set to the limit; blank: make missing; drop: leave the row out of training.",
    )


class MissingStep(BaseModel):
    """Missing values get a value learnt from the training rows, or their rows are left out of training.

    Categories take the most frequent label where the method is median, for labels have no middle.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["missing"] = "missing"
    columns: tuple[str, ...] | None = Field(default=None, description="Columns; empty means all.")
    method: Literal["median", "mode", "constant", "drop"] = Field(
        default="median",
        description="Value to fill in; drop leaves the row out of training (never out of scoring).",
    )
    constant: float | str | None = Field(
        default=None,
        description="Value for the method constant: a number fills number columns, text fills categories.",
    )
    indicator: bool = Field(
        default=False, description="Add a column that is 1 where the value was missing, for columns with any."
    )

    @model_validator(mode="after")
    def _complete(self) -> MissingStep:
        if (self.method == "constant") == (self.constant is None):
            raise ValueError("a constant must be given for the method `constant`, and only for it")
        return self


class RareStep(BaseModel):
    """Labels that few training rows have become "other", as labels never seen in training do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["rare"] = "rare"
    columns: tuple[str, ...] | None = Field(default=None, description="Category columns; empty means all.")
    min_share: float = Field(
        default=0.01, gt=0, lt=0.5, description="Smallest share of the rows with a value that a label needs."
    )


Step = Annotated[OutlierStep | MissingStep | RareStep, Field(discriminator="kind")]
"""Any step that learns; as JSON its `kind` says which."""


class Recipe(BaseModel):
    """Repairs and steps, each in the order it is done; all repairs come before all steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repairs: tuple[Repair, ...] = Field(
        default=(), description="Done once in SQL; they make the next version of the data set."
    )
    steps: tuple[Step, ...] = Field(
        default=(), description="Learnt on the training rows of each run, then applied unchanged."
    )
