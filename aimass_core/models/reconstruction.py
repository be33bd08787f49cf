"""Telling a row's columns back from a code, and how far off each is; noise to tell them back from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Reconstruction(nn.Module):
    """Linear guesses of every column from hidden units.

    Parameters
    ----------
    hidden : number of hidden units.
    numbers : number of number columns.
    flags : which number columns are missing in some rows.
    cardinalities : number of indices of each label column.

    Shapes
    ------
    hidden (n, hidden) → errors (n, parts): squared errors of the numbers (0 where missing), then surprise of
    the flags and of the labels, in nats.
    """

    flagged: Tensor

    def __init__(
        self, hidden: int, numbers: int, flags: tuple[bool, ...], cardinalities: tuple[int, ...]
    ) -> None:
        super().__init__()
        flagged = [j for j, flag in enumerate(flags) if flag]
        # Rebuilt from the settings on load, so they need no place among the saved weights.
        self.register_buffer("flagged", torch.tensor(flagged, dtype=torch.int64), persistent=False)
        self.sizes = [numbers, len(flagged), *cardinalities]
        self.out = nn.Linear(hidden, sum(self.sizes))

    @property
    def numbers(self) -> int:
        """Number of number columns, whose errors come first."""
        return self.sizes[0]

    @property
    def parts(self) -> int:
        """Number of errors of a row."""
        return self.sizes[0] + self.sizes[1] + len(self.sizes) - 2

    def forward(self, hidden: Tensor, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the error of each part against the true numbers (NaN = missing) and labels."""
        guesses = self.out(hidden).to(numbers.dtype)
        guessed, said, *scores = torch.split(guesses, self.sizes, dim=1)
        missing = torch.isnan(numbers)
        off = torch.where(missing, torch.zeros_like(numbers), numbers - guessed)
        truth = missing[:, self.flagged].to(said.dtype)
        parts = [off**2, functional.binary_cross_entropy_with_logits(said, truth, reduction="none")]
        parts += [
            functional.cross_entropy(score, labels[:, j], reduction="none")[:, None]
            for j, score in enumerate(scores)
        ]
        return torch.cat(parts, dim=1)


def swapped(
    numbers: Tensor, labels: Tensor, share: float, *, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Put in place of a share of all cells the same column's cell of another row of the batch.

    Swap noise keeps every column's distribution and breaks how columns go together, so a network that
    undoes it must learn how they do (denoising autoencoder: Vincent et al., ICML 2008).
    """
    noisy = []
    for cells in (numbers, labels):
        other = torch.randint(len(cells), cells.shape, generator=generator, device=cells.device)
        hit = torch.rand(cells.shape, generator=generator, device=cells.device) < share
        noisy.append(torch.where(hit, cells.gather(0, other), cells))
    return noisy[0], noisy[1]
