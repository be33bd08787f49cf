"""Isolation forest: how few random cuts set a row apart, behind the common interface."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from aimass_core.jobs.progress import Progress, Report
from aimass_core.models.base import Floats
from aimass_core.models.binning import known_codes
from aimass_core.models.isolation_forest import Forest, single
from aimass_core.models.unlabelled import UnlabelledScorer

FOREST_FILE = "forest.safetensors"


@dataclass(frozen=True)
class Columns:
    """What the trees see of a matrix.

    A number is itself, the median where it is missing. A label is ``-ln`` of its share among the training
    rows (codes have no order, but a rare label is unusual); a label never seen, or a gap in a column without
    one, counts as half a row. A column with gaps in training also says whether there is a gap.

    Attributes
    ----------
    fill : median of each number column, 0 for label columns.
    known : known codes of each label column, None for number columns.
    surprise : -ln share of each known code, then of a gap, then of any other.
    flagged : whether the column has an input for missing.
    """

    fill: tuple[float, ...]
    known: tuple[Floats | None, ...]
    surprise: tuple[Floats | None, ...]
    flagged: tuple[bool, ...]

    @classmethod
    def fit(cls, X: Floats, weight: Floats, *, categorical: tuple[int, ...]) -> Self:
        """Learn from training rows of positive weight."""
        known: list[Floats | None] = []
        surprise: list[Floats | None] = []
        fill, flagged = [], []
        for j in range(X.shape[1]):
            missing = np.isnan(X[:, j])
            values, mass = X[~missing, j], weight[~missing]
            flagged.append(bool(missing.any()))
            if j not in categorical:
                fill.append(float(np.median(values)) if len(values) else 0.0)
                known.append(None)
                surprise.append(None)
                continue
            codes, where = np.unique(values, return_inverse=True)
            total = float(weight.sum())
            half = total / len(X) / 2
            share = np.concatenate(
                [np.bincount(where, weights=mass, minlength=len(codes)), [weight[missing].sum()], [0.0]]
            )
            fill.append(0.0)
            known.append(codes)
            surprise.append(-np.log(np.maximum(share, half) / total))
        return cls(tuple(fill), tuple(known), tuple(surprise), tuple(flagged))

    def transform(self, X: Floats) -> Floats:
        """Return the trees' inputs, shape (n, p + flagged columns)."""
        flags = [j for j, flag in enumerate(self.flagged) if flag]
        found = np.empty((len(X), X.shape[1] + len(flags)))
        for j in range(X.shape[1]):
            codes, surprise = self.known[j], self.surprise[j]
            missing = np.isnan(X[:, j])
            if codes is None or surprise is None:
                found[:, j] = np.where(missing, self.fill[j], X[:, j])
                continue
            where = known_codes(codes, X[:, j], unseen=len(codes) + 1)
            where[missing] = len(codes)
            found[:, j] = surprise[where]
        found[:, X.shape[1] :] = np.isnan(X[:, flags])
        return found

    def to_json(self) -> dict[str, Any]:
        """Return everything learnt as JSON values."""
        return {
            "fill": list(self.fill),
            "known": [None if item is None else item.tolist() for item in self.known],
            "surprise": [None if item is None else item.tolist() for item in self.surprise],
            "flagged": list(self.flagged),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_json`."""
        return cls(
            tuple(float(value) for value in data["fill"]),
            _arrays(data["known"]),
            _arrays(data["surprise"]),
            tuple(bool(value) for value in data["flagged"]),
        )


class IsolationScorer(UnlabelledScorer):
    """Isolation forest (Liu, Ting & Zhou 2008) as scikit-learn grows it: the plain reference.

    The trees are kept as arrays and walked by our own code; the raw score is the negative of
    scikit-learn's `score_samples` on the same inputs.

    Attributes
    ----------
    learnt_ : the pair of what the trees see (`Columns`) and the trees (`Forest`).
    """

    family = "isolation"

    def __init__(
        self,
        *,
        trees: int = 200,
        sample: int = 256,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.trees = trees
        self.sample = sample
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def _learn(
        self, X: Floats, weight: Floats, held_out: Floats | None, progress: Report | None
    ) -> tuple[Columns, Forest]:
        from sklearn.ensemble import IsolationForest

        started = time.monotonic()
        columns = Columns.fit(X, weight, categorical=self.categorical)
        seen = single(columns.transform(X))
        grown = IsolationForest(
            n_estimators=self.trees,
            max_samples=min(self.sample, len(X)),
            random_state=self.seed,
            n_jobs=1,
        )
        equal = bool((weight == weight[0]).all())
        grown.fit(seen, sample_weight=None if equal else weight)
        if progress is not None:
            progress(
                Progress(
                    step=1,
                    steps=1,
                    message=f"Grew {self.trees:,} trees",
                    seconds=time.monotonic() - started,
                )
            )
        return columns, Forest.of(grown)

    @property
    def forest(self) -> Forest:
        """The trees."""
        return self.learnt_[1]  # type: ignore[no-any-return]

    @property
    def input_columns(self) -> tuple[int, ...]:
        """Matrix column of each input of the trees."""
        flagged = self.learnt_[0].flagged
        return (*range(len(flagged)), *(j for j, flag in enumerate(flagged) if flag))

    def walked(self, X: Floats) -> Floats:
        """Return what the trees see of rows, shape (n, inputs)."""
        return self.learnt_[0].transform(X)  # type: ignore[no-any-return]

    def log_odds_of_depths(self, summed: Floats) -> Floats:
        """Return log-odds (n,) from the depths at which rows end, summed over the trees."""
        return self.unusualness_.apply(self.forest.scores_of_depths(summed))

    def _raw(self, learnt: tuple[Columns, Forest], X: Floats) -> Floats:
        columns, forest = learnt
        return forest.scores(columns.transform(X))

    def _write_learnt(self, learnt: tuple[Columns, Forest], folder: Path) -> dict[str, Any]:
        columns, forest = learnt
        save_file(forest.arrays(), folder / FOREST_FILE)
        return {"columns": columns.to_json()}

    def _read_learnt(self, folder: Path, learnt: dict[str, Any]) -> tuple[Columns, Forest]:
        try:
            found = load_file(folder / FOREST_FILE)
        except SafetensorError as error:
            raise ValueError(str(error)) from error
        return Columns.from_json(learnt["columns"]), Forest.from_arrays(found)


def _arrays(items: list[list[float] | None]) -> tuple[Floats | None, ...]:
    return tuple(None if item is None else np.array(item, dtype=np.float64) for item in items)
