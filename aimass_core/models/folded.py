"""What a perceptron does after its first linear layer, batch norm folded into the layers around it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from aimass_core.models.losses import log_odds_of_members


@dataclass(frozen=True, slots=True)
class Folded:
    """``head · relu(… weight · relu(scale · total + shift) + bias …)``, for each member.

    The same function as the network's own layers in evaluation mode, in fewer steps: a batch norm is then
    a scale and a shift of each unit (Ioffe & Szegedy 2015, algorithm 2), which go into the weights before it.

    Attributes
    ----------
    scale, shift : of each unit of the first linear layer, shape (width,), or (members, width) of members
        with a first layer of their own.
    hidden : weight (outputs, inputs) and bias (outputs,) of the layers between, each after a ReLU.
    head : weights of the logits, shape (members, width). bias : shape (members,).
    """

    scale: Tensor
    shift: Tensor
    hidden: tuple[tuple[Tensor, Tensor], ...]
    head: Tensor
    bias: Tensor

    @property
    def operations(self) -> float:
        """Floating-point operations of one row, counting a multiplication and an addition as two."""
        inner = sum(weight.numel() for weight, _ in self.hidden)
        return 2.0 * len(self.head) * (inner + self.head.shape[1])

    def to(self, dtype: torch.dtype) -> Folded:
        """Return it in another precision."""
        return Folded(
            self.scale.to(dtype),
            self.shift.to(dtype),
            tuple((weight.to(dtype), bias.to(dtype)) for weight, bias in self.hidden),
            self.head.to(dtype),
            self.bias.to(dtype),
        )

    def log_odds(self, total: Tensor) -> Tensor:
        """Return log-odds, shape (n,), of first layers already scaled and shifted.

        Parameters
        ----------
        total : shape (n, width) or (n, members, width), contiguous; it is overwritten.
        """
        members = len(self.head)
        x = total.relu_().view(-1, total.shape[-1])
        for weight, bias in self.hidden:
            x = functional.linear(x, weight, bias).relu_()
        if members == 1:
            return torch.mv(x, self.head[0]) + self.bias
        logits = x.view(-1, members, x.shape[1]).mul_(self.head).sum(dim=2)
        return log_odds_of_members(logits + self.bias)


def of_norm(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Return the scale and the shift that a batch norm is in evaluation mode, shape (units,) each."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    return scale.detach(), (norm.bias - mean * scale).detach()
