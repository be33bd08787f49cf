"""A narrow autoencoder whose error says how unusual a row is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aimass_core.models.network_parts import LabelVectors
from aimass_core.models.reconstruction import Reconstruction, swapped

FREEDOM = 4.0
"""Degrees of freedom of the errors' distribution."""


class AnomalyNetwork(nn.Module):
    """Rows through a narrow code and back; what does not fit through was never usual.

    Parameters
    ----------
    numbers : number of number columns. flags : which of them have an input for missing.
    cardinalities : number of indices of each label column.
    code : units of the narrow middle.

    Shapes
    ------
    numbers (n, numbers) float, NaN = missing; labels (n, labels) int64 → errors (n, parts), as
    :class:`~aimass_core.models.reconstruction.Reconstruction`.
    """

    flagged: Tensor
    usual: Tensor

    def __init__(
        self,
        numbers: int,
        flags: tuple[bool, ...],
        cardinalities: tuple[int, ...],
        *,
        width: int,
        code: int,
        embedding: int,
    ) -> None:
        super().__init__()
        flagged = [j for j, flag in enumerate(flags) if flag]
        # Rebuilt from the settings on load, so it needs no place among the saved weights.
        self.register_buffer("flagged", torch.tensor(flagged, dtype=torch.int64), persistent=False)
        self.embeddings = LabelVectors(cardinalities, embedding)
        self.embeddings.reset_parameters()
        inputs = numbers + len(flagged) + sum(self.embeddings.sizes)
        self.encoder = nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, code))
        self.decoder = nn.Sequential(nn.SiLU(), nn.Linear(code, width), nn.SiLU())
        self.told = Reconstruction(width, numbers, flags, cardinalities)
        # Mean squared error of each number on training rows, settled after training.
        self.register_buffer("usual", torch.ones(numbers))

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the errors of rows."""
        return self.errors(numbers, labels, numbers, labels)

    def noisy(
        self, numbers: Tensor, labels: Tensor, share: float, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Return the errors of telling rows back from noisy ones."""
        return self.errors(*swapped(numbers, labels, share, generator=generator), numbers, labels)

    def errors(self, numbers: Tensor, labels: Tensor, true_numbers: Tensor, true_labels: Tensor) -> Tensor:
        """Return the errors of telling the true rows from these."""
        missing = torch.isnan(numbers)
        filled = torch.where(missing, torch.zeros_like(numbers), numbers)
        parts = [filled, missing[:, self.flagged].to(numbers.dtype), *self.embeddings.vectors(labels)]
        hidden = self.decoder(self.encoder(torch.cat(parts, dim=1)))
        return self.told(hidden, true_numbers, true_labels)  # type: ignore[no-any-return]

    def surprise(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the surprise of rows, shape (n,), in nats up to a constant.

        For a number it is the negative logarithm of the density of an error with Student's t distribution,
        whose tails are heavy enough that one far-off number does not outshout all others; for flags and
        labels the negative logarithm of the probability they were given.
        """
        errors = self.forward(numbers, labels)
        count = self.told.numbers
        off = torch.log1p(errors[:, :count] / (FREEDOM * self.usual))
        return (FREEDOM + 1) / 2 * off.sum(dim=1) + errors[:, count:].sum(dim=1)
