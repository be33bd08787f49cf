"""Half-differences of networks, batched on their device.

Rows are transformed once and mixed as the network takes them. Where the first layer is linear in what each
column puts in, the half of it that reference rows put in is computed once for all rows; where columns become
vectors one by one, the vectors are mixed.

Layers after that run in single precision where the reference rows come out the same in it. Each row is worked
out by itself, in pieces whose size does not depend on the other rows: arithmetic of single precision would
otherwise show in the seventh digit which rows came together.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aimass_core.models.folded import Folded

Matrix = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

SINGLE = 1e-5
"""Largest difference in log-odds of a reference row at which single precision is enough.

A value is a mean over hundreds of scored rows, so what rounding does to it is far smaller.
"""
_CPU_CELLS = 200_000
"""Numbers in one batch of a layer: what stays in a processor's cache."""
_DEVICE_CELLS = 64_000_000
_BATCHES = 16
"""Batches for which the halves of the first layer are multiplied out together."""
_KEPT_CELLS = 8_000_000
"""Numbers kept of what the reference rows put into the first layer."""


@dataclass(frozen=True, slots=True)
class MixedInputs:
    """Lets a network score inputs mixed from the row explained and a reference row.

    Attributes
    ----------
    transform : positions of numbers and indices of labels of rows of the matrix.
    score : log-odds (n,) of those, as tensors.
    numbers, labels : transformed reference rows, on the network's device.
    owners : player of each number column, then of each label column; shape (columns,).
    """

    transform: Callable[[Matrix], tuple[Matrix, Ints]]
    score: Callable[[Tensor, Tensor], Tensor]
    numbers: Tensor
    labels: Tensor
    owners: Tensor

    @classmethod
    def of(cls, estimator: Any, reference: Matrix, columns: Sequence[tuple[int, ...]]) -> MixedInputs:
        """Transform the reference rows."""
        device = next(estimator.network_.parameters()).device
        inputs = estimator.inputs_
        owners = torch.from_numpy(_owners(inputs, columns)).to(device)
        numbers, labels = _tensors(inputs.transform(reference), device)
        return cls(inputs.transform, estimator.network_log_odds, numbers, labels, owners)

    @torch.inference_mode()
    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        """Return half-differences, shape (n, pairs); see :class:`aimass_core.explain.game.Differences`."""
        device, (m, count) = self.numbers.device, self.numbers.shape
        own_numbers, own_labels = _tensors(self.transform(X), device)
        wide = torch.from_numpy(masks).to(device)[:, self.owners]
        found = torch.empty(len(X), len(masks), dtype=torch.float64, device=device)
        at_once = _pairs_at_once(len(masks), m * wide.shape[1], device)
        for i in range(len(X)):
            for start in range(0, len(masks), at_once):
                part = wide[start : start + at_once, None, :]
                numbers = _swapped(part[..., :count], own_numbers[i], self.numbers)
                labels = _swapped(part[..., count:], own_labels[i], self.labels)
                found[i, start : start + at_once] = _halves(self.score(numbers, labels), m)
        return found.cpu().numpy()


