"""The training loop: best weights, patience, batches, memory, broken losses."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from aimass_core.errors import Fault, SettingsError
from aimass_core.models.loop import LoopResult, LoopSettings, batch_bounds, train

CPU = torch.device("cpu")


class Ramp(nn.Module):
    """One weight; the loss ``-weight`` makes it grow at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))


def run(network: Ramp, scores: list[float], **settings: Any) -> tuple[LoopResult, list[float]]:
    left = iter(scores)
    weights: list[float] = []

    def score() -> float:
        weights.append(float(network.weight.detach()))
        return next(left)

    values = {"epochs": len(scores), "batch_size": 4, "rate": 0.1, "weight_decay": 0.0, "patience": 3}
    loop = LoopSettings(**{**values, "seed": 0, "metric_name": "auc", **settings})
    result = train(
        network, 8, lambda rows, step: -network.weight, score, settings=loop, device=CPU, progress=None
    )
    return result, weights


def test_the_weights_of_the_best_epoch_are_kept() -> None:
    network = Ramp()

    result, weights = run(network, [0.5, 0.7, 0.6, 0.65])

    assert (result.best_epoch, result.epochs, result.metric) == (2, 4, 0.7)
    assert float(network.weight.detach()) == weights[1]
    assert weights[3] > weights[1]


def test_weights_are_averaged_over_the_last_epoch() -> None:
    # AdamW moves the weight by the rate at each of two steps an epoch: 0.1, 0.2 | 0.3, 0.4.
    _, weights = run(Ramp(), [0.1, 0.2])

    # Each step moves the mean half way to the weight, the first step all the way.
    assert weights == pytest.approx([0.15, 0.3125], abs=1e-6)


def test_early_epochs_can_be_passed_over() -> None:
    result, weights = run(Ramp(), [0.9, 0.8, 0.5, 0.6, 0.4, 0.4, 0.4], first_kept=3)

    assert (result.best_epoch, result.metric) == (4, 0.6)
    assert len(weights) == 7


def test_patience_ends_training() -> None:
    result, weights = run(Ramp(), [0.9, 0.1, 0.1, 0.1, 0.95, 0.99])

    assert (result.best_epoch, result.epochs) == (1, 4)
    assert len(weights) == 4


def test_each_row_is_taken_once_an_epoch() -> None:
    network = Ramp()
    taken: list[int] = []

    def loss(rows: Tensor, step: int) -> Tensor:
        taken.extend(rows.tolist())
        return -network.weight

    loop = LoopSettings(
        epochs=1, batch_size=3, rate=0.1, weight_decay=0.0, patience=1, seed=0, metric_name="auc"
    )
    train(network, 10, loss, lambda: 0.0, settings=loop, device=CPU, progress=None)

    assert sorted(taken) == list(range(10))
    assert taken != list(range(10))


@pytest.mark.parametrize(
    ("rows", "size", "expected"),
    [
        (8, 4, [(0, 4), (4, 8)]),
        (9, 4, [(0, 4), (4, 9)]),
        (10, 4, [(0, 4), (4, 8), (8, 10)]),
        (3, 4, [(0, 3)]),
        (1, 4, [(0, 1)]),
    ],
)
def test_no_batch_has_a_single_row(rows: int, size: int, expected: list[tuple[int, int]]) -> None:
    assert batch_bounds(rows, size) == expected


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_running_out_of_memory_says_what_to_do(error: Exception) -> None:
    def loss(rows: Tensor, step: int) -> Tensor:
        raise error

    loop = LoopSettings(
        epochs=1, batch_size=4, rate=0.1, weight_decay=0.0, patience=1, seed=0, metric_name="auc"
    )
    with pytest.raises(SettingsError, match="smaller batch size"):
        train(Ramp(), 8, loss, lambda: 0.0, settings=loop, device=CPU, progress=None)


def test_other_errors_stay_themselves() -> None:
    def loss(rows: Tensor, step: int) -> Tensor:
        raise RuntimeError("shapes do not fit")

    loop = LoopSettings(
        epochs=1, batch_size=4, rate=0.1, weight_decay=0.0, patience=1, seed=0, metric_name="auc"
    )
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        train(Ramp(), 8, loss, lambda: 0.0, settings=loop, device=CPU, progress=None)


def test_a_loss_that_is_no_number_is_our_fault() -> None:
    network = Ramp()
    loop = LoopSettings(
        epochs=1, batch_size=4, rate=0.1, weight_decay=0.0, patience=1, seed=0, metric_name="auc"
    )
    with pytest.raises(Fault, match="must be a number"):
        train(
            network,
            8,
            lambda rows, step: network.weight * float("nan"),
            lambda: 0.0,
            settings=loop,
            device=CPU,
            progress=None,
        )
