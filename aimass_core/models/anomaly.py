"""Anomaly score of an autoencoder, behind the common interface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from aimass_core.device import resolve
from aimass_core.jobs.progress import Report
from aimass_core.models.anomaly_network import AnomalyNetwork
from aimass_core.models.base import Floats
from aimass_core.models.device_rows import TRANSFORM_ROWS, Batch, DeviceRows
from aimass_core.models.estimate import default_batch_size
from aimass_core.models.families.anomaly import code_units
from aimass_core.models.loop import LoopSettings, out_of_memory_explained, train
from aimass_core.models.network import WEIGHTS_FILE
from aimass_core.models.scaled_inputs import ScaledInputs
from aimass_core.models.unlabelled import UnlabelledScorer

ROWS = 8_192
"""Rows told back at once."""
WATCHED_SHARE, MOST_WATCHED = 0.15, 50_000
"""Rows set aside to decide when to stop, when none are given."""
LEAST_ERROR = 2.5e-3
"""Mean squared error below which a number counts as told back exactly, in squared spreads."""


@dataclass(frozen=True)
class Learnt:
    """A trained network (float64, in evaluation mode), what it sees of rows, and how training went."""

    inputs: ScaledInputs
    network: AnomalyNetwork
    best_epoch: int
    epochs: int
    error: float


class AnomalyScorer(UnlabelledScorer):
    """A narrow autoencoder trained without a target; rows that it cannot tell back are unusual.

    Numbers keep their tails (:class:`~aimass_core.models.scaled_inputs.ScaledInputs`). Training is denoising
    with swap noise, so that the network learns how columns go together. The raw score is the surprise of
    a row: the sum over its columns of how improbable the error is, given the usual error of that column.
    Training is float32, scores are float64.

    Attributes
    ----------
    learnt_ : the inputs and the network (`Learnt`).
    """

    family = "anomaly"

    def __init__(
        self,
        *,
        width: int = 128,
        code: int | None = None,
        noise: float = 0.1,
        embedding: int = 8,
        rate: float = 2e-3,
        weight_decay: float = 1e-4,
        batch_size: int | None = None,
        epochs: int = 20,
        patience: int = 4,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.width = width
        self.code = code
        self.noise = noise
        self.embedding = embedding
        self.rate = rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def _learn(self, X: Floats, weight: Floats, held_out: Floats | None, progress: Report | None) -> Learnt:
        device = resolve(self.device)  # type: ignore[arg-type]
        inputs = ScaledInputs.fit(X, categorical=self.categorical)
        rows = _rows(inputs, X, weight, device)
        order = torch.from_numpy(np.random.default_rng(self.seed).permutation(len(X))).to(rows.order_device)
        if held_out is None or not len(held_out):
            count = max(1, min(MOST_WATCHED, round(WATCHED_SHARE * len(X))))
            watched, watched_index, learnt = rows, order[:count], order[count:]
        else:
            watched = _rows(inputs, held_out, np.ones(len(held_out)), device)
            watched_index, learnt = torch.arange(len(held_out), device=watched.order_device), order
        cuda = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda), out_of_memory_explained(device):
            torch.manual_seed(self.seed)
            network = self._network(inputs).to(device)

            def loss(index: Tensor, step: int) -> Tensor:
                batch = rows.take(learnt[index])
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                    errors = network.noisy(batch.numbers, batch.labels, self.noise)
                return (errors.mean(dim=1) * batch.weight).mean()

            def score() -> float:
                return -float(self._noisy_errors(network, watched, watched_index).mean())

            result = train(
                network,
                len(learnt),
                loss,
                score,
                settings=LoopSettings(
                    epochs=self.epochs,
                    batch_size=self.batch_size or default_batch_size(len(learnt), device.type),
                    rate=self.rate,
                    weight_decay=self.weight_decay,
                    patience=self.patience,
                    seed=self.seed,
                    metric_name="reconstruction",
                ),
                device=device,
                progress=progress,
                order_device=rows.order_device,
            )
            _settle(network, inputs, rows)
        return Learnt(inputs, network.double().eval(), result.best_epoch, result.epochs, abs(result.metric))

    def _network(self, inputs: ScaledInputs) -> AnomalyNetwork:
        return AnomalyNetwork(
            len(inputs.numbers),
            inputs.flags,
            inputs.cardinalities,
            width=self.width,
            code=self.code or code_units(len(inputs.numbers) + len(inputs.labels)),
            embedding=self.embedding,
        )

    def _noisy_errors(self, network: AnomalyNetwork, rows: DeviceRows, index: Tensor) -> Tensor:
        """Return the mean error of each part, the noise being the same at every call, shape (parts,)."""
        generator = torch.Generator(rows.device).manual_seed(self.seed)
        summed = torch.zeros(network.told.parts, dtype=torch.float64, device=rows.device)
        with torch.inference_mode():
            for part in torch.split(index, ROWS):
                batch = rows.take(part)
                found = network.noisy(batch.numbers, batch.labels, self.noise, generator=generator)
                summed += found.double().sum(dim=0)
        return summed / len(index)

    @property
    def inputs_(self) -> ScaledInputs:
        """What the network sees of rows."""
        return self.learnt_.inputs  # type: ignore[no-any-return]

    @property
    def network_(self) -> AnomalyNetwork:
        """The trained network."""
        return self.learnt_.network  # type: ignore[no-any-return]

    def network_log_odds(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the log-odds (n,) of transformed rows, on the network's device."""
        raw = self.network_.surprise(numbers, labels)
        return torch.from_numpy(self.unusualness_.apply(raw.cpu().numpy())).to(raw.device)

    def _raw(self, learnt: Learnt, X: Floats) -> Floats:
        device = learnt.network.usual.device
        found = np.empty(len(X))
        with torch.inference_mode():
            for low in range(0, len(X), ROWS):
                numbers, labels = learnt.inputs.transform(X[low : low + ROWS])
                scores = learnt.network.surprise(
                    torch.from_numpy(numbers).to(device), torch.from_numpy(labels).to(device)
                )
                found[low : low + ROWS] = scores.cpu().numpy()
        return found

    def _write_learnt(self, learnt: Learnt, folder: Path) -> dict[str, Any]:
        weights = {name: value.contiguous().cpu() for name, value in learnt.network.state_dict().items()}
        save_file(weights, folder / WEIGHTS_FILE)
        return {
            "inputs": learnt.inputs.to_json(),
            "best_epoch": learnt.best_epoch,
            "epochs": learnt.epochs,
            "error": learnt.error,
        }

    def _read_learnt(self, folder: Path, learnt: dict[str, Any]) -> Learnt:
        inputs = ScaledInputs.from_json(learnt["inputs"])
        with torch.random.fork_rng(devices=[]):  # weights are made before they are read
            network = self._network(inputs).double()
        try:
            network.load_state_dict(load_file(folder / WEIGHTS_FILE))
        except (SafetensorError, RuntimeError) as error:
            raise ValueError(str(error)) from error
        # Scoring runs anywhere: a model trained on a GPU also loads where there is none.
        device = resolve("cpu" if self.device == "cpu" else "auto")
        return Learnt(
            inputs,
            network.eval().to(device),
            int(learnt["best_epoch"]),
            int(learnt["epochs"]),
            float(learnt["error"]),
        )


