"""How a run is validated: by which method, with how many folds, seeds, sizes or groups."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aimass_core.evaluate.validation import Method

SHARES = (0.125, 0.25, 0.5, 1.0)


class ValidationSpec(BaseModel):
    """One validation of one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = Field(description="Run to validate: its id or name.")
    method: Method = Field(
        default="folds",
        description="folds: repeated stratified folds; time: learn from the past, measure on the next block; "
        "group: whole groups left out; learning-curve: fewer training rows; feature-groups: without a group.",
    )
    folds: int = Field(default=5, ge=2, le=20, description="Folds, 2 to 20.")
    repeats: int = Field(default=1, ge=1, le=20, description="Rounds of stratified folds, 1 to 20.")
    seeds: int = Field(
        default=3, ge=1, le=10, description="Fits of each size or group, with other random numbers; 1 to 10."
    )
    shares: tuple[float, ...] = Field(
        default=SHARES,
        min_length=2,
        max_length=10,
        description="Shares of the training rows, ascending to 1.",
    )
    time_column: str | None = Field(default=None, description="For time; empty: that of the run or the role.")
    group_column: str | None = Field(
        default=None, description="For group; empty: that of the run or the role."
    )
    groups: dict[str, tuple[str, ...]] | None = Field(
        default=None, description="Features of each group, for feature-groups; empty: guessed from names."
    )
    seed: int = Field(default=0, ge=0, description="Random seed of folds and subsets.")

    @field_validator("shares")
    @classmethod
    def _ascending(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < share <= 1 for share in shares) or list(shares) != sorted(set(shares)):
            raise ValueError("shares must ascend, be above 0 and at most 1")
        return shares
