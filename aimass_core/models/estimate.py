"""How long training will take and how much memory it needs, before it starts.

The constants below were measured with one thread on a 2-core cloud machine (400,000 rows, networks
100,000, of 30 numbers, default settings, `time.monotonic` around `fit` and the process's peak resident
memory). `machine_factor` times a small fixed piece of work to carry them to the machine at hand. Expect a
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
NETWORK_INPUT_NS, NETWORK_CELL_BYTES = 100.0, 36.0
WEIGHT_NS, PIECE_NS, COLUMN_NS = 0.1, 1.1, 60.0
# On a GPU the steps of networks this small wait for the host, not for arithmetic.
CUDA_STEP_SECONDS, CUDA_WEIGHT_NS = 2.5e-3, 5e-4


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


def network(
    rows: int,
    columns: int,
    *,
    weights: int,
    pieces: int,
    activations: int,
    usual: int,
    epochs: int,
    batch_size: int,
    cuda: bool,
) -> Estimate:
    """Estimate a network: passes over the rows, each through all weights.

    Parameters
    ----------
    weights : products of a row and a weight, counted for each member.
    pieces : pieces of learnt vectors of numbers that a row is laid over.
    activations : numbers that a row leaves in the layers.
    usual : epochs after which training usually stops; epochs : the most.
    """
    memory = rows * columns * NETWORK_CELL_BYTES + 16 * (weights + pieces) + 4 * batch_size * 6 * activations
    if cuda:
        epoch = rows * weights * CUDA_WEIGHT_NS + rows / batch_size * CUDA_STEP_SECONDS * 1e9
    else:
        epoch = rows * (weights * WEIGHT_NS + pieces * PIECE_NS + columns * COLUMN_NS)
    prepare = rows * columns * NETWORK_INPUT_NS
    return from_nanoseconds(
        *(prepare + passes * epoch for passes in (min(usual, epochs), epochs)), memory=memory
    )


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
