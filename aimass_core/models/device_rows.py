"""Rows of a network's training, on the device when they fit, else handed over batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aimass_core.models.base import Floats
from aimass_core.models.network_inputs import Inputs

TRANSFORM_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows on the device.

    Attributes
    ----------
    numbers : positions of numbers among their knots, NaN = missing, (n, numbers) float32.
    labels : indices of labels, (n, labels) int64.
    target : 0 or 1, (n,) float32. weight : (n,) float32, with mean 1 over all training rows.
    domain : (n,) int64, or None.
    """

    numbers: Tensor
    labels: Tensor
    target: Tensor
    weight: Tensor
    domain: Tensor | None = None


class DeviceRows:
    """All rows that a network learns from or is measured on.

    They live on the device when they take at most half of its free memory. Otherwise they stay in the
    host's memory, and each batch goes through a pinned buffer that the device reads while the host gathers
    the next one. Both ways give the same batches.

    Parameters
    ----------
    batch : the rows, in host memory.
    device : where batches are wanted.
    limit : most bytes to keep on the device; default: half of the free memory of a GPU, all on a CPU.

    Attributes
    ----------
    resident : whether the rows live on the device.
    order_device : where indices of `take` must be.
    """

    def __init__(self, batch: Batch, *, device: torch.device, limit: int | None = None) -> None:
        held = [part for part in _parts(batch) if part is not None]
        size = sum(part.numel() * part.element_size() for part in held)
        if limit is None and device.type == "cuda":
            limit = torch.cuda.mem_get_info(device)[0] // 2
        self.resident = limit is None or size <= limit
        self.device = device
        self.order_device = device if self.resident else torch.device("cpu")
        self._rows = _map(batch, lambda part: part.to(device)) if self.resident else batch

    @classmethod
    def of(
        cls,
        inputs: Inputs,
        X: Floats,
        y: Floats,
        *,
        device: torch.device,
        weight: Floats | None = None,
        domain: npt.NDArray[np.int64] | None = None,
        limit: int | None = None,
    ) -> Self:
        """Return the rows of a matrix as the network sees them."""
        numbers = torch.empty((len(X), len(inputs.segments)), dtype=torch.float32)
        # Indices of labels are few: four bytes hold them at half the memory of torch's own eight.
        labels = torch.empty((len(X), len(inputs.cardinalities)), dtype=torch.int32)
        for low in range(0, len(X), TRANSFORM_ROWS):
            positions, indices = inputs.transform(X[low : low + TRANSFORM_ROWS])
            numbers[low : low + TRANSFORM_ROWS] = torch.from_numpy(positions)
            labels[low : low + TRANSFORM_ROWS] = torch.from_numpy(indices)
        ones = np.ones(len(X)) if weight is None else weight / weight.mean()
        batch = Batch(
            numbers,
            labels,
            torch.from_numpy(y.astype(np.float32)),
            torch.from_numpy(ones.astype(np.float32)),
            None if domain is None else torch.from_numpy(domain),
        )
        return cls(batch, device=device, limit=limit)

    def __len__(self) -> int:
        return len(self._rows.target)

    @property
    def target(self) -> Tensor:
        """Target of all rows, float32, wherever it lies."""
        return self._rows.target

    def take(self, index: Tensor) -> Batch:
        """Return the rows at these indices (int64, on `order_device`) on the device."""
        if self.resident:
            return _widened(_map(self._rows, lambda part: part[index]))
        return _widened(_map(self._rows, lambda part: self._hand_over(part, index)))

    def slices(self, size: int) -> Iterator[Batch]:
        """Return all rows in order, at most `size` at a time."""
        for low in range(0, len(self), size):
            part = _map(self._rows, lambda part, low=low: part[low : low + size])  # type: ignore[misc]
            yield _widened(part if self.resident else _map(part, lambda part: part.to(self.device)))

    def _hand_over(self, part: Tensor, index: Tensor) -> Tensor:
        pinned = self.device.type == "cuda"
        buffer = torch.empty((len(index), *part.shape[1:]), dtype=part.dtype, pin_memory=pinned)
        torch.index_select(part, 0, index, out=buffer)
        # torch reuses a pinned buffer only after the device has read it.
        return buffer.to(self.device, non_blocking=pinned)


def _parts(batch: Batch) -> tuple[Tensor | None, ...]:
    return batch.numbers, batch.labels, batch.target, batch.weight, batch.domain


def _map(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    return Batch(*(None if part is None else change(part) for part in _parts(batch)))  # type: ignore[arg-type]


def _widened(batch: Batch) -> Batch:
    return replace(batch, labels=batch.labels.long())
