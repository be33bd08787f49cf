"""What all networks on tables are made of: the interface, vectors of numbers and of labels."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from rtdl_num_embeddings import PiecewiseLinearEmbeddings
from torch import Tensor, nn

from aimass_core.models.network_inputs import UNSEEN

SPREAD = 12**0.5
"""Width of the uniform distribution of variance 1: how far apart the lowest and highest knots are put."""


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


class SpreadNumbers(nn.Module):
    """Each number spread over its segments: 1 for those below it, a share for its own, 0 for those above.

    The piecewise-linear encoding of Gorishniy, Rubachev & Babenko, "On embeddings for numerical features",
    NeurIPS 2022, with an input for each gap; nothing is learnt.

    Parameters
    ----------
    segments : number of segments of each number column.
    flags : which number columns have an input for missing.

    Attributes
    ----------
    owners : number column of each input.
    """

    segment: Tensor
    column: Tensor
    flagged: Tensor

    def __init__(self, segments: tuple[int, ...], flags: tuple[bool, ...]) -> None:
        super().__init__()
        columns = [j for j, count in enumerate(segments) for _ in range(count)]
        starts = [float(k) for count in segments for k in range(count)]
        flagged = [j for j, flag in enumerate(flags) if flag]
        self.owners = columns + flagged
        # Rebuilt from the settings on load, so they need no place among the saved weights.
        self.register_buffer("column", torch.tensor(columns, dtype=torch.int64), persistent=False)
        self.register_buffer("segment", torch.tensor(starts), persistent=False)
        self.register_buffer("flagged", torch.tensor(flagged, dtype=torch.int64), persistent=False)

    def forward(self, numbers: Tensor) -> Tensor:
        """Return segments, then what is missing, shape (n, len(owners)), from positions (n, columns)."""
        missing = torch.isnan(numbers)
        filled = torch.where(missing, torch.zeros_like(numbers), numbers)
        spread = (filled[:, self.column] - self.segment).clamp(0.0, 1.0)
        return torch.cat([spread, missing[:, self.flagged].to(numbers.dtype)], dim=1)


class NumberVectors(nn.Module):
    """A learnt vector of each number, piecewise linear in its position, and an input for each gap.

    From the same paper, as `SpreadNumbers`; the modules are the authors'.

    Parameters
    ----------
    segments : number of segments of each number column.
    flags : which number columns have an input for missing.
    size : size of a vector.
    activation : whether the vectors end in a ReLU, after a start at random; otherwise they start as straight
        lines and bend as they learn.

    Attributes
    ----------
    sizes : inputs of each column, then 1 for each that has an input for missing.
    owners : number column of each input.
    """

    length: Tensor
    flagged: Tensor

    def __init__(
        self, segments: tuple[int, ...], flags: tuple[bool, ...], size: int, *, activation: bool = False
    ) -> None:
        super().__init__()
        flagged = [j for j, flag in enumerate(flags) if flag]
        self.sizes = [size] * len(segments) + [1] * len(flagged)
        self.owners = [j for j in range(len(segments)) for _ in range(size)] + flagged
        self.register_buffer("length", torch.tensor(segments, dtype=torch.float32), persistent=False)
        self.register_buffer("flagged", torch.tensor(flagged, dtype=torch.int64), persistent=False)
        # At least two segments: of a single one the package warns, as it could be a plain number.
        knots = [torch.linspace(-SPREAD / 2, SPREAD / 2, max(count, 2) + 1) for count in segments]
        self.vectors = (
            PiecewiseLinearEmbeddings(knots, size, activation=activation, version="A" if activation else "B")
            if knots
            else None
        )

    def forward(self, numbers: Tensor) -> Tensor:
        """Return vectors, then what is missing, shape (n, len(owners)), from positions (n, columns)."""
        if self.vectors is None:
            return numbers
        missing = torch.isnan(numbers)
        # A missing number stands in the middle; its own input says that it is missing.
        centred = torch.where(missing, 0.0, (numbers / self.length - 0.5) * SPREAD)
        return torch.cat(
            [self.vectors(centred).flatten(1), missing[:, self.flagged].to(numbers.dtype)], dim=1
        )


class LabelVectors(nn.ModuleList):
    """A learnt vector for each index of each label column.

    Parameters
    ----------
    cardinalities : number of indices of each label column.
    size : size of a vector; with `shrink`, columns of few labels get half as many dimensions as labels.

    Attributes
    ----------
    sizes : size of the vectors of each column.
    owners : label column of each input, all vectors side by side.
    """

    def __init__(self, cardinalities: tuple[int, ...], size: int, *, shrink: bool = True) -> None:
        self.sizes = [min(size, (count + 1) // 2) if shrink else size for count in cardinalities]
        self.owners = [j for j, width in enumerate(self.sizes) for _ in range(width)]
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


def owned_inputs(
    numbers: SpreadNumbers | NumberVectors, labels: LabelVectors, columns: int
) -> list[list[int]]:
    """Return the inputs of each column: number columns first, then label columns.

    Parameters
    ----------
    columns : number of number columns.
    """
    owners = numbers.owners + [columns + j for j in labels.owners]
    return [[i for i, owner in enumerate(owners) if owner == j] for j in range(columns + len(labels.sizes))]
