"""TabM-mini: one multilayer perceptron shared by members that each scale its inputs in their own way."""

from __future__ import annotations

import torch
from rtdl_num_embeddings import PiecewiseLinearEmbeddings
from tabm import EnsembleView, LinearEnsemble, make_tabm_backbone
from torch import Tensor, nn

from aimass_core.models.network_parts import LabelVectors, TabularNetwork

SPREAD = 12**0.5
"""Width of the uniform distribution of variance 1: how far apart the lowest and highest knots are put."""


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

    length: Tensor
    flagged: Tensor

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
        # Rebuilt from the settings on load, so they need no place among the saved weights.
        self.register_buffer("length", torch.tensor(segments, dtype=torch.float32), persistent=False)
        flagged = [j for j, flag in enumerate(flags) if flag]
        self.register_buffer("flagged", torch.tensor(flagged, dtype=torch.int64), persistent=False)
        # At least two segments: of a single one the package warns, as it could be a plain number.
        knots = [torch.linspace(-SPREAD / 2, SPREAD / 2, max(count, 2) + 1) for count in segments]
        self.numbers = (
            PiecewiseLinearEmbeddings(knots, number_size, activation=False, version="B") if knots else None
        )
        self.labels = LabelVectors(cardinalities, label_size)
        features = [number_size] * len(segments) + [1] * len(flagged) + self.labels.sizes
        self.view = EnsembleView(k=members)
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
        self.head = LinearEnsemble(width, 1, k=members)

    @torch.no_grad()
    def start_at(self, log_odds: float) -> None:
        """Set the bias of every member's last layer."""
        assert isinstance(self.head.bias, nn.Parameter)
        self.head.bias.fill_(log_odds)

    def encode(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the inputs of the perceptron before members scale them, shape (n, inputs)."""
        parts = []
        if self.numbers is not None:
            missing = torch.isnan(numbers)
            # A missing number stands in the middle; its own input says that it is missing.
            centred = torch.where(missing, 0.0, (numbers / self.length - 0.5) * SPREAD)
            parts += [self.numbers(centred).flatten(1), missing[:, self.flagged].to(numbers.dtype)]
        return torch.cat([*parts, *self.labels.vectors(labels)], dim=1)

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the logits of the positive class of every member, shape (n, members)."""
        features = self.backbone(self.view(self.encode(numbers, labels)))
        return self.head(features).squeeze(2)  # type: ignore[no-any-return]
