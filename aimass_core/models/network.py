"""What all networks share: rows on the device, early stopping, float64 scores, save and load."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from aimass_core.device import resolve
from aimass_core.errors import DataError
from aimass_core.jobs.progress import Report
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.device_measures import measure
from aimass_core.models.device_rows import TRANSFORM_ROWS, Batch, DeviceRows
from aimass_core.models.estimate import default_batch_size
from aimass_core.models.loop import LoopResult, LoopSettings, batch_bounds, out_of_memory_explained, train
from aimass_core.models.losses import class_loss, log_odds_of_members
from aimass_core.models.network_inputs import Inputs
from aimass_core.models.network_parts import TabularNetwork

WEIGHTS_FILE = "network.safetensors"
SCORING_ROWS = 8_192
"""Rows scored at once: enough to keep a GPU busy."""

CPU_SCORING_ROWS = 512
"""Rows scored at once on a processor: what members make of them stays in its cache."""


class NetworkClassifier(BinaryClassifier):
    """A network on tables, trained by AdamW with early stopping.

    A subclass names its settings in ``__init__`` (those below and its own) and says in `_build` what its
    network is; the other hooks (`_loss`, `_pretrain`, `_first_kept`, `_trained`) have defaults.

    After each epoch the validation measure is taken; training stops when it has not improved for `patience`
    epochs, or has reached `goal`, and the best weights are kept. Without validation rows,
    `validation_share` of the training rows is set aside. Training is float32 (matrix products in bfloat16
    on a GPU); scores are computed in float64, so they do not depend on the batch. A network of several
    members scores the mean of their probabilities.

    Attributes
    ----------
    network_ : the trained network, float64, in evaluation mode.
    inputs_ : the learnt input transformation.
    best_epoch_, epochs_ : epoch whose weights were kept; epochs trained.
    validation_metric_ : its validation measure.
    """

    adversarial: ClassVar[bool] = False
    """Whether `domain` is learnt from; otherwise it is passed over."""

    bins: int
    rate: float
    weight_decay: float
    batch_size: int | None
    epochs: int
    patience: int
    metric: str
    goal: float | None
    balanced: bool
    focal: float
    validation_share: float
    device: str

    network_: TabularNetwork
    inputs_: Inputs

    @abstractmethod
    def _build(self, inputs: Inputs, domains: int) -> TabularNetwork:
        """Return a new network, float32, on the CPU.

        Torch's random state is seeded before training. `domains` is 0 unless the family is `adversarial`
        and trained against domains.
        """

    def _rebuild(self, inputs: Inputs, learnt: dict[str, Any]) -> TabularNetwork:
        """Return a network that the saved weights fit into; `learnt` is what `_write` returned."""
        return self._build(inputs, 0)

    def _loss(self, network: TabularNetwork, batch: Batch, epoch: float) -> Tensor:
        """Return the mean loss of a batch; `epoch` counts from 0 in fractions."""
        logits = network(batch.numbers, batch.labels)
        return class_loss(logits, batch.target, batch.weight, focal=self.focal)

    def _pretrain(
        self,
        network: TabularNetwork,
        inputs: Inputs,
        rows: DeviceRows,
        held_out: DeviceRows,
        progress: Report | None,
    ) -> int:
        """Train without the target before the supervised epochs; return the epochs reported, 0 by default.

        They must be reported as steps 1 to the number returned, of that number plus `epochs`
        (`LoopSettings.after`).
        """
        return 0

    def _first_kept(self, domains: int) -> int:
        """Return the first epoch whose weights may be kept."""
        return 1

    def _trained(self, network: TabularNetwork) -> None:
        """Take away parts of the trained network that scoring does not need."""

    def _batch_rows(self, rows: int, device: torch.device) -> int:
        """Return the number of rows per step."""
        return self.batch_size or default_batch_size(rows, device.type)

    def _fit(
        self,
        X: Floats,
        y: Floats,
        weight: Floats,
        validation: tuple[Floats, Floats] | None,
        domain: npt.NDArray[np.int64] | None,
        progress: Report | None,
    ) -> None:
        device = resolve(self.device)  # type: ignore[arg-type]
        domain = domain if self.adversarial else None
        used = weight > 0 if domain is None else np.ones(len(X), dtype=bool)
        if validation is None:
            held, only_watched = _set_aside(y, weight, self.validation_share, self.seed)
            validation = X[held], y[held]
            used &= ~only_watched
        if not used.all():
            X, y, weight = X[used], y[used], weight[used]
            domain = None if domain is None else domain[used]
        inputs = Inputs.fit(
            X, np.where(weight > 0, weight, 1.0), bins=self.bins, categorical=self.categorical
        )
        if self.balanced:
            share = float(weight[y == 1].sum() / weight.sum())
            weight = weight * np.where(y == 1, 0.5 / share, 0.5 / (1 - share))
        start = _log_odds_of_mean(y, weight)
        domains = 0 if domain is None else int(domain.max()) + 1
        cuda = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda), out_of_memory_explained(device):
            torch.manual_seed(self.seed)
            network = self._build(inputs, domains).to(device)
            network.start_at(start)
            rows = DeviceRows.of(inputs, X, y, weight=weight, domain=domain, device=device)
            held_out = DeviceRows.of(inputs, *validation, device=device)
            before = self._pretrain(network, inputs, rows, held_out, progress)
            result = self._run(network, rows, held_out, domains, before, device, progress)
        network.cpu()
        network.settle_unseen(_label_counts(rows, inputs))
        self._trained(network)
        self.inputs_ = inputs
        self.network_ = network.double().to(device)
        self.best_epoch_ = result.best_epoch
        self.epochs_ = result.epochs
        self.validation_metric_ = abs(result.metric)

    def _run(
        self,
        network: TabularNetwork,
        rows: DeviceRows,
        held_out: DeviceRows,
        domains: int,
        before: int,
        device: torch.device,
        progress: Report | None,
    ) -> LoopResult:
        target = held_out.target
        metric = self.metric if 0 < float(target.sum()) < len(target) else "log_loss"
        batch_size = self._batch_rows(len(rows), device)
        steps = len(batch_bounds(len(rows), batch_size))
        goal = self.goal if self.goal is None or metric != "log_loss" else -self.goal

        def loss(index: Tensor, step: int) -> Tensor:
            batch = rows.take(index)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                return self._loss(network, batch, step / steps)

        return train(
            network,
            len(rows),
            loss,
            _scorer(network, held_out, metric),
            settings=LoopSettings(
                epochs=self.epochs,
                batch_size=batch_size,
                rate=self.rate,
                weight_decay=self.weight_decay,
                patience=self.patience,
                seed=self.seed,
                metric_name=metric,
                first_kept=self._first_kept(domains),
                goal=goal if metric == self.metric else None,
                before=before,
            ),
            device=device,
            progress=progress,
            order_device=rows.order_device,
        )

    def network_log_odds(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the log-odds (n,) of transformed rows, on the network's device."""
        return log_odds_of_members(self.network_(numbers, labels))

    def _log_odds(self, X: Floats) -> Floats:
        device = next(self.network_.parameters()).device
        size = _scored_at_once(device)
        found = np.empty(len(X))
        with torch.inference_mode():
            for first in range(0, len(X), TRANSFORM_ROWS):
                positions, indices = self.inputs_.transform(X[first : first + TRANSFORM_ROWS])
                numbers, labels = torch.from_numpy(positions), torch.from_numpy(indices)
                parts = [
                    self.network_log_odds(a.to(device), b.to(device))
                    for a, b in zip(torch.split(numbers, size), torch.split(labels, size), strict=True)
                ]
                found[first : first + TRANSFORM_ROWS] = torch.cat(parts).cpu().numpy()
        return found

    def _write(self, folder: Path) -> dict[str, Any]:
        weights = {name: value.contiguous().cpu() for name, value in self.network_.state_dict().items()}
        save_file(weights, folder / WEIGHTS_FILE)
        return {
            "inputs": self.inputs_.to_json(),
            "best_epoch": self.best_epoch_,
            "epochs": self.epochs_,
            "validation_metric": self.validation_metric_,
        }

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        self.inputs_ = Inputs.from_json(learnt["inputs"])
        with torch.random.fork_rng(devices=[]):  # weights are made before they are read
            network = self._rebuild(self.inputs_, learnt).double()
        try:
            network.load_state_dict(load_file(folder / WEIGHTS_FILE))
        except (SafetensorError, RuntimeError) as error:
            raise ValueError(str(error)) from error
        # Scoring runs anywhere: a model trained on a GPU also loads where there is none.
        device = resolve("cpu" if self.device == "cpu" else "auto")
        self.network_ = network.eval().to(device)
        self.best_epoch_ = int(learnt["best_epoch"])
        self.epochs_ = int(learnt["epochs"])
        self.validation_metric_ = float(learnt["validation_metric"])


