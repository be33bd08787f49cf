"""What all networks on tables are made of: the interface, vectors of labels."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from aimass_core.models.network_inputs import UNSEEN


class TabularNetwork(nn.Module, ABC):
    """A network on positions of numbers and indices of labels.

    Shapes
    ------
    numbers (n, number columns) float, NaN = missing; labels (n, label columns) int64 → logits of the positive
    class, (n,) or, when it has members, (n, members). Rows must not touch each other in evaluation mode.
    """

    def __call__(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return `forward`, with its type."""
        return super().__call__(numbers, labels)  # type: ignore[no-any-return]

    @abstractmethod
    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the logits."""

    @abstractmethod
    def start_at(self, log_odds: float) -> None:
        """Set the last bias so that the untrained network says about `log_odds` of every row."""

    def settle_unseen(self, counts: list[Tensor]) -> None:
        """Give labels not seen in training the mean vector of the seen ones, after training.

        The default does so in every `LabelVectors` of the network.

        Parameters
        ----------
        counts : how many training rows have each index, one tensor per label column.
        """
        for part in self.modules():
            if isinstance(part, LabelVectors):
                part.settle_unseen(counts)


class LabelVectors(nn.ModuleList):
    """A learnt vector for each index of each label column.

    Parameters
    ----------
    cardinalities : number of indices of each label column.
    size : size of a vector; with `shrink`, columns of few labels get half as many dimensions as labels.
    """

    def __init__(self, cardinalities: tuple[int, ...], size: int, *, shrink: bool = True) -> None:
        self.sizes = [min(size, (count + 1) // 2) if shrink else size for count in cardinalities]
        super().__init__(
            nn.Embedding(count, width) for count, width in zip(cardinalities, self.sizes, strict=True)
        )

    def reset_parameters(self) -> None:
        """Start from small vectors."""
        for table in self:
            nn.init.normal_(table.weight, std=0.1)  # type: ignore[arg-type]

    def vectors(self, labels: Tensor) -> list[Tensor]:
        """Return the vectors (n, size) of each label column."""
        return [table(labels[:, j]) for j, table in enumerate(self)]

    @torch.no_grad()
    def settle_unseen(self, counts: list[Tensor]) -> None:
        """Give the index of unseen labels the mean vector of the others, weighted by their rows."""
        for table, count in zip(self, counts, strict=True):
            weights: Tensor = table.weight  # type: ignore[assignment]
            share = count.to(weights.dtype) / count.sum().clamp(min=1)
            weights[UNSEEN] = share @ weights
