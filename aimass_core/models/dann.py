"""DANN, the deep discriminative network, behind the common interface."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from aimass_core.device import resolve
from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import log_loss
from aimass_core.evaluate.discrimination import auc, average_precision
from aimass_core.jobs.progress import Report
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.dann_inputs import Inputs
from aimass_core.models.dann_network import DannNetwork
from aimass_core.models.estimate import default_batch_size
from aimass_core.models.loop import LoopSettings, batch_bounds, out_of_memory_explained, train

WEIGHTS_FILE = "network.safetensors"
SCORING_ROWS = 8_192


class DannClassifier(BinaryClassifier):
    """Dense blocks with batch norm and dropout, trained by AdamW with early stopping.

    Numbers enter as piecewise-linear encodings of their quantile position, labels as learnt
    vectors, missing values as inputs of their own. After each epoch the validation measure is
    taken; training stops when it has not improved for `patience` epochs and the best weights
    are kept. Without validation rows, `validation_share` of the training rows is set aside.

    With `domain`, a second head learns to tell the domains apart and its gradient is reversed
    into the blocks, so that their features do not depend on the domain (domain-adversarial
    training, Ganin et al., JMLR 17, 2016). Its weight grows as ``2 / (1 + exp(-10 p)) - 1`` while p
    goes from 0 to 1 over the first third of the epochs; only weights from later epochs are kept,
    because the class measure alone would choose those from before the reversal took hold. Rows of
    another portfolio whose outcome is unknown take part with any target and ``sample_weight`` 0:
    only their domain is then learnt from.

    Training is float32; scores are computed in float64, so they do not depend on the batch.

    Attributes
    ----------
    network_ : the trained network, float64, in evaluation mode.
    inputs_ : the learnt input transformation.
    best_epoch_, epochs_ : epoch whose weights were kept; epochs trained.
    validation_metric_ : its validation measure.
    """

    family = "dann"

    def __init__(
        self,
        *,
        width: int = 128,
        depth: int = 2,
        dropout: float = 0.3,
        bins: int = 16,
        embedding: int = 8,
        rate: float = 1e-3,
        weight_decay: float = 1e-2,
        batch_size: int | None = None,
        epochs: int = 60,
        patience: int = 8,
        metric: str = "log_loss",
        balanced: bool = False,
        domain_weight: float = 1.0,
        validation_share: float = 0.15,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.width = width
        self.depth = depth
        self.dropout = dropout
        self.bins = bins
        self.embedding = embedding
        self.rate = rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.metric = metric
        self.balanced = balanced
        self.domain_weight = domain_weight
        self.validation_share = validation_share
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

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
        used = weight > 0 if domain is None else np.ones(len(X), dtype=bool)
        if validation is None:
            held, only_watched = _set_aside(y, weight, self.validation_share, self.seed)
            validation = X[held], y[held]
            used &= ~only_watched
        X, y, weight = X[used], y[used], weight[used]
        domain = None if domain is None else domain[used]
        inputs = Inputs.fit(
            X, np.where(weight > 0, weight, 1.0), bins=self.bins, categorical=self.categorical
        )
        if self.balanced:
            share = float(weight[y == 1].sum() / weight.sum())
            weight = weight * np.where(y == 1, 0.5 / share, 0.5 / (1 - share))
        domains = 0 if domain is None else int(domain.max()) + 1
        batch_size = self.batch_size or default_batch_size(len(X), device.type)
        ramp = 0 if domain is None else max(1, self.epochs // 3)
        ramp_steps = ramp * len(batch_bounds(len(X), batch_size))
        cuda = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda), out_of_memory_explained(device):
            torch.manual_seed(self.seed)
            network = self._network(inputs, domains).to(device)
            with torch.no_grad():
                network.head.bias.fill_(_log_odds_of_mean(y, weight))
            result = train(
                network,
                len(X),
                self._loss(network, inputs, X, y, weight, domain, ramp_steps, device),
                self._score(network, inputs, *validation, device),
                settings=LoopSettings(
                    epochs=self.epochs,
                    batch_size=batch_size,
                    rate=self.rate,
                    weight_decay=self.weight_decay,
                    patience=self.patience,
                    seed=self.seed,
                    metric_name=self.metric,
                    first_kept=min(self.epochs, ramp + 1),
                ),
                device=device,
                progress=progress,
            )
        network.cpu()
        _, indices = inputs.transform(X)
        network.settle_unseen(
            [
                torch.from_numpy(np.bincount(indices[:, j], minlength=size))
                for j, size in enumerate(inputs.cardinalities)
            ]
        )
        network.domain_head = None  # it has done its work
        self.inputs_ = inputs
        self.network_ = network.double().to(device)
        self.best_epoch_ = result.best_epoch
        self.epochs_ = result.epochs
        self.validation_metric_ = abs(result.metric)

    def _network(self, inputs: Inputs, domains: int) -> DannNetwork:
        return DannNetwork(
            inputs.segments,
            inputs.flags,
            inputs.cardinalities,
            width=self.width,
            depth=self.depth,
            dropout=self.dropout,
            embedding=self.embedding,
            domains=domains,
        )

    def _loss(
        self,
        network: DannNetwork,
        inputs: Inputs,
        X: Floats,
        y: Floats,
        weight: Floats,
        domain: npt.NDArray[np.int64] | None,
        ramp_steps: int,
        device: torch.device,
    ) -> Callable[[Tensor, int], Tensor]:
        positions, indices = inputs.transform(X)
        numbers = torch.from_numpy(positions).to(device, torch.float32)
        labels = torch.from_numpy(indices).to(device)
        target = torch.from_numpy(y).to(device, torch.float32)
        weights = torch.from_numpy(weight / weight.mean()).to(device, torch.float32)
        domain_of = None if domain is None else torch.from_numpy(domain).to(device)

        def loss(rows: Tensor, step: int) -> Tensor:
            if domain_of is None:
                logits = network(numbers[rows], labels[rows])
                return functional.binary_cross_entropy_with_logits(logits, target[rows], weight=weights[rows])
            ramped = min(1.0, step / ramp_steps)
            strength = self.domain_weight * (2.0 / (1.0 + math.exp(-10.0 * ramped)) - 1.0)
            logits, domain_logits = network.both(numbers[rows], labels[rows], strength=strength)
            class_loss = functional.binary_cross_entropy_with_logits(
                logits, target[rows], weight=weights[rows]
            )
            return class_loss + functional.cross_entropy(domain_logits, domain_of[rows])

        return loss

    def _score(
        self, network: DannNetwork, inputs: Inputs, X: Floats, y: Floats, device: torch.device
    ) -> Callable[[], float]:
        positions, indices = inputs.transform(X)
        numbers = torch.from_numpy(positions).to(device, torch.float32)
        labels = torch.from_numpy(indices).to(device)
        metric = self.metric if 0 < y.sum() < len(y) else "log_loss"

        def score() -> float:
            with torch.inference_mode():
                odds = torch.cat([network(a, b) for a, b in _chunks(numbers, labels)])
                p = torch.sigmoid(odds.double()).cpu().numpy()
            if metric == "log_loss":
                return -log_loss(y, p)
            return auc(y, p) if metric == "auc" else average_precision(y, p)

        return score

    def _log_odds(self, X: Floats) -> Floats:
        device = self.network_.head.weight.device
        positions, indices = self.inputs_.transform(X)
        with torch.inference_mode():
            found = [
                self.network_(a.to(device), b.to(device)).cpu()
                for a, b in _chunks(torch.from_numpy(positions), torch.from_numpy(indices))
            ]
        return np.asarray(torch.cat(found).numpy(), dtype=np.float64)

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
        network = self._network(self.inputs_, 0).double()
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


def _chunks(numbers: Tensor, labels: Tensor) -> list[tuple[Tensor, Tensor]]:
    return list(zip(torch.split(numbers, SCORING_ROWS), torch.split(labels, SCORING_ROWS), strict=True))
