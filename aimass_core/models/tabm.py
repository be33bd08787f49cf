"""TabM behind the common interface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aimass_core.device import resolve
from aimass_core.models.families.tabm import default_members
from aimass_core.models.network import NetworkClassifier
from aimass_core.models.network_inputs import Inputs
from aimass_core.models.tabm_network import TabmNetwork


class TabmClassifier(NetworkClassifier):
    """Many multilayer perceptrons in one, which share nearly all weights (Gorishniy et al., ICLR 2025).

    The members learn from the same batches, each with a loss of its own; training stops by the measure
    of their mean. The score is the log-odds of the mean of their probabilities.
    """

    family = "tabm"

    def __init__(
        self,
        *,
        members: int | None = None,
        width: int = 128,
        depth: int = 2,
        dropout: float = 0.1,
        bins: int = 16,
        number_size: int = 8,
        embedding: int = 2,
        rate: float = 2e-3,
        weight_decay: float = 1e-3,
        batch_size: int | None = None,
        epochs: int = 40,
        patience: int = 4,
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
        self.members = members
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
        self.validation_share = validation_share
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def _build(self, inputs: Inputs, domains: int) -> TabmNetwork:
        device = resolve(self.device)  # type: ignore[arg-type]
        return self._of(inputs, self.members or default_members(device.type))

    def _rebuild(self, inputs: Inputs, learnt: dict[str, Any]) -> TabmNetwork:
        # Trained on a GPU, it may have more members than would be built here.
        return self._of(inputs, int(learnt["members"]))

    def _of(self, inputs: Inputs, members: int) -> TabmNetwork:
        return TabmNetwork(
            inputs.segments,
            inputs.flags,
            inputs.cardinalities,
            width=self.width,
            depth=self.depth,
            dropout=self.dropout,
            number_size=self.number_size,
            label_size=self.embedding,
            members=members,
        )

    @property
    def members_count_(self) -> int:
        """Number of members."""
        network: TabmNetwork = self.network_  # type: ignore[assignment]
        return int(network.head.k)

    def _write(self, folder: Path) -> dict[str, Any]:
        return {**super()._write(folder), "members": self.members_count_}