@dataclass(frozen=True, slots=True)
class MixedTokens:
    """Mixes the vectors that columns become: a coalition's from the row, the others from a reference row.

    Attributes
    ----------
    inputs, network : its network has `tokens(numbers, labels)`, a vector of each column, shape
        (n, columns, width), and `after_tokens`, the logits (n,) from them.
    after : what comes after the tokens, in the precision that is enough.
    reference : tokens of the reference rows, shape (m, columns, width).
    owners : player of each token.
    """

    inputs: Any
    network: Any
    after: Callable[[Tensor], Tensor]
    reference: Tensor
    owners: Tensor

    @classmethod
    def of(cls, estimator: Any, reference: Matrix, columns: Sequence[tuple[int, ...]]) -> MixedTokens:
        """Make tokens of the reference rows."""
        network, inputs = estimator.network_, estimator.inputs_
        device = next(network.parameters()).device
        owners = torch.from_numpy(_owners(inputs, columns)).to(device)
        with torch.inference_mode():
            tokens = network.tokens(*_tensors(inputs.transform(reference), device))
            single = copy.deepcopy(network).float()
            if _enough(single.after_tokens(tokens.float()), network.after_tokens(tokens)):
                return cls(inputs, network, single.after_tokens, tokens.float(), owners)
        return cls(inputs, network, network.after_tokens, tokens, owners)

    @torch.inference_mode()
    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        """Return half-differences, shape (n, pairs); see :class:`aimass_core.explain.game.Differences`."""
        reference = self.reference
        m, cells = len(reference), reference.numel()
        numbers, labels = _tensors(self.inputs.transform(X), reference.device)
        wide = torch.from_numpy(masks).to(reference.device)[:, self.owners, None]
        found = torch.empty(len(X), len(masks), dtype=torch.float64, device=reference.device)
        at_once = _pairs_at_once(len(masks), cells, reference.device)
        for i in range(len(X)):
            own = self.network.tokens(numbers[i : i + 1], labels[i : i + 1]).to(reference)
            for start in range(0, len(masks), at_once):
                part = wide[start : start + at_once, None]
                found[i, start : start + at_once] = _halves(self.after(_swapped(part, own, reference)), m)
        return found.cpu().numpy()


