"""Boosting of residuals: each member learns what those before it leave over."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from aimass_core.errors import DataError
from aimass_core.jobs.progress import Report
from aimass_core.models import inner
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.ensembles.config import MemberConfig
from aimass_core.models.ensembles.members import (
    DEFAULT_MEMBERS,
    EnsembleClassifier,
    Learning,
    MemberGain,
    Teller,
    held_out,
    names_of,
    shown,
)
from aimass_core.models.ensembles.weights import Weights, measured, step
from aimass_core.models.offset import TakesOffset

Validation = tuple[Floats, Floats]


class ResidualClassifier(EnsembleClassifier):
    """``log_odds = first + share_2 * second + share_3 * third + …``, each on what is left over.

    With F the sum so far and p its probability, each member estimates ``logit P(y | x) - F(x)``, the
    residual on the scale of log-odds. A family that can start from given log-odds (boosted trees,
    the additive model) minimises the log loss of F plus what it adds. Any other is an ordinary
    classifier of the same target whose rows weigh ``|y - p|``: with these weights the odds of a bad
    row are its true odds divided by those of F, so it estimates the same (the weights of additive
    logistic regression: Friedman, Hastie & Tibshirani, Annals of Statistics 28, 2000), less sharply.

    F on the training rows is out of fold, or the rows would seem explained. The share of each
    further member, 0 to `rate`, minimises log loss on the validation rows (without them, on a share
    of the training rows kept back); it is 0 where the measure would fall. These rows also stop the
    members: for a member on weighted rows they are drawn anew in proportion to ``|y - p|``.

    `first` "best": every member is fitted alone and the one that measures best begins, so the
    ensemble measures no worse there than any of them. "given": in the order given; then what the
    first has learnt from chance stays in the score, and another member alone may be better.
    """

    family = "residual"
    method = "each member fitted to what those before it leave over"

    def __init__(
        self,
        *,
        members: Any = DEFAULT_MEMBERS,
        first: str = "best",
        folds: int = 3,
        rate: float = 1.0,
        metric: str = "auc",
        validation_share: float = 0.2,
        ordered: bool = False,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.members = members
        self.first = first
        self.folds = folds
        self.rate = rate
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
        judging, judged_weight = validation, np.ones(0 if validation is None else len(validation[1]))
        if judging is None:
            parts = held_out(rows.y, share=self.validation_share, seed=self.seed, ordered=self.ordered)
            judged = rows.part(parts.judged)
            judging, judged_weight = (judged.X, judged.y), judged.weight
            rows = rows.part(parts.learnt)
        specs = self._specs()
        names = names_of(specs)
        folds = _folds(rows.y, count=self.folds, seed=self.seed, ordered=self.ordered)
        teller = Teller(progress, len(specs) + (len(specs) - 1) * (len(folds) + 1))
        alone = [
            self._fitted(spec, rows, judging, teller.for_fit(f"{name}, alone"))
            for spec, name in zip(specs, names, strict=True)
        ]
        values = [measured(self.metric, judging[1], member.log_odds(judging[0])) for member in alone]
        order = _order(values, best_first=self.first == "best")
        chosen = [alone[order[0]]]
        shares = np.zeros(len(specs))
        shares[0] = 1.0
        parts_odds = [chosen[0].log_odds(judging[0])]
        learnt = self._out_of_fold(specs[order[0]], rows, None, folds, judging, teller, names[order[0]])
        for place, k in enumerate(order[1:], start=1):
            sum_so_far = np.sum([s * o for s, o in zip(shares, parts_odds, strict=False)], axis=0)
            report = teller.for_fit(f"{names[k]}, on what is left")
            member = self._corrector(specs[k], rows, learnt, judging, sum_so_far, report)
            if member is None:  # too few rows of a class to say what is left
                chosen.append(alone[k])
                parts_odds.append(alone[k].log_odds(judging[0]))
                continue
            odds = member.log_odds(judging[0])
            share = step(sum_so_far, odds, judging[1], judged_weight, most=self.rate)
            now, then = (
                measured(self.metric, judging[1], s) for s in (sum_so_far, sum_so_far + share * odds)
            )
            shares[place] = share if not then < now else 0.0
            chosen.append(member)
            parts_odds.append(odds)
            if place < len(specs) - 1 and shares[place] > 0:
                learnt = learnt + shares[place] * self._out_of_fold(
                    specs[k], rows, learnt, folds, judging, teller, names[k], sum_so_far
                )
        odds_of_all = np.column_stack(parts_odds)
        self._keep(
            [specs[k] for k in order],
            chosen,
            Weights(shares),
            self._gains(
                [names[k] for k in order], [values[k] for k in order], shares, odds_of_all, judging[1]
            ),
            measure=self.metric,
            together=shown(self.metric, judging[1], odds_of_all @ shares),
            rows=len(judging[1]),
            measured_on="validation rows" if validation is not None else "training rows kept back",
        )

    def _out_of_fold(
        self,
        spec: MemberConfig,
        rows: Learning,
        so_far: Floats | None,
        folds: tuple[inner.Fold, ...],
        judging: Validation,
        teller: Teller,
        name: str,
        judging_so_far: Floats | None = None,
    ) -> Floats:
        """Return log-odds of the rows by members that did not see them; NaN where no fold judges a row."""
        found = np.full(len(rows.y), np.nan)
        for number, fold in enumerate(folds, start=1):
            part, report = rows.part(fold.learnt), teller.for_fit(f"{name}, fold {number} of {len(folds)}")
            if so_far is None or judging_so_far is None:
                member: BinaryClassifier | None = self._fitted(spec, part, judging, report)
            else:
                member = self._corrector(spec, part, so_far[fold.learnt], judging, judging_so_far, report)
            if member is not None:
                found[fold.judged] = member.log_odds(rows.X[fold.judged])
        return found

    def _corrector(
        self,
        spec: MemberConfig,
        rows: Learning,
        so_far: Floats,
        judging: Validation,
        judging_so_far: Floats,
        report: Report | None,
    ) -> BinaryClassifier | None:
        """Return a member fitted to what log-odds leave over; None when one class has no known rows.

        Parameters
        ----------
        so_far : out-of-fold log-odds of the rows, NaN where unknown. judging_so_far : of the judging rows.
        """
        known = np.flatnonzero(~np.isnan(so_far))
        if len(np.unique(rows.y[known])) < 2:
            return None
        part, odds = rows.part(known), so_far[known]
        member = self._built(spec)
        if isinstance(member, TakesOffset):
            member.fit_left_over(
                part.X,
                part.y,
                part.weight,
                offset=odds,
                validation=judging,
                validation_offset=judging_so_far,
                progress=report,
            )
            return member
        weight = part.weight * _surprise(part.y, odds)
        weighted = Learning(part.X, part.y, weight * (len(weight) / weight.sum()), part.domain)
        return self._fitted(spec, weighted, _redrawn(judging, judging_so_far, self.seed), report)

    def _gains(
        self, names: list[str], alone: list[float], shares: Floats, odds: Floats, y: Floats
    ) -> tuple[MemberGain, ...]:
        sign = -1.0 if self.metric == "log_loss" else 1.0
        return tuple(
            MemberGain(
                name,
                float(shares[k]),
                sign * alone[k],
                shown(self.metric, y, odds @ np.where(np.arange(len(shares)) == k, 0.0, shares)),
            )
            for k, name in enumerate(names)
        )


def _order(values: list[float], *, best_first: bool) -> list[int]:
    order = list(range(len(values)))
    if best_first and not np.isnan(values).any():
        best = int(np.argmax(values))
        order.remove(best)
        order.insert(0, best)
    return order


def _folds(y: Floats, *, count: int, seed: int, ordered: bool) -> tuple[inner.Fold, ...]:
    """Return inner folds; none where a class has too few rows for any."""
    try:
        return inner.folds(y, count=count, seed=seed, ordered=ordered)
    except DataError:
        return ()


def _redrawn(judging: Validation, odds: Floats, seed: int) -> Validation:
    """Draw as many rows in proportion to what is left over (systematic sampling, rows in random order)."""
    X, y = judging
    random = np.random.default_rng(seed)
    order = random.permutation(len(y))
    mass = np.cumsum(_surprise(y, odds)[order])
    points = (np.arange(len(y)) + random.random()) / len(y) * mass[-1]
    drawn = np.sort(order[np.minimum(np.searchsorted(mass, points, side="right"), len(y) - 1)])
    return X[drawn], y[drawn]


def _surprise(y: Floats, odds: Floats) -> Floats:
    """Return |y - p|, never 0."""
    return np.asarray(np.maximum(expit(np.where(y > 0.5, -odds, odds)), 1e-9))
