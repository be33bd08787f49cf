"""Autoencoder with a supervised head, behind the common interface."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import validate_data
from torch import Tensor

from aimass_core.jobs.progress import Progress, Report
from aimass_core.models.autoencoder_network import AutoencoderNetwork
from aimass_core.models.base import Validation
from aimass_core.models.device_rows import TRANSFORM_ROWS, Batch, DeviceRows
from aimass_core.models.loop import LoopSettings, train
from aimass_core.models.network import NetworkClassifier
from aimass_core.models.network_inputs import Inputs
from aimass_core.models.network_parts import TabularNetwork

ROWS = 8_192
"""Rows told back at once."""
WATCHED_SHARE, MOST_WATCHED = 0.1, 20_000
"""Rows set aside to see how well rows are told back."""


class AutoencoderClassifier(NetworkClassifier):
    """A network that first learns to repair noisy rows, without a target, then to tell the classes apart.

    Pretraining is a denoising autoencoder (Vincent et al., ICML 2008) with swap noise: a share of the
    cells is taken from other rows and the true ones are to be told from the code. It sees all rows: training
    rows, the features (not the target) of validation rows, and rows without an outcome that `fit` is given
    as `unlabelled`. Then a head on the code is trained and everything fine-tuned, the decoder's error still
    counting by `reconstruction`.

    Attributes
    ----------
    pretraining_ : what pretraining came to: rows seen, epochs, error before and after on rows set aside.
    """

    pretraining_: dict[str, Any]

    family = "autoencoder"
    takes_unlabelled = True

    def __init__(
        self,
        *,
        width: int = 128,
        depth: int = 2,
        code: int = 64,
        dropout: float = 0.2,
        noise: float = 0.15,
        pretraining: int = 15,
        reconstruction: float = 0.0,
        bins: int = 16,
        embedding: int = 8,
        rate: float = 1e-3,
        weight_decay: float = 1e-2,
        batch_size: int | None = None,
        epochs: int = 60,
        patience: int = 8,
        metric: str = "log_loss",
        goal: float | None = None,
        balanced: bool = False,
        focal: float = 0.0,
        validation_share: float = 0.15,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.width = width
        self.depth = depth
        self.code = code
        self.dropout = dropout
        self.noise = noise
        self.pretraining = pretraining
        self.reconstruction = reconstruction
        self.bins = bins
        self.embedding = embedding
        self.rate = rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.metric = metric
        self.goal = goal
        self.balanced = balanced
        self.focal = focal
        self.validation_share = validation_share
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        *,
        validation: Validation | None = None,
        domain: npt.ArrayLike | None = None,
        progress: Report | None = None,
        unlabelled: npt.ArrayLike | None = None,
    ) -> Self:
        """Learn as every family; pretrain also on `unlabelled`, rows without a target, shape (m, p)."""
        self._unlabelled = unlabelled
        self._pretraining: dict[str, Any] = {"rows": 0, "epochs": 0}
        try:
            return super().fit(
                X, y, sample_weight, validation=validation, domain=domain, progress=_one_clock(progress)
            )
        finally:
            del self._unlabelled, self._pretraining

    def report(self) -> dict[str, Any]:
        """Return what the run's page shows of the pretraining."""
        return {"pretraining": self.pretraining_}

    def _build(self, inputs: Inputs, domains: int) -> AutoencoderNetwork:
        return AutoencoderNetwork(
            inputs.segments,
            inputs.flags,
            inputs.cardinalities,
            width=self.width,
            depth=self.depth,
            code=self.code,
            dropout=self.dropout,
            embedding=self.embedding,
        )

    def _pretrain(
        self,
        network: TabularNetwork,
        inputs: Inputs,
        rows: DeviceRows,
        held_out: DeviceRows,
        progress: Report | None,
    ) -> int:
        assert isinstance(network, AutoencoderNetwork)
        if not self.pretraining:
            return 0
        parts = [rows, held_out]
        if self._unlabelled is not None:
            matrix = validate_data(
                self,
                self._unlabelled,
                reset=False,
                dtype=np.float64,
                ensure_all_finite="allow-nan",
                ensure_min_samples=0,
            )
            if len(matrix):
                parts.append(DeviceRows.of(inputs, matrix, np.zeros(len(matrix)), device=rows.device))
        seen = joined(parts)
        random = np.random.default_rng(self.seed)
        order = torch.from_numpy(random.permutation(len(seen))).to(seen.order_device)
        count = max(1, min(MOST_WATCHED, round(WATCHED_SHARE * len(seen))))
        watched, learnt = order[:count], order[count:]
        device = rows.device

        def loss(index: Tensor, step: int) -> Tensor:
            batch = seen.take(learnt[index])
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                return network.reconstruction(batch.numbers, batch.labels, noise=self.noise).mean()

        def score() -> float:
            return -_error(network, seen, watched, noise=self.noise, seed=self.seed)

        before = -score()
        result = train(
            network,
            len(learnt),
            loss,
            score,
            settings=LoopSettings(
                epochs=self.pretraining,
                batch_size=self._batch_rows(len(learnt), device),
                rate=self.rate,
                weight_decay=self.weight_decay,
                patience=self.patience,
                seed=self.seed,
                metric_name="reconstruction",
                after=self.epochs,
            ),
            device=device,
            progress=progress,
            order_device=seen.order_device,
        )
        self._pretraining = {
            "rows": len(seen),
            "epochs": result.epochs,
            "before": before,
            "after": abs(result.metric),
        }
        return result.epochs

    def _loss(self, network: TabularNetwork, batch: Batch, epoch: float) -> Tensor:
        assert isinstance(network, AutoencoderNetwork)
        loss = super()._loss(network, batch, epoch)
        if not self.reconstruction:
            return loss
        told = network.reconstruction(batch.numbers, batch.labels, noise=self.noise)
        return loss + self.reconstruction * told.mean()

    def _trained(self, network: TabularNetwork) -> None:
        self.pretraining_ = self._pretraining

    def _write(self, folder: Path) -> dict[str, Any]:
        return {**super()._write(folder), "pretraining": self.pretraining_}

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        super()._read(folder, learnt)
        self.pretraining_ = dict(learnt["pretraining"])


def joined(parts: list[DeviceRows]) -> DeviceRows:
    """Return the rows of all parts, one part after the other, as rows without a target."""
    batches = [batch for part in parts for batch in part.slices(TRANSFORM_ROWS)]
    keep = parts[0].order_device
    numbers = torch.cat([batch.numbers.to(keep) for batch in batches])
    labels = torch.cat([batch.labels.to(keep, torch.int32) for batch in batches])
    nothing = torch.zeros(len(numbers), device=keep)
    return DeviceRows(Batch(numbers, labels, nothing, nothing), device=parts[0].device)


def _error(network: AutoencoderNetwork, rows: DeviceRows, index: Tensor, *, noise: float, seed: int) -> float:
    """Return the mean error of telling rows back from noise that is the same at every call."""
    generator = torch.Generator(rows.device).manual_seed(seed)
    network.eval()
    summed = 0.0
    with torch.inference_mode():
        for part in torch.split(index, ROWS):
            batch = rows.take(part)
            found = network.reconstruction(batch.numbers, batch.labels, noise=noise, generator=generator)
            summed += float(found.double().sum())
    return summed / len(index)


def _one_clock(progress: Report | None) -> Report | None:
    """Let both phases count seconds from the beginning of the first."""
    if progress is None:
        return None
    started = time.monotonic()

    def passed_on(message: Progress) -> None:
        progress(message.model_copy(update={"seconds": time.monotonic() - started}))

    return passed_on
