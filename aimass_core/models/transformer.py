"""FT-Transformer behind the common interface."""

from __future__ import annotations

from typing import Any

import torch

from aimass_core.models.estimate import default_batch_size
from aimass_core.models.network import NetworkClassifier
from aimass_core.models.network_inputs import Inputs
from aimass_core.models.series import Series, find_series, given_series
from aimass_core.models.transformer_network import Times, TransformerNetwork

LARGEST_CPU_BATCH = 1_024


class TransformerClassifier(NetworkClassifier):
    """A transformer over the columns of a row (FT-Transformer: Gorishniy et al., NeurIPS 2021).

    Every column is a token: numbers by piecewise-linear embeddings, labels and missing values by learnt
    vectors. Columns that are one quantity at several times (``BILL_AMT1 … BILL_AMT6``) also carry a vector of
    their series and one of their time step, which the same month of other series shares, so that
    attention runs over time steps as well as over quantities. `names` tells which columns they are;
    `time_steps` "off" leaves all columns alone, and `series` spells them out by hand.
    """

    family = "transformer"

    def __init__(
        self,
        *,
        width: int = 32,
        depth: int = 2,
        heads: int = 4,
        dropout: float = 0.1,
        attention_dropout: float = 0.1,
        bins: int = 16,
        time_steps: str = "auto",
        series: tuple[tuple[str, ...], ...] = (),
        rate: float = 1e-3,
        weight_decay: float = 1e-2,
        batch_size: int | None = None,
        epochs: int = 40,
        patience: int = 6,
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
        self.heads = heads
        self.dropout = dropout
        self.attention_dropout = attention_dropout
        self.bins = bins
        self.time_steps = time_steps
        self.series = series
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

    @property
    def found_series(self) -> tuple[Series, ...]:
        """The columns that are taken as one quantity at several times."""
        if self.time_steps == "off":
            return ()
        return given_series(self.series, self.names) if self.series else find_series(self.names)

    def report(self) -> dict[str, Any]:
        """Return which columns were taken as one quantity at several times."""
        return {
            "time_steps": {
                "series": [
                    {"name": series.stem, "columns": [self.names[j] for j in series.columns]}
                    for series in self.found_series
                ]
            }
        }

    def _build(self, inputs: Inputs, domains: int) -> TransformerNetwork:
        return TransformerNetwork(
            inputs.segments,
            inputs.cardinalities,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            dropout=self.dropout,
            attention_dropout=self.attention_dropout,
            times=_times(self.found_series, inputs),
        )

    def _batch_rows(self, rows: int, device: torch.device) -> int:
        if self.batch_size is not None:
            return self.batch_size
        chosen = default_batch_size(rows, device.type)
        # Attention between all pairs of tokens is held for every row of a step.
        return min(chosen, LARGEST_CPU_BATCH) if device.type == "cpu" else chosen


def _times(found: tuple[Series, ...], inputs: Inputs) -> Times:
    """Return where each token stands in time; number columns come first, then label columns."""
    numbers = [j for j, knots in enumerate(inputs.knots) if knots is not None]
    labels = [j for j, known in enumerate(inputs.known) if known is not None]
    place = {
        column: (number, step + 1)
        for number, series in enumerate(found, start=1)
        for column, step in zip(series.columns, series.steps, strict=True)
    }
    series, steps = zip(*(place.get(j, (0, 0)) for j in numbers + labels), strict=True)
    return Times(series, steps)
