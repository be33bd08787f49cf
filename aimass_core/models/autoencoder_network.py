"""An autoencoder with a head: columns to a code, the code to the columns and to an answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aimass_core.models.dann_network import DenseBlock
from aimass_core.models.folded import Folded, of_norm
from aimass_core.models.network_parts import LabelVectors, TabularNetwork
from aimass_core.models.reconstruction import Reconstruction, swapped


class AutoencoderNetwork(TabularNetwork):
    """Dense blocks down to a code; from it a decoder and a supervised head.

    Numbers enter as piecewise-linear encodings of their quantile position and are told back as the share
    of their range of quantiles, so that every column counts alike.

    Parameters
    ----------
    segments : number of segments of each number column.
    flags : which number columns have an input for missing.
    cardinalities : number of indices of each label column.
    code : number of units between encoder and decoder.
    """

    segment: Tensor
    column: Tensor
    flagged: Tensor
    reach: Tensor

    def __init__(
        self,
        segments: tuple[int, ...],
        flags: tuple[bool, ...],
        cardinalities: tuple[int, ...],
        *,
        width: int,
        depth: int,
        code: int,
        dropout: float,
        embedding: int,
    ) -> None:
        super().__init__()
        columns = [j for j, count in enumerate(segments) for _ in range(count)]
        starts = [float(k) for count in segments for k in range(count)]
        flagged = [j for j, flag in enumerate(flags) if flag]
        # Rebuilt from the settings on load, so they need no place among the saved weights.
        self.register_buffer("column", torch.tensor(columns, dtype=torch.int64), persistent=False)
        self.register_buffer("segment", torch.tensor(starts), persistent=False)
        self.register_buffer("flagged", torch.tensor(flagged, dtype=torch.int64), persistent=False)
        self.register_buffer("reach", torch.tensor(segments, dtype=torch.float32), persistent=False)
        self.embeddings = LabelVectors(cardinalities, embedding)
        inputs = len(columns) + len(flagged) + sum(self.embeddings.sizes)
        owners = columns + flagged + [len(segments) + j for j in self.embeddings.owners]
        self.owned = [
            [i for i, owner in enumerate(owners) if owner == j]
            for j in range(len(segments) + len(cardinalities))
        ]
        self.encoder = nn.Sequential(
            *(DenseBlock(inputs if k == 0 else width, width, dropout=dropout) for k in range(depth)),
            nn.Linear(width, code),
        )
        self.decoder = nn.Sequential(nn.ReLU(), DenseBlock(code, width, dropout=0.0))
        self.told = Reconstruction(width, len(segments), flags, cardinalities)
        self.answer = DenseBlock(code, width, dropout=dropout)
        self.head = nn.Linear(width, 1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start from small embeddings and a head that says nothing."""
        self.embeddings.reset_parameters()
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def encode(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the inputs of the first block."""
        missing = torch.isnan(numbers)
        filled = torch.where(missing, torch.zeros_like(numbers), numbers)
        spread = (filled[:, self.column] - self.segment).clamp(0.0, 1.0)
        parts = [spread, missing[:, self.flagged].to(numbers.dtype)]
        return torch.cat([*parts, *self.embeddings.vectors(labels)], dim=1)

    def code(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the code of rows, shape (n, code)."""
        return self.encoder(self.encode(numbers, labels))  # type: ignore[no-any-return]

    def first_weight(self) -> Tensor:
        """Return the weight of the first linear layer, shape (width, inputs)."""
        return self.encoder[0].linear.weight.detach()  # type: ignore[union-attr, operator]

    def after_first_layer(self) -> Folded:
        """Return the layers from the first linear one to the logit, in evaluation mode."""
        first, *rest, code = self.encoder
        scale, shift = of_norm(first.norm)  # type: ignore[arg-type]
        hidden = (
            *(block.folded() for block in rest),  # type: ignore[operator]
            (code.weight.detach(), code.bias.detach()),  # type: ignore[operator]
            self.answer.folded(),
        )
        return Folded(scale, shift, hidden, self.head.weight.detach(), self.head.bias.detach())

    def reconstruction(
        self, numbers: Tensor, labels: Tensor, *, noise: float, generator: torch.Generator | None = None
    ) -> Tensor:
        """Return the mean error per row of telling rows back from noisy ones, shape (n,)."""
        hidden = self.decoder(self.code(*swapped(numbers, labels, noise, generator=generator)))
        return self.told(hidden, numbers / self.reach, labels).mean(dim=1)  # type: ignore[no-any-return]

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the logits of the positive class, shape (n,)."""
        return self.head(self.answer(torch.relu(self.code(numbers, labels)))).squeeze(1)  # type: ignore[no-any-return]

    @torch.no_grad()
    def start_at(self, log_odds: float) -> None:
        """Set the bias of the head."""
        self.head.bias.fill_(log_odds)
