"""Blending: the members' log-odds added up with weights found on the validation rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.jobs.progress import Report
from aimass_core.models.base import Floats
from aimass_core.models.ensembles.members import (
    DEFAULT_MEMBERS,
    EnsembleClassifier,
    Learning,
    Teller,
    gains_of,
    held_out,
    names_of,
    shown,
)
from aimass_core.models.ensembles.weights import blended, towards_best


class BlendClassifier(EnsembleClassifier):
    """A weighted mean of members' log-odds; the weights minimise log loss on rows kept back.

    Each member learns from all training rows, the validation rows stop it and then weigh it.
    Without validation rows a share of the training rows takes their place. Weights are not
    negative and by default sum to 1. Where the best member alone measures better on those rows,
    the weights are moved towards it.
    """

    family = "blend"
    method = "weights that minimise log loss on the validation rows"

    def __init__(
        self,
        *,
        members: Any = DEFAULT_MEMBERS,
        sum_to_one: bool = True,
        l2: float = 10.0,
        metric: str = "auc",
        validation_share: float = 0.2,
        ordered: bool = False,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.members = members
        self.sum_to_one = sum_to_one
        self.l2 = l2
        self.metric = metric
        self.validation_share = validation_share
        self.ordered = ordered
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
        rows = Learning.of(X, y, weight, domain)
        weighing, judged_weight = validation, np.ones(0 if validation is None else len(validation[1]))
        if weighing is None:
            parts = held_out(rows.y, share=self.validation_share, seed=self.seed, ordered=self.ordered)
            judged = rows.part(parts.judged)
            weighing, judged_weight = (judged.X, judged.y), judged.weight
            rows = rows.part(parts.learnt)
        specs = self._specs()
        names = names_of(specs)
        teller = Teller(progress, len(specs))
        fitted = [
            self._fitted(spec, rows, weighing, teller.for_fit(name))
            for spec, name in zip(specs, names, strict=True)
        ]
        odds, target = np.column_stack([member.log_odds(weighing[0]) for member in fitted]), weighing[1]

        def found(members: list[int]) -> Any:
            part = odds[:, members]
            inner = blended(part, target, judged_weight, l2=self.l2, sum_to_one=self.sum_to_one)
            return towards_best(inner, part, target, metric=self.metric).spread(members, len(specs))

        everyone = list(range(len(specs)))
        weights = found(everyone)
        left_out = [found([m for m in everyone if m != k]) for k in everyone]
        self._keep(
            specs,
            fitted,
            weights,
            gains_of(names, weights, odds, target, metric=self.metric, left_out=left_out),
            measure=self.metric,
            together=shown(self.metric, target, weights.of(odds)),
            rows=len(target),
            measured_on="validation rows" if validation is not None else "training rows kept back",
        )
