"""Stacking: the members' log-odds added up with weights found on out-of-fold scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.jobs.progress import Report
from aimass_core.models import inner
from aimass_core.models.base import Floats
from aimass_core.models.ensembles.members import (
    DEFAULT_MEMBERS,
    EnsembleClassifier,
    Learning,
    Teller,
    gains_of,
    names_of,
    shown,
)
from aimass_core.models.ensembles.weights import Weights, stacked, towards_best


class StackingClassifier(EnsembleClassifier):
    """A non-negative logistic or ridge regression on members' log-odds (Wolpert 1992; Breiman 1996).

    Every member is fitted once per fold and scores the rows it did not see; the regression learns
    from these out-of-fold log-odds. Then every member with a weight is fitted on all training
    rows. Validation rows, where given, stop the members and take no part in the weights. Where the
    best member alone measures better out of fold, the weights are moved towards it.
    """

    family = "stacking"
    method = "regression on out-of-fold scores"

    def __init__(
        self,
        *,
        members: Any = DEFAULT_MEMBERS,
        folds: int = 5,
        final: str = "logistic",
        l2: float = 10.0,
        metric: str = "auc",
        ordered: bool = False,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.members = members
        self.folds = folds
        self.final = final
        self.l2 = l2
        self.metric = metric
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
        specs = self._specs()
        names = names_of(specs)
        folds = inner.folds(rows.y, count=self.folds, seed=self.seed, ordered=self.ordered)
        teller = Teller(progress, len(specs) * (len(folds) + 1))
        odds = np.full((len(rows.y), len(specs)), np.nan)
        for number, fold in enumerate(folds, start=1):
            part = rows.part(fold.learnt)
            for k, (spec, name) in enumerate(zip(specs, names, strict=True)):
                report = teller.for_fit(f"{name}, fold {number} of {len(folds)}")
                member = self._fitted(spec, part, validation, report)
                odds[fold.judged, k] = member.log_odds(rows.X[fold.judged])
        judged = ~np.isnan(odds[:, 0])
        odds, target, judged_weight = odds[judged], rows.y[judged], rows.weight[judged]

        def found(members: list[int]) -> Weights:
            part = odds[:, members]
            weights = stacked(part, target, judged_weight, l2=self.l2, final=self.final)
            return towards_best(weights, part, target, metric=self.metric).spread(members, len(specs))

        everyone = list(range(len(specs)))
        weights = found(everyone)
        left_out = [found([m for m in everyone if m != k]) for k in everyone]
        used = [k for k in everyone if weights.values[k] > 0]
        fitted = []
        for k in used:
            fitted.append(self._fitted(specs[k], rows, validation, teller.for_fit(f"{names[k]}, all rows")))
        self._keep(
            [specs[k] for k in used],
            fitted,
            Weights(weights.values[used], weights.intercept),
            gains_of(names, weights, odds, target, metric=self.metric, left_out=left_out),
            measure=self.metric,
            together=shown(self.metric, target, weights.of(odds)),
            rows=len(target),
            measured_on="training rows, each scored by models that did not see it",
        )
