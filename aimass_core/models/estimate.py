"""How long training will take and how much memory it needs, before it starts.

The constants below were measured with one thread on a 2-core cloud machine (400,000 rows of 30
numbers, default settings, `time.monotonic` around `fit` and the process's peak resident memory).
`machine_factor` times a small fixed piece of work to carry them to the machine at hand. Expect a
factor of two either way: threads, caches and the data itself move the real time. The two CUDA constants are
assumptions that no run has confirmed yet; ``python -m benchmarks gpu`` measures what they stand for.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache

from aimass_core.settings import Device

PROCESS_BYTES = 400_000_000
"""Python, torch, scikit-learn and the family's library, before any data."""

REFERENCE_PROBE_SECONDS = 1.2e-4
"""Seconds the probe took on the machine of the measurements."""

SCORECARD_BIN_NS, SCORECARD_STEP_NS, SCORECARD_CELL_BYTES = 50.0, 15.0, 40.0
SCORECARD_USUAL_STEPS = 30
BOOSTING_BIN_NS, BOOSTING_LEAF_NS, BOOSTING_CELL_BYTES = 50.0, 0.25, 26.0
DANN_INPUT_NS, DANN_WEIGHT_NS, DANN_CELL_BYTES = 150.0, 0.21, 36.0
# On a GPU the steps of a network this small wait for the host, not for arithmetic.
DANN_CUDA_STEP_SECONDS, DANN_CUDA_WEIGHT_NS = 2.5e-3, 5e-4


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a training run is expected to need.

    Attributes
    ----------
    seconds : expected time of the fit.
    memory_bytes : peak memory of the worker's own process for the fit, program included.
    most_seconds : time if training is not stopped early.
    """

    seconds: float
    memory_bytes: int
    most_seconds: float


def scorecard(rows: int, columns: int, *, iterations: int) -> Estimate:
    """Estimate a scorecard: binning once, then a pass over the cells per optimiser step."""
    cells = rows * columns
    usual = min(iterations, SCORECARD_USUAL_STEPS)
    return from_nanoseconds(
        *(cells * (SCORECARD_BIN_NS + steps * SCORECARD_STEP_NS) for steps in (usual, iterations)),
        memory=cells * SCORECARD_CELL_BYTES,
    )


def boosting(
    rows: int, columns: int, *, trees: int, leaves: int, row_share: float, column_share: float
) -> Estimate:
    """Estimate boosted trees: binning once, then histograms of the sampled cells per tree."""
    cells = rows * columns
    # Histograms are built for the smaller child, so a tree costs its depth, not its leaves.
    levels = math.log2(leaves) + 1
    per_tree = 6.5 * BOOSTING_LEAF_NS * levels * row_share * column_share
    nanoseconds = cells * (BOOSTING_BIN_NS + trees * per_tree)
    return from_nanoseconds(nanoseconds, nanoseconds, memory=cells * BOOSTING_CELL_BYTES)


def dann(
    rows: int,
    columns: int,
    *,
    bins: int,
    width: int,
    depth: int,
    epochs: int,
    patience: int,
    cuda: bool,
    batch_size: int,
) -> Estimate:
    """Estimate the network: passes over the rows, each through all weights."""
    inputs = columns * bins
    weights = inputs * width + (depth - 1) * width**2
    usual = min(epochs, 2 * patience)
    prepare = rows * columns * DANN_INPUT_NS
    memory = rows * columns * DANN_CELL_BYTES + 16 * weights
    memory += 4 * batch_size * 6 * (inputs + depth * width)
    if not cuda:
        per_epoch = rows * weights * DANN_WEIGHT_NS
        return from_nanoseconds(*(prepare + passes * per_epoch for passes in (usual, epochs)), memory=memory)
    per_epoch = rows * weights * DANN_CUDA_WEIGHT_NS + rows / batch_size * DANN_CUDA_STEP_SECONDS * 1e9
    return from_nanoseconds(*(prepare + passes * per_epoch for passes in (usual, epochs)), memory=memory)


def default_batch_size(rows: int, device: str) -> int:
    """Return rows per step: about a hundred steps an epoch, a power of two, larger on a GPU."""
    largest = 4_096 if device == "cpu" else 16_384
    return int(min(largest, max(32, 2 ** round(math.log2(max(rows, 2) / 100)))))


def uses_cuda(device: Device) -> bool:
    """Whether this setting means a GPU on this machine."""
    from aimass_core.device import resolve

    return device != "cpu" and resolve(device).type == "cuda"


def from_nanoseconds(usual: float, most: float, *, memory: float) -> Estimate:
    """Carry nanoseconds from the machine of the measurements to this one; `memory`: bytes for the data."""
    factor = machine_factor() * 1e-9
    return Estimate(
        seconds=usual * factor, memory_bytes=int(PROCESS_BYTES + memory), most_seconds=most * factor
    )


@cache
def machine_factor() -> float:
    """Return how much slower this machine is than that of the measurements (between 1/5 and 20)."""
    import numpy as np

    codes = np.random.default_rng(0).integers(0, 256, 100_000)
    weights = np.ones(len(codes))
    seconds = math.inf
    for _ in range(5):
        started = time.perf_counter()
        np.bincount(codes, weights=weights, minlength=256)
        seconds = min(seconds, time.perf_counter() - started)
    return min(20.0, max(0.2, seconds / REFERENCE_PROBE_SECONDS))
