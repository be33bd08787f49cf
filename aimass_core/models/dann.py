"""DANN, the deep discriminative network, behind the common interface."""

from __future__ import annotations

import math
from typing import ClassVar

from torch import Tensor
from torch.nn import functional

from aimass_core.models.dann_network import DannNetwork
from aimass_core.models.device_rows import Batch
from aimass_core.models.losses import class_loss
from aimass_core.models.network import NetworkClassifier
from aimass_core.models.network_inputs import Inputs
from aimass_core.models.network_parts import TabularNetwork


class DannClassifier(NetworkClassifier):
    """Dense blocks with batch norm and dropout, trained by AdamW with early stopping.

    Numbers and labels enter as learnt vectors, those of numbers piecewise linear in their quantile
    position; missing values are inputs of their own.

    With `domain`, a second head learns to tell the domains apart and its gradient is reversed
    into the blocks, so that their features do not depend on the domain (domain-adversarial
    training, Ganin et al., JMLR 17, 2016). Its weight grows as ``2 / (1 + exp(-10 p)) - 1`` while p
    goes from 0 to 1 over the first third of the epochs; only weights from later epochs are kept,
    because the class measure alone would choose those from before the reversal took hold. Rows of
    another portfolio whose outcome is unknown take part with any target and ``sample_weight`` 0:
    only their domain is then learnt from.
    """

    family = "dann"
    adversarial = True
    older: ClassVar = {"number_size": 0}

    def __init__(
        self,
        *,
        width: int = 128,
        depth: int = 2,
        dropout: float = 0.4,
        bins: int = 16,
        number_size: int = 8,
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
        self.number_size = number_size
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
        self.domain_weight = domain_weight
        self.validation_share = validation_share
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def _build(self, inputs: Inputs, domains: int) -> DannNetwork:
        return DannNetwork(
            inputs.segments,
            inputs.flags,
            inputs.cardinalities,
            width=self.width,
            depth=self.depth,
            dropout=self.dropout,
            embedding=self.embedding,
            number_size=self.number_size,
            domains=domains,
        )

    def _loss(self, network: TabularNetwork, batch: Batch, epoch: float) -> Tensor:
        if batch.domain is None:
            return super()._loss(network, batch, epoch)
        assert isinstance(network, DannNetwork)
        ramped = min(1.0, epoch / self._ramp)
        strength = self.domain_weight * (2.0 / (1.0 + math.exp(-10.0 * ramped)) - 1.0)
        logits, domain_logits = network.both(batch.numbers, batch.labels, strength=strength)
        loss = class_loss(logits, batch.target, batch.weight, focal=self.focal)
        return loss + functional.cross_entropy(domain_logits.float(), batch.domain)

    @property
    def _ramp(self) -> int:
        """Epochs over which the weight of the reversed gradient grows."""
        return max(1, self.epochs // 3)

    def _first_kept(self, domains: int) -> int:
        return min(self.epochs, self._ramp + 1) if domains else 1

    def _trained(self, network: TabularNetwork) -> None:
        assert isinstance(network, DannNetwork)
        network.domain_head = None  # it has done its work