def _scored_at_once(device: torch.device) -> int:
    return CPU_SCORING_ROWS if device.type == "cpu" else SCORING_ROWS


def _scorer(network: TabularNetwork, rows: DeviceRows, metric: str) -> Callable[[], float]:
    target = rows.target.to(rows.device)
    size = _scored_at_once(rows.device)

    def score() -> float:
        with torch.inference_mode():
            parts = [network(batch.numbers, batch.labels) for batch in rows.slices(size)]
            return measure(metric, target, log_odds_of_members(torch.cat(parts).double()))

    return score


def _label_counts(rows: DeviceRows, inputs: Inputs) -> list[Tensor]:
    counts = [torch.zeros(size, dtype=torch.int64) for size in inputs.cardinalities]
    if counts:
        for batch in rows.slices(TRANSFORM_ROWS):
            for j, count in enumerate(counts):
                count += torch.bincount(batch.labels[:, j].cpu(), minlength=len(count))
    return counts


def _set_aside(
    y: Floats, weight: Floats, share: float, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Choose validation rows by class; return their positions and which rows are not to be learnt from.

    The few rows of a class too small to divide are watched and learnt from.
    """
    random = np.random.default_rng(seed)
    held = []
    only_watched = np.zeros(len(y), dtype=bool)
    for value in (0.0, 1.0):
        rows = random.permutation(np.flatnonzero((y == value) & (weight > 0)))
        if len(rows) < 5:
            held.append(rows)
            continue
        chosen = rows[: min(len(rows) - 1, max(1, round(share * len(rows))))]
        held.append(chosen)
        only_watched[chosen] = True
    return np.sort(np.concatenate(held)), only_watched


def _log_odds_of_mean(y: Floats, weight: Floats) -> float:
    mean = float(np.average(y, weights=weight))
    if not 0 < mean < 1:
        raise DataError("both classes must have rows to train on", "one has none of positive weight")
    return math.log(mean / (1 - mean))