def _rows(inputs: ScaledInputs, X: Floats, weight: Floats, device: torch.device) -> DeviceRows:
    numbers = torch.empty((len(X), len(inputs.numbers)), dtype=torch.float32)
    labels = torch.empty((len(X), len(inputs.labels)), dtype=torch.int32)
    for low in range(0, len(X), TRANSFORM_ROWS):
        scaled, indices = inputs.transform(X[low : low + TRANSFORM_ROWS])
        numbers[low : low + TRANSFORM_ROWS] = torch.from_numpy(scaled)
        labels[low : low + TRANSFORM_ROWS] = torch.from_numpy(indices)
    target = torch.zeros(len(X))
    share = torch.from_numpy((weight / weight.mean()).astype(np.float32))
    return DeviceRows(Batch(numbers, labels, target, share), device=device)


@torch.no_grad()
def _settle(network: AnomalyNetwork, inputs: ScaledInputs, rows: DeviceRows) -> None:
    """Learn from all training rows what error is usual, and what vector a label never seen gets."""
    summed = torch.zeros(network.told.parts, dtype=torch.float64, device=rows.device)
    counts = [torch.zeros(size, dtype=torch.int64, device=rows.device) for size in inputs.cardinalities]
    for batch in rows.slices(ROWS):
        summed += (network(batch.numbers, batch.labels).double() * batch.weight[:, None]).sum(dim=0)
        for j, count in enumerate(counts):
            count += torch.bincount(batch.labels[:, j], minlength=len(count))
    usual = (summed / len(rows)).clamp(min=LEAST_ERROR)
    network.usual.copy_(usual[: network.told.numbers])
    network.embeddings.settle_unseen(counts)
