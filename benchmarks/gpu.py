"""Rows a second that the network trains on with CUDA, beside the CPU of the same machine."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch

from aimass_core.jobs.progress import Progress
from aimass_core.models.dann import DannClassifier
from benchmarks.rows import Row

COLUMNS = 30
EPOCHS = 4
CASES = (("default network", {}), ("wide network", {"width": 512, "depth": 4}))


def run(*, quick: bool = False) -> list[Row]:
    """Return a row per network size, or none on a machine without CUDA.

    Rows a second are those of the epochs after the first (which pays for loading kernels), from the
    training loop's own clock; the median of three fits; the CPU is
    fitted once, so the spread is that of the ratio.
    """
    if not torch.cuda.is_available():
        print(
            "torch sees no CUDA GPU on this machine: nothing is measured and nothing claimed.",
            file=sys.stderr,
        )
        return []
    rows = 100_000 if quick else 1_000_000
    X, y = _rows(rows)
    found = []
    for name, settings in CASES:
        fits = 1 if quick else 3
        cuda = [_rows_a_second(X, y, "cuda", settings) for _ in range(fits)]
        cpu = _rows_a_second(X, y, "cpu", settings)
        ours = float(np.median(cuda))
        found.append(
            Row(
                benchmark="gpu",
                case=f"{name}, {rows:,} rows x {COLUMNS} numbers, {torch.cuda.get_device_name()}",
                metric="training rows per second",
                ours=ours,
                peer=cpu,
                peer_name=f"the same on the CPU, {torch.get_num_threads()} threads",
                ratio=ours / cpu,
                spread=(max(cuda) - min(cuda)) / cpu if fits > 1 else None,
            )
        )
    return found


def _rows(rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, COLUMNS))
    odds = X[:, :5].sum(axis=1) - 2.0
    return X, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


def _rows_a_second(X: np.ndarray, y: np.ndarray, device: str, settings: dict[str, Any]) -> float:
    clock: list[float] = []

    def note(message: Progress) -> None:
        clock.append(message.seconds)

    held = len(X) // 100
    model = DannClassifier(epochs=EPOCHS, patience=EPOCHS, device=device, **settings)
    model.fit(X[held:], y[held:], validation=(X[:held], y[:held]), progress=note)
    return (len(X) - held) * (EPOCHS - 1) / (clock[-1] - clock[0])
