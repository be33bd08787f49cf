"""TabM-mini: one multilayer perceptron shared by members that each scale its inputs in their own way."""

from __future__ import annotations

import torch
from tabm import LinearEnsemble, make_tabm_backbone
from torch import Tensor, nn
from torch.nn import functional

from aimass_core.models.folded import Folded
from aimass_core.models.network_parts import LabelVectors, NumberVectors, TabularNetwork, owned_inputs


class SharedDropout(nn.Module):
    """Dropout with one mask for all members of a row, shape (n, members, width).

    Drawing a mask for each member took a fifth of the time of training and ranked no better.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with a share of its width set to 0 and the rest scaled up, in training only."""
        if not self.training or not self.share:
            return x
        return x * functional.dropout(x.new_ones(len(x), 1, x.shape[2]), self.share)


class TabmNetwork(TabularNetwork):
    """Vectors of numbers (piecewise linear) and of labels, then TabM-mini (Gorishniy et al., ICLR 2025).

    The members see the same rows. What differs between them is a scale for each input feature, one for all
    dimensions of its vector, and the last layer; all else is shared.

    Parameters
    ----------
    segments : number of segments of each number column.
    flags : which number columns have an input for missing.
    cardinalities : number of indices of each label column.
    number_size, label_size : size of the vector of a number and of a label.

    Shapes
    ------
    numbers (n, len(segments)) float, labels (n, len(cardinalities)) int64 → logits (n, members).
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
        number_size: int,
        label_size: int,
        members: int,
    ) -> None:
        super().__init__()
        self.numbers = NumberVectors(segments, flags, number_size)
        self.labels = LabelVectors(cardinalities, label_size)
        features = self.numbers.sizes + self.labels.sizes
        self.members = members
        self.backbone = make_tabm_backbone(
            d_in=sum(features),
            n_blocks=depth,
            d_block=width,
            dropout=dropout,
            activation="ReLU",
            k=members,
            arch_type="tabm-mini",
            start_scaling_init="normal",
            start_scaling_init_chunks=features,
        )
        for block in self.backbone.blocks:
            for place, part in enumerate(block):
                if isinstance(part, nn.Dropout):
                    block[place] = SharedDropout(dropout)
        self.head = LinearEnsemble(width, 1, k=members)
        self.owned = owned_inputs(self.numbers, self.labels, len(segments))

    @torch.no_grad()
    def start_at(self, log_odds: float) -> None:
        """Set the bias of every member's last layer."""
        assert isinstance(self.head.bias, nn.Parameter)
        self.head.bias.fill_(log_odds)

    def encode(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the inputs of the perceptron before members scale them, shape (n, inputs)."""
        return torch.cat([self.numbers(numbers), *self.labels.vectors(labels)], dim=1)

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the logits of the positive class of every member, shape (n, members)."""
        # Scaling the weights and not the rows is the same product without a copy of the rows per member.
        total = functional.linear(self.encode(numbers, labels), self._scaled_weight().flatten(0, 1))
        first, *rest = self.backbone.blocks
        linear, *others = first
        x = total.reshape(len(total), self.members, -1) + linear.bias
        for part in others:
            x = part(x)
        for block in rest:
            x = block(x)
        return self.head(x).squeeze(2)  # type: ignore[no-any-return]

    def first_weight(self) -> Tensor:
        """Return the weight of the first linear layer, that of a member after the other, (…, inputs)."""
        return self._scaled_weight().flatten(0, 1).detach()

    def after_first_layer(self) -> Folded:
        """Return the layers after the first linear one, in evaluation mode."""
        first, *rest = [block[0] for block in self.backbone.blocks]
        hidden = tuple((linear.weight.detach(), linear.bias.detach()) for linear in rest)
        assert isinstance(self.head.bias, nn.Parameter)
        shift = first.bias.detach().expand(self.members, -1)
        return Folded(
            torch.ones_like(shift),
            shift,
            hidden,
            self.head.weight.detach().squeeze(2),
            self.head.bias.detach().flatten(),
        )

    def _scaled_weight(self) -> Tensor:
        """Return the first layer's weight as each member scales its inputs, (members, width, inputs)."""
        found: Tensor = self.backbone.blocks[0][0].weight * self.backbone.affine.weight[:, None, :]
        return found