@dataclass(frozen=True, slots=True)
class SplitFirstLayer:
    """Mixes after the first layer: a coalition's half from the row, the rest from each reference row.

    Everything is counted from the first reference row, so that a column in which nothing differs, or that the
    network does not look at, adds exactly nothing whatever the coalition.

    Attributes
    ----------
    inputs, network : its network has `encode(numbers, labels)`, the inputs (n, inputs) of the first layer;
        `first_weight()`, its weight; `owned`, the inputs of each column; and `after_first_layer()`.
    after : the latter, in the precision that is enough.
    order, sizes : inputs by player, one player's after the other's, and how many each has.
    weights : of each player's inputs, scaled, shape (inputs, width).
    origin : what each player of the first reference row adds, scaled, shape (players, width), float64.
    reference : what each player of each reference row adds beyond it, shape (players, m · width).
    kept : the half of the reference rows by coalitions, a bounded number of them.
    """

    inputs: Any
    network: Any
    after: Folded
    order: Tensor
    sizes: list[int]
    weights: tuple[Tensor, ...]
    origin: Tensor
    reference: Tensor
    kept: dict[bytes, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, estimator: Any, reference: Matrix, columns: Sequence[tuple[int, ...]]) -> SplitFirstLayer:
        """Put the reference rows through the first layer."""
        network, inputs = estimator.network_, estimator.inputs_
        device = next(network.parameters()).device
        owned: list[list[int]] = [[] for _ in columns]
        for player, found in zip(_owners(inputs, columns).tolist(), network.owned, strict=True):
            owned[player] += found
        order = torch.tensor([i for found in owned for i in found], dtype=torch.int64, device=device)
        sizes = [len(found) for found in owned]
        with torch.inference_mode():
            after = network.after_first_layer()
            weight = network.first_weight() * after.scale.flatten()[:, None]
            weights = torch.split(weight.T[order].contiguous(), sizes)
            encoded = network.encode(*_tensors(inputs.transform(reference), device))
            added = _products(encoded, order, sizes, weights)
            origin = added[0].clone()
            added -= origin
            total = (added.sum(dim=1) + origin.sum(dim=0)).view(-1, *after.shift.shape) + after.shift
            single = after.to(torch.float32)
            if _enough(single.log_odds(total.float()), after.log_odds(total)):
                after = single
            flat = added.transpose(0, 1).flatten(1).to(after.head.dtype).contiguous()
        return cls(inputs, network, after, order, sizes, weights, origin, flat)

    @torch.inference_mode()
    def __call__(self, X: Matrix, masks: Bools) -> Matrix:
        """Return half-differences, shape (n, pairs); see :class:`aimass_core.explain.game.Differences`."""
        width = self.origin.shape[1]
        device, m = self.origin.device, self.reference.shape[1] // width
        numbers, labels = _tensors(self.inputs.transform(X), device)
        own = [self._own(numbers[i : i + 1], labels[i : i + 1]) for i in range(len(X))]
        found = torch.empty(len(X), len(masks), dtype=torch.float64, device=device)
        at_once = _pairs_at_once(len(masks), m * width, device)
        block = min(len(masks), _BATCHES * at_once)
        total = torch.empty(2 * at_once, m, width, dtype=self.reference.dtype, device=device)
        for first in range(0, len(masks), block):
            z = masks[first : first + block]
            # The pairs of one batch, then their complements; what is not in comes from the reference.
            parts = [z[start : start + at_once] for start in range(0, len(z), at_once)]
            both = np.concatenate([half for part in parts for half in (part, ~part)])
            inside = torch.from_numpy(both).to(self.reference)
            others = self._others(both, inside).view(len(both), m, width)
            for i in range(len(X)):
                mine = (inside @ own[i])[:, None]
                for start in range(0, len(both), 2 * at_once):
                    batch = slice(start, start + 2 * at_once)
                    mixed = torch.add(others[batch], mine[batch], out=total[: len(mine[batch])])
                    scored = self.after.log_odds(mixed.view(-1, *self.after.shift.shape))
                    pairs = slice(first + start // 2, first + start // 2 + len(mixed) // 2)
                    found[i, pairs] = _halves(scored, m)
        return found.cpu().numpy()

    def _own(self, numbers: Tensor, labels: Tensor) -> Tensor:
        encoded = self.network.encode(numbers, labels)
        added = _products(encoded, self.order, self.sizes, self.weights)[0]
        return (added - self.origin).to(self.reference)

    def _others(self, both: Bools, inside: Tensor) -> Tensor:
        """Return what reference rows put into the first layer, with all shifts, (coalitions, m · width)."""
        key = np.packbits(both, axis=1).tobytes()
        found = self.kept.get(key)
        if found is None:
            m = self.reference.shape[1] // self.origin.shape[1]
            start = (self.origin.sum(dim=0) + self.after.shift.flatten()).to(self.reference)
            found = torch.addmm(start.repeat(m), 1 - inside, self.reference)
            if sum(kept.numel() for kept in list(self.kept.values())) + found.numel() <= _KEPT_CELLS:
                self.kept[key] = found
        return found


def _pairs_at_once(pairs: int, cells: int, device: torch.device) -> int:
    """Return pairs of coalitions in one batch, given the numbers that one coalition makes."""
    most = _CPU_CELLS if device.type == "cpu" else _DEVICE_CELLS
    return max(1, min(pairs, most // max(1, 2 * cells)))


def _halves(scored: Tensor, m: int) -> Tensor:
    """Return half-differences from log-odds of coalitions, then of their complements, m rows each."""
    worth = scored.view(2, -1, m).mean(dim=2, dtype=torch.float64)
    return (worth[0] - worth[1]) / 2


def _enough(single: Tensor, double: Tensor) -> bool:
    """Tell whether single precision is enough; not where it gives no number."""
    return bool((single.double() - double).abs().max() <= SINGLE)


def _owners(inputs: Any, columns: Sequence[tuple[int, ...]]) -> Ints:
    player = {column: k for k, found in enumerate(columns) for column in found}
    return np.array([player[j] for j in inputs.columns], dtype=np.int64)


def _tensors(transformed: tuple[Matrix, Ints], device: torch.device) -> tuple[Tensor, Tensor]:
    numbers, labels = transformed
    return torch.from_numpy(numbers).to(device), torch.from_numpy(labels).to(device)


def _swapped(mask: Tensor, own: Tensor, others: Tensor) -> Tensor:
    """Return mixed rows of the coalitions, then of their complements; shape (2 · pairs · m, columns, …)."""
    both = torch.stack([torch.where(mask, own, others), torch.where(mask, others, own)])
    return both.flatten(0, 2)


def _products(encoded: Tensor, order: Tensor, sizes: list[int], weights: tuple[Tensor, ...]) -> Tensor:
    """Return what each player adds to a linear layer, shape (n, players, width), from inputs (n, inputs)."""
    parts = torch.split(encoded[:, order], sizes, dim=1)
    return torch.stack([part @ weight for part, weight in zip(parts, weights, strict=True)], dim=1)
