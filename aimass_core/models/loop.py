"""The training loop: rows stay on the device, batches are taken by index."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aimass_core.errors import Fault, SettingsError
from aimass_core.jobs.progress import Progress, Report


@dataclass(frozen=True)
class LoopSettings:
    """How long and how fast to train."""

    epochs: int
    batch_size: int
    rate: float
    weight_decay: float
    patience: int
    seed: int
    metric_name: str
    first_kept: int = 1
    """First epoch whose weights may be kept; patience counts from there."""
    goal: float | None = None
    """Training stops at the first epoch that may be kept and whose measure is at least this."""
    before: int = 0
    """Epochs of earlier phases, counted in what is reported."""
    after: int = 0
    """Epochs of phases still to come, counted in what is reported."""


@dataclass(frozen=True)
class LoopResult:
    """Where training ended: the epoch whose weights were kept (1 = first) and its measure."""

    best_epoch: int
    epochs: int
    metric: float


def train(
    network: nn.Module,
    rows: int,
    loss: Callable[[Tensor, int], Tensor],
    score: Callable[[], float],
    *,
    settings: LoopSettings,
    device: torch.device,
    progress: Report | None,
    order_device: torch.device | None = None,
) -> LoopResult:
    """Train in place and leave the best weights in the network.

    What is measured and kept is the running mean of the weights over about the last epoch, not the
    last step's (Polyak & Juditsky, SIAM J. Control Optim. 30, 1992): it ranks better and depends
    less on which rows came last.

    Parameters
    ----------
    rows : number of training rows.
    loss : mean loss of the rows at these indices, given the number of steps done.
    score : validation measure of the network in evaluation mode; greater is better.
    progress : called after each epoch; an exception it raises ends training and is passed on.
    order_device : where the indices that `loss` gets must lie; default: the device.

    Raises
    ------
    SettingsError
        When the device runs out of memory.
    Fault
        When the loss is no longer a number.
    """
    with out_of_memory_explained(device):
        return _train(network, rows, loss, score, settings, device, progress, order_device or device)


def _train(
    network: nn.Module,
    rows: int,
    loss: Callable[[Tensor, int], Tensor],
    score: Callable[[], float],
    settings: LoopSettings,
    device: torch.device,
    progress: Report | None,
    order_device: torch.device,
) -> LoopResult:
    started = time.monotonic()
    batches = batch_bounds(rows, settings.batch_size)
    optimizer = torch.optim.AdamW(_groups(network, settings.weight_decay), lr=settings.rate, fused=True)
    warm = max(1, min(len(batches), settings.epochs * len(batches) // 20))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / warm))
    shuffle = torch.Generator().manual_seed(settings.seed)
    averaged = _copy(network)
    move = _mover(averaged, network)
    best, best_epoch, kept = -math.inf, 0, averaged
    step = epoch = 0
    for epoch in range(1, settings.epochs + 1):
        network.train()
        order = torch.randperm(rows, generator=shuffle).to(order_device)
        summed = torch.zeros((), device=device)
        for low, high in batches:
            optimizer.zero_grad(set_to_none=True)
            value = loss(order[low:high], step)
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            move(1.0 / min(step + 1, len(batches)))
            summed += value.detach() * (high - low)
            step += 1
        mean = float(summed) / rows
        if not math.isfinite(mean):
            raise Fault(
                "the training loss must be a number",
                f"it is {mean} after epoch {epoch}",
                "Lower the learning rate and train again",
            )
        last = _copy(network)
        network.load_state_dict(averaged)
        network.eval()
        metric = score()
        if metric > best and epoch >= settings.first_kept:
            best, best_epoch, kept = metric, epoch, _copy(network)
        network.load_state_dict(last)
        if progress is not None:
            progress(
                Progress(
                    step=settings.before + epoch,
                    steps=settings.before + settings.epochs + settings.after,
                    message=f"Epoch {epoch:,} of at most {settings.epochs:,}",
                    loss=mean,
                    metric_name=settings.metric_name,
                    metric=abs(metric),
                    seconds=time.monotonic() - started,
                )
            )
        if epoch - max(best_epoch, settings.first_kept - 1) >= settings.patience:
            break
        if settings.goal is not None and best >= settings.goal:
            break
    network.load_state_dict(kept)
    network.eval()
    return LoopResult(best_epoch, epoch, best)


def batch_bounds(rows: int, size: int) -> list[tuple[int, int]]:
    """Return (start, end) of each batch; none has a single row unless there is only one."""
    bounds = [(low, min(low + size, rows)) for low in range(0, rows, size)]
    if len(bounds) > 1 and bounds[-1][1] - bounds[-1][0] < 2:
        # Batch norm cannot learn from a single row.
        bounds[-2:] = [(bounds[-2][0], rows)]
    return bounds


@contextmanager
def out_of_memory_explained(device: torch.device) -> Iterator[None]:
    """Turn the device's out-of-memory error into one that says what to do."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _too_large(device) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error) and "not enough memory" not in str(error):
            raise
        raise _too_large(device) from error


def _too_large(device: torch.device) -> SettingsError:
    return SettingsError(
        f"training must fit into the memory of the device ({device.type})",
        "it ran out",
        "Choose a smaller batch size or width, or fewer rows"
        + (", or set AIMASS_DEVICE=cpu" if device.type == "cuda" else ""),
    )


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _mover(averaged: dict[str, Tensor], network: nn.Module) -> Callable[[float], None]:
    """Return what moves the running mean of the weights towards the network's by a share."""
    # The network's tensors stay the same ones all through training: their values are changed in place.
    now = {name: value.detach() for name, value in network.state_dict().items()}
    floating = [name for name, value in now.items() if value.is_floating_point()]
    means, values = [averaged[name] for name in floating], [now[name] for name in floating]
    counts = [(averaged[name], value) for name, value in now.items() if name not in set(floating)]

    @torch.no_grad()
    def move(share: float) -> None:
        torch._foreach_lerp_(means, values, share)
        for mean, value in counts:
            mean.copy_(value)

    return move


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Decay matrices only: pulling biases and norms to zero changes the model, not its size."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    rest = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
