"""Half-differences of networks, batched on their device.

Rows are transformed once and mixed as the network takes them. Where the first layer is linear in what each
column puts in, the half of it that reference rows put in is computed once for all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aimass_core.models.losses import log_odds_of_members

Matrix = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_CPU_CELLS = 1_000_000
"""Numbers in one batch of a layer: what stays in a processor's cache."""
_DEVICE_CELLS = 64_000_000
_BATCH_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class MixedInputs:
    """Lets a network score inputs mixed from the row explained and a reference row.

    Attributes
    ----------
    estimator : has `inputs_` and `network_`.
    numbers, labels : transformed reference rows, on the network's device.
    owners : player of each number column, then of each label column; shape (columns,).
    """

    estimator: Any
    numbers: Tensor
    labels: Tensor
    owners: Tensor

    @classmethod
    def of(cls, estimator: Any, reference: Matrix, columns: Sequence[tuple[int, ...]]) -> MixedInputs:
        """Transform the reference rows."""
        device = next(estimator.network_.parameters()).device
        owners = torch.from_numpy(_owners(estimator.inputs_, columns)).to(device)
        return cls(estimator, *_transformed(estimator, reference, device), owners)

    @torch.inference_mode()
    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        """Return half-differences, shape (n, pairs); see :class:`aimass_core.explain.game.Differences`."""
        device, (m, count) = self.numbers.device, self.numbers.shape
        own_numbers, own_labels = _transformed(self.estimator, X, device)
        wide = torch.from_numpy(masks).to(device)[:, self.owners]
        found = np.empty((len(X), len(masks)))
        at_once = max(1, (_BATCH_ROWS if device.type == "cpu" else 16 * _BATCH_ROWS) // (2 * m))
        for i in range(len(X)):
            for start in range(0, len(masks), at_once):
                part = wide[start : start + at_once, None, :]
                numbers = _swapped(part[..., :count], own_numbers[i], self.numbers)
                labels = _swapped(part[..., count:], own_labels[i], self.labels)
                scored = log_odds_of_members(self.estimator.network_(numbers, labels)).reshape(2, -1, m)
                found[i, start : start + at_once] = ((scored[0] - scored[1]).mean(dim=1) / 2).cpu().numpy()
        return found


@dataclass(frozen=True, slots=True)
class SplitFirstLayer:
    """Mixes after the first layer: a coalition's half from the row, the rest from each reference row.

    Attributes
    ----------
    estimator : its network has `first_layer(numbers, labels)`, what each column adds to the first layer,
        shape (n, columns, …), and `after_first_layer(total)`, the logits from their sum.
    reference : what each player of each reference row adds, shape (m, players, width).
    shape : shape of the first layer of one row.
    """

    estimator: Any
    reference: Tensor
    owners: Tensor
    shape: tuple[int, ...]

    @classmethod
    def of(cls, estimator: Any, reference: Matrix, columns: Sequence[tuple[int, ...]]) -> SplitFirstLayer:
        """Put the reference rows through the first layer."""
        device = next(estimator.network_.parameters()).device
        owners = torch.from_numpy(_owners(estimator.inputs_, columns)).to(device)
        found, shape = _added(estimator, reference, owners, len(columns))
        return cls(estimator, found, owners, shape)

    @torch.inference_mode()
    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        """Return half-differences, shape (n, pairs); see :class:`aimass_core.explain.game.Differences`."""
        reference = self.reference
        m, players, width = reference.shape
        own, _ = _added(self.estimator, X, self.owners, players)
        inside = torch.from_numpy(masks).to(reference)
        found = np.empty((len(X), len(masks)))
        cells = _CPU_CELLS if reference.device.type == "cpu" else _DEVICE_CELLS
        pairs_at_once = max(1, min(len(masks), cells // (2 * m * width)))
        rows_at_once = max(1, cells // (2 * m * width * pairs_at_once))
        for start in range(0, len(masks), pairs_at_once):
            z = inside[start : start + pairs_at_once]
            both = torch.cat([z, 1 - z])  # the pair's coalitions; what is not in comes from the reference
            others = torch.einsum("cp,mpw->cmw", 1 - both, reference)
            for first in range(0, len(X), rows_at_once):
                mine = torch.einsum("cp,npw->ncw", both, own[first : first + rows_at_once])
                total = (mine[:, :, None, :] + others).reshape(-1, *self.shape)
                scored = log_odds_of_members(self.estimator.network_.after_first_layer(total))
                scored = scored.reshape(len(mine), 2, len(z), m)
                found[first : first + rows_at_once, start : start + pairs_at_once] = (
                    ((scored[:, 0] - scored[:, 1]).mean(dim=2) / 2).cpu().numpy()
                )
        return found


def _owners(inputs: Any, columns: Sequence[tuple[int, ...]]) -> Ints:
    player = {column: k for k, found in enumerate(columns) for column in found}
    numbers = [j for j, knots in enumerate(inputs.knots) if knots is not None]
    labels = [j for j, known in enumerate(inputs.known) if known is not None]
    return np.array([player[j] for j in numbers + labels], dtype=np.int64)


def _transformed(estimator: Any, X: Matrix, device: torch.device) -> tuple[Tensor, Tensor]:
    numbers, labels = estimator.inputs_.transform(X)
    return torch.from_numpy(numbers).to(device), torch.from_numpy(labels).to(device)


def _swapped(mask: Tensor, own: Tensor, others: Tensor) -> Tensor:
    """Return mixed rows of the coalitions, then of their complements; shape (2 · pairs · m, columns)."""
    both = torch.stack([torch.where(mask, own, others), torch.where(mask, others, own)])
    return both.flatten(0, 2)


def first_layer(estimator: Any, X: Matrix) -> Tensor:
    """Return the first layer of rows, as `after_first_layer` takes it."""
    device = next(estimator.network_.parameters()).device
    found: Tensor = estimator.network_.first_layer(*_transformed(estimator, X, device))
    return found.sum(dim=1)


def _added(estimator: Any, X: Matrix, owners: Tensor, players: int) -> tuple[Tensor, tuple[int, ...]]:
    """Return what each player adds to the first layer, shape (n, players, width), and the layer's shape."""
    with torch.inference_mode():
        found = estimator.network_.first_layer(*_transformed(estimator, X, owners.device))
        flat = found.flatten(2)
        summed = flat.new_zeros(len(flat), players, flat.shape[2])
        summed.index_add_(1, owners, flat)
        return summed, tuple(found.shape[2:])
