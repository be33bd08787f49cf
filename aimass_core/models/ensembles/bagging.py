"""Bagging: the mean log-odds of refits of one family on bootstrap samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.jobs.progress import Report
from aimass_core.models import catalog
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.ensembles.config import MemberConfig
from aimass_core.models.ensembles.members import (
    EnsembleClassifier,
    Learning,
    MemberGain,
    Teller,
    shown,
)
from aimass_core.models.ensembles.weights import Weights

DEFAULT_MEMBER: tuple[dict[str, Any], ...] = (MemberConfig(family="boosting").model_dump(),)


class BaggingClassifier(EnsembleClassifier):
    """The mean of the log-odds of bootstrap refits (Breiman, Machine Learning 24, 1996).

    Each refit draws rows with replacement, within each class, and has a seed of its own. Validation
    rows, where given, stop every refit and measure the gains; without them each row is measured by
    the refits that did not draw it.
    """

    family = "bagging"
    method = "plain mean of refits on rows drawn with replacement"

    def __init__(
        self,
        *,
        members: Any = DEFAULT_MEMBER,
        bags: int = 10,
        share: float = 1.0,
        metric: str = "auc",
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.members = members
        self.bags = bags
        self.share = share
        self.metric = metric
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
        (spec,) = self._specs()
        title = catalog.family(spec.family).title
        names = [f"{title} {bag}" for bag in range(1, self.bags + 1)]
        teller = Teller(progress, self.bags)
        random = np.random.default_rng(self.seed)
        seeds = random.integers(0, 2**31 - 1, self.bags)
        measuring = (rows.X, rows.y) if validation is None else validation
        odds = np.empty((len(measuring[1]), self.bags))
        fitted: list[BinaryClassifier] = []
        for bag, name in enumerate(names):
            drawn = _drawn(rows.y, rows.weight, self.share, random)
            report = teller.for_fit(f"{name} of {self.bags}")
            member = self._fitted(spec, rows.part(drawn), validation, report, seed=int(seeds[bag]))
            odds[:, bag] = member.log_odds(measuring[0])
            if validation is None:
                odds[drawn, bag] = np.nan
            fitted.append(member)
        equal = np.full(self.bags, 1 / self.bags)
        self._keep(
            [spec] * self.bags,
            fitted,
            Weights(equal),
            self._gains(names, odds, measuring[1]),
            measure=self.metric,
            together=self._measured(odds, measuring[1]),
            rows=int((~np.isnan(odds)).any(axis=1).sum()),
            measured_on="validation rows"
            if validation is not None
            else "training rows, each scored by the refits that did not draw it",
        )

    def _gains(self, names: list[str], odds: Floats, y: Floats) -> tuple[MemberGain, ...]:
        return tuple(
            MemberGain(
                name,
                1 / len(names),
                self._measured(odds[:, [bag]], y),
                self._measured(np.delete(odds, bag, axis=1), y),
            )
            for bag, name in enumerate(names)
        )

    def _measured(self, odds: Floats, y: Floats) -> float:
        """Measure the mean of the log-odds that are there, on rows that have any."""
        there = ~np.isnan(odds)
        some = there.any(axis=1)
        if not some.any():
            return float("nan")
        mean = np.where(there, odds, 0.0)[some].sum(axis=1) / there[some].sum(axis=1)
        return shown(self.metric, y[some], mean)


def _drawn(y: Floats, weight: Floats, share: float, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw rows with replacement within each class, so that a rare class is never lost."""
    parts = []
    for label in (0.0, 1.0):
        rows = np.flatnonzero((y == label) & (weight > 0))
        parts.append(random.choice(rows, size=max(1, round(share * len(rows)))))
    parts.append(np.flatnonzero(weight == 0))  # they only say what their domain looks like
    return np.sort(np.concatenate(parts))
