"""The deep discriminative network and its gradient-reversal head."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from aimass_core.models.folded import Folded, of_norm
from aimass_core.models.network_parts import (
    LabelVectors,
    NumberVectors,
    SpreadNumbers,
    TabularNetwork,
    owned_inputs,
)


class ReverseGradient(torch.autograd.Function):
    """Identity forwards, gradient times ``-strength`` backwards (Ganin et al., JMLR 17, 2016)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        """Return `x`."""
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the reversed gradient."""
        return -ctx.strength * gradient, None


class DenseBlock(nn.Module):
    """Linear map, batch norm, ReLU, dropout; shape (n, inputs) to (n, outputs)."""

    def __init__(self, inputs: int, outputs: int, *, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)  # batch norm has the bias
        self.norm = nn.BatchNorm1d(outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's features."""
        return self.dropout(torch.relu(self.norm(self.linear(x))))  # type: ignore[no-any-return]

    def folded(self) -> tuple[Tensor, Tensor]:
        """Return weight and bias of the linear map that the block is before its ReLU, in evaluation mode."""
        scale, shift = of_norm(self.norm)
        return self.linear.weight.detach() * scale[:, None], shift


class DannNetwork(TabularNetwork):
    """Piecewise-linear numbers and embedded labels, dense blocks, one logit; optional domain head.

    Parameters
    ----------
    segments : number of segments of each number column.
    flags : which number columns have an input for missing.
    cardinalities : number of indices of each label column.
    embedding : size of the vector of a label.
    number_size : size of the vector of a number; 0: its segments enter the first block as they are.
    domains : number of domains; 0 leaves the domain head out.

    Shapes
    ------
    numbers (n, len(segments)) float, labels (n, len(cardinalities)) int64 → logits (n,).
    """

    def __init__(
        self,
        segments: tuple[int, ...],
        flags: tuple[bool, ...],
        cardinalities: tuple[int, ...],
        *,
        width: int,
        depth: int,
        dropout: float,
        embedding: int,
        number_size: int = 0,
        domains: int = 0,
    ) -> None:
        super().__init__()
        self.numbers = (
            NumberVectors(segments, flags, number_size, activation=True)
            if number_size
            else SpreadNumbers(segments, flags)
        )
        self.embeddings = LabelVectors(cardinalities, embedding)
        self.owned = owned_inputs(self.numbers, self.embeddings, len(segments))
        inputs = len(self.numbers.owners) + len(self.embeddings.owners)
        self.blocks = nn.Sequential(
            *(DenseBlock(inputs if k == 0 else width, width, dropout=dropout) for k in range(depth))
        )
        self.head = nn.Linear(width, 1)
        self.domain_head = (
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, domains)) if domains else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start from small embeddings and a head that says nothing."""
        self.embeddings.reset_parameters()
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def encode(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the inputs of the first block."""
        return torch.cat([self.numbers(numbers), *self.embeddings.vectors(labels)], dim=1)

    def features(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the features of the last block, shape (n, width)."""
        return self.blocks(self.encode(numbers, labels))  # type: ignore[no-any-return]

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the logits of the positive class, shape (n,)."""
        return self.head(self.features(numbers, labels)).squeeze(1)  # type: ignore[no-any-return]

    def first_weight(self) -> Tensor:
        """Return the weight of the first linear layer, shape (width, inputs)."""
        return self.blocks[0].linear.weight.detach()  # type: ignore[union-attr, operator]

    def after_first_layer(self) -> Folded:
        """Return the layers after the first linear one, in evaluation mode."""
        first, *rest = self.blocks
        scale, shift = of_norm(first.norm)  # type: ignore[arg-type]
        hidden = tuple(block.folded() for block in rest)  # type: ignore[operator]
        return Folded(scale, shift, hidden, self.head.weight.detach(), self.head.bias.detach())

    def both(self, numbers: Tensor, labels: Tensor, *, strength: float) -> tuple[Tensor, Tensor]:
        """Return class logits (n,) and domain logits (n, domains) behind the reversed gradient."""
        features = self.features(numbers, labels)
        reversed_features = ReverseGradient.apply(features, strength)  # type: ignore[no-untyped-call]
        assert self.domain_head is not None
        return self.head(features).squeeze(1), self.domain_head(reversed_features)

    @torch.no_grad()
    def start_at(self, log_odds: float) -> None:
        """Set the bias of the head."""
        self.head.bias.fill_(log_odds)
