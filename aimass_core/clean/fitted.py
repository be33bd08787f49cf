"""Steps after learning: what each does to a matrix, as tensors on any device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import torch


class _Fitted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[int, ...] = Field(description="Matrix columns it works on.")

    @property
    def index(self) -> list[int]:
        """The columns as tensors take them."""
        return list(self.columns)


class FittedOutliers(_Fitted):
    """Limits learnt by :class:`aimass_core.clean.recipe.OutlierStep`."""

    kind: Literal["outliers"] = "outliers"
    low: tuple[float, ...] = Field(description="Lower limit of each column.")
    high: tuple[float, ...] = Field(description="Upper limit of each column.")
    action: Literal["cap", "blank", "drop"] = Field(description="What happens to values outside.")

    @property
    def rule(self) -> str:
        """Name under which its changes are counted."""
        return {"cap": "outlier-capped", "blank": "outlier-blanked", "drop": "outlier-row-dropped"}[
            self.action
        ]

    def found(self, x: torch.Tensor) -> torch.Tensor:
        """Cells outside the limits, shape (n, columns); missing is never outside."""
        part = x[:, self.index]
        return (part < x.new_tensor(self.low)) | (part > x.new_tensor(self.high))

    def changed(self, x: torch.Tensor) -> torch.Tensor:
        """The matrix after the step, same shape; `drop` changes no cell."""
        if self.action == "drop":
            return x
        after, part = x.clone(), x[:, self.index]
        if self.action == "cap":
            # clamp keeps NaN as it is
            after[:, self.index] = part.clamp(x.new_tensor(self.low), x.new_tensor(self.high))
        else:
            after[:, self.index] = part.masked_fill(self.found(x), float("nan"))
        return after

    @property
    def drops(self) -> bool:
        """Whether training rows with a found cell are left out."""
        return self.action == "drop"


class FittedMissing(_Fitted):
    """Values learnt by :class:`aimass_core.clean.recipe.MissingStep`."""

    kind: Literal["missing"] = "missing"
    method: Literal["median", "mode", "constant", "drop"] = Field(description="How the values were found.")
    values: tuple[float | None, ...] = Field(
        description="Value of each column; None where no training row had any: the column stays as it is."
    )
    indicated: tuple[int, ...] = Field(description="Columns that get an indicator column, in order.")
    label: str = Field(default="", description="Constant for categories, which may be a label of its own.")

    @property
    def rule(self) -> str:
        """Name under which its changes are counted."""
        return "missing-row-dropped" if self.drops else f"missing-filled-{self.method}"

    def found(self, x: torch.Tensor) -> torch.Tensor:
        """Missing cells that the step deals with, shape (n, columns)."""
        import torch

        can = [self.drops or value is not None for value in self.values]
        return x[:, self.index].isnan() & torch.tensor(can, device=x.device)

    def changed(self, x: torch.Tensor) -> torch.Tensor:
        """The matrix after the step, with its indicator columns appended."""
        import torch

        after = x
        if not self.drops and self.columns:
            after, part = x.clone(), x[:, self.index]
            fill = x.new_tensor([float("nan") if value is None else value for value in self.values])
            after[:, self.index] = torch.where(part.isnan(), fill, part)
        if not self.indicated:
            return after
        return torch.cat([after, x[:, list(self.indicated)].isnan().to(x.dtype)], dim=1)

    @property
    def drops(self) -> bool:
        """Whether training rows with a found cell are left out."""
        return self.method == "drop"


class FittedRare(_Fitted):
    """Labels kept by :class:`aimass_core.clean.recipe.RareStep`."""

    kind: Literal["rare"] = "rare"
    rare: tuple[tuple[int, ...], ...] = Field(description="Codes of each column that become other.")
    other: tuple[int, ...] = Field(description="Code of other of each column.")
    drops: Literal[False] = Field(default=False, description="It never leaves out rows.")

    @property
    def rule(self) -> str:
        """Name under which its changes are counted."""
        return "rare-to-other"

    def found(self, x: torch.Tensor) -> torch.Tensor:
        """Cells with a rare label, shape (n, columns)."""
        import torch

        parts = [
            torch.isin(x[:, column], x.new_tensor(codes))
            for column, codes in zip(self.columns, self.rare, strict=True)
        ]
        return torch.stack(parts, dim=1) if parts else x.new_zeros((x.shape[0], 0), dtype=torch.bool)

    def changed(self, x: torch.Tensor) -> torch.Tensor:
        """The matrix after the step, same shape."""
        import torch

        if not self.columns:
            return x
        after, part = x.clone(), x[:, self.index]
        after[:, self.index] = torch.where(self.found(x), x.new_tensor(self.other), part)
        return after


FittedStep = Annotated[FittedOutliers | FittedMissing | FittedRare, Field(discriminator="kind")]
"""Any step after learning."""
