"""The automatic choice: families and settings tried in the time there is, and a mean of what earned it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.jobs.progress import Report
from aimass_core.models import auto_portfolio, catalog, inner
from aimass_core.models.auto_choose import choose, mean
from aimass_core.models.auto_plan import PlannedMember
from aimass_core.models.auto_work import Candidate, OutOfTime, Work
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.ensembles.members import (
    EnsembleClassifier,
    Learning,
    Member,
    MemberGain,
    held_out,
    shown,
)
from aimass_core.models.family import Family

MEASURE = "auc"
_SHARE = 0.2  # rows kept back where there is time for one fold only
_FEW = 3  # folds when there is no time for all
_SIZES = 3  # settings of the first family that must fit into half of the time
_REPEATS = 3  # fits of a quick member with other seeds, which are averaged
_MORE_STAGES = 3  # times as many stages where the last was the best
_SLACK = 1.4  # a fit to all rows by one to those of a fold
_PART = 0.5  # of the time left that one more family may take


class AutoClassifier(EnsembleClassifier):
    """A mean of log-odds of the families and settings that did best on inner folds within a time budget.

    A scorecard and boosting come first; boosting is tried in several sizes, and the folds choose the number
    of trees. Families that take longer follow while there is time. Places in the mean are given by ensemble
    selection on rows the candidates have not learnt from. Members are then fitted again to all rows,
    validation rows too. With rows in order of time each fold judges rows later than those it learns from.

    What was settled is in `plan_`; given as `plan`, the same model is trained again, whatever the clock says.

    Attributes
    ----------
    plan_ : the members that were settled on.
    tried_ : all that was tried, as JSON values.
    validation_log_odds_ : log-odds of the validation rows by models that had not learnt from them; None
        without validation rows.
    """

    family = "auto"
    method = "mean of log-odds of the best of each family, without those that harm it"

    validation_log_odds_: Floats | None

    def __init__(
        self,
        *,
        budget_seconds: float = 150.0,
        families: Sequence[str] | None = None,
        folds: int = 5,
        tries: int = 6,
        ordered: bool = False,
        grouped: bool = False,
        plan: Sequence[Any] | None = None,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.budget_seconds = budget_seconds
        self.families = families
        self.folds = folds
        self.tries = tries
        self.ordered = ordered
        self.grouped = grouped
        self.plan = plan
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def name_labels(self, labels: Sequence[Sequence[str]]) -> None:
        """Pass the text of label codes on to the members."""
        self._labels = tuple(tuple(texts) for texts in labels)

    def settled(self) -> dict[str, Any]:
        """Return the settings that train the same model again."""
        return {
            "folds": self.folds_,
            "plan": [member.model_dump(mode="json") for member in self.plan_],
        }

    def report(self) -> dict[str, Any]:
        """Return members, gains and what was tried, as JSON values."""
        return {**super().report(), "auto": {"tried": self.tried_, "folds": self.folds_}}

    def _fit(
        self,
        X: Floats,
        y: Floats,
        weight: Floats,
        validation: tuple[Floats, Floats] | None,
        domain: npt.NDArray[np.int64] | None,
        progress: Report | None,
    ) -> None:
        began = time.monotonic()
        rows = Learning.of(X, y, weight, None)
        held = 0
        if validation is not None:
            held = len(validation[1])
            rows = Learning(
                np.vstack([rows.X, validation[0]]),
                np.concatenate([rows.y, validation[1]]),
                np.concatenate([rows.weight, np.ones(held)]),
                None,
            )
        plan = None if self.plan is None else [PlannedMember.model_validate(item) for item in self.plan]
        folds = self._inner(rows, held, planned=plan is not None)
        work = Work(
            rows,
            folds,
            self._new,
            seconds=math.inf if plan is not None else self.budget_seconds,
            ordered=self.ordered or self.grouped,
            seed=self.seed,
            device=self.device,  # type: ignore[arg-type]
            planned=len(plan or ()),
            progress=progress,
            began=began,
        )
        if plan is not None:
            candidates, weights = self._planned(work, plan)
        else:
            candidates = self._tried(work)
            weights = self._weights(candidates, rows.y)
        self._finish(work, candidates, weights, held)

    def _new(self, key: str, config: dict[str, Any], seed: int) -> BinaryClassifier:
        estimator = catalog.build(
            key,
            config,
            categorical=self.categorical,
            names=self.names,
            device=self.device,  # type: ignore[arg-type]
            seed=seed,
        )
        estimator.name_labels(getattr(self, "_labels", ()))
        return estimator

    def _inner(self, rows: Learning, held: int, *, planned: bool) -> tuple[inner.Fold, ...]:
        """Return the folds that choices are made on; none where a class has too few rows to be divided."""
        rarest = int(min(rows.y.sum(), len(rows.y) - rows.y.sum()))
        first = auto_portfolio.families(self.families)[:2][-1]
        settings = auto_portfolio.settings(first, 1)[0]
        seconds = catalog.estimate(
            first.key,
            settings,
            len(rows.y),
            rows.X.shape[1],
            self.device,  # type: ignore[arg-type]
        ).seconds
        count = self.folds
        for fewer in (_FEW, 1):
            if not planned and count > fewer and seconds * count * _SIZES > self.budget_seconds / 2:
                count = fewer
        if rarest < 2:
            return ()
        last = np.arange(len(rows.y) - held, len(rows.y))
        if held and (count == 1 or self.grouped):
            outcome = rows.y[last]
            if outcome.min() != outcome.max():
                return (inner.Fold(np.arange(len(rows.y) - held), last),)
        if count == 1 or rarest < 2 * count:
            share = max(_SHARE, held / len(rows.y))
            return (held_out(rows.y, share=share, seed=self.seed, ordered=self.ordered),)
        return inner.folds(rows.y, count=count, seed=self.seed, ordered=self.ordered)

    def _planned(self, work: Work, plan: Sequence[PlannedMember]) -> tuple[list[Candidate], Floats]:
        candidates = []
        for item in plan:
            family = catalog.family(item.family)
            found = None
            if item.folds:
                found = work.judged(family, item.config, item.folds, reserve=0.0, staged=False)
            if found is None:
                found = Candidate(family, item.config, True, np.full(len(work.rows.y), math.nan))
            found.refit, found.seeds = item.refit, list(item.seeds)
            candidates.append(found)
        return candidates, np.array([item.weight for item in plan])

    def _tried(self, work: Work) -> list[Candidate]:
        """Judge family after family while there is time; at least one comes back."""
        found: list[Candidate] = []
        every = list(range(len(work.folds)))
        for place, family in enumerate(auto_portfolio.families(self.families) if every else ()):
            for settings in auto_portfolio.settings(family, self.tries):
                reserve = _reserve(found)
                folds = every
                if place >= 2:  # the first two are what the others are compared with
                    folds = _affordable(work, family, settings, every, reserve)
                if not folds:
                    break
                judged = work.judged(family, settings, folds, reserve=reserve, staged=True)
                if judged is None:
                    break
                found.append(judged)
                found += self._further(work, judged, settings, folds)
        if found:
            return found
        family = auto_portfolio.families(self.families)[0]
        config = auto_portfolio.settings(family, 1)[0]
        return [Candidate(family, config, True, np.full(len(work.rows.y), math.nan))]

    def _further(
        self, work: Work, judged: Candidate, settings: dict[str, Any], folds: Sequence[int]
    ) -> list[Candidate]:
        """Go further with an estimator in stages whose last stage was the best."""
        name = str(getattr(catalog.estimator_class(judged.family.key), "stages", ""))
        if not name or judged.config[name] < settings[name] or work.left() < _MORE_STAGES * judged.seconds:
            return []
        more = {**settings, name: _MORE_STAGES * settings[name]}
        again = work.judged(judged.family, more, folds, reserve=_reserve([judged]), staged=True)
        return [] if again is None else [again]

    @staticmethod
    def _weights(candidates: Sequence[Candidate], y: Floats) -> Floats:
        if not any(candidate.folds for candidate in candidates):
            return np.full(len(candidates), 1 / len(candidates))
        families = [candidate.family.key for candidate in candidates]
        return choose([candidate.scores for candidate in candidates], y, families)

    def _finish(self, work: Work, candidates: list[Candidate], weights: Floats, held: int) -> None:
        """Fit the members to all rows and set what was learnt."""
        placed = [k for k, weight in enumerate(weights) if weight > 0]
        planned = self.plan is not None
        members: list[Member] = []
        plan: list[PlannedMember] = []
        for k in placed:
            candidate, weight = candidates[k], float(weights[k])
            models = candidate.models
            if candidate.refit:
                models = self._refitted(work, candidate, planned=planned)
            members += [Member(candidate.family.key, model, weight / len(models)) for model in models]
            plan.append(
                PlannedMember(
                    family=candidate.family.key,
                    config=candidate.config,
                    weight=weight,
                    folds=tuple(candidate.folds),
                    refit=candidate.refit,
                    seeds=tuple(candidate.seeds),
                )
            )
        y = work.rows.y
        combined = mean([candidates[k].scores for k in placed], weights[placed])
        self.gains_ = _gains([candidates[k] for k in placed], weights[placed], y)
        known = np.isfinite(combined)
        self.members_ = tuple(members)
        self.intercept_ = 0.0
        self.measure_, self.rows_ = MEASURE, int(known.sum())
        self.together_ = shown(MEASURE, y[known], combined[known]) if known.any() else math.nan
        self.measured_on_ = "later rows of inner folds" if self.ordered else "rows of inner folds"
        self.validation_log_odds_ = None
        if held and known[-held:].all():
            self.validation_log_odds_ = combined[-held:]
        self.plan_ = tuple(plan)
        self.tried_ = work.tried
        self.folds_ = self.folds if planned else max(1, len(work.folds))

    def _refitted(self, work: Work, candidate: Candidate, *, planned: bool) -> list[BinaryClassifier]:
        """Fit a member to all rows; a quick one with several seeds, as far as there is time."""
        models: list[BinaryClassifier] = []
        several = bool(getattr(catalog.estimator_class(candidate.family.key), "stages", ""))
        wanted = range(self.seed, self.seed + (_REPEATS if several else 1))
        seeds = candidate.seeds if planned else list(wanted)
        candidate.seeds = []
        for seed in seeds:
            further = bool(models) and not planned
            try:
                models.append(
                    work.fit(
                        candidate.family,
                        candidate.config,
                        work.rows,
                        validation=None,
                        seed=seed,
                        reserve=_SLACK * candidate.seconds if further else -math.inf,
                        text=f"{candidate.family.title}, all rows",
                    )
                )
            except OutOfTime:
                break
            candidate.seeds.append(seed)
        return models

    def _write(self, folder: Path) -> dict[str, Any]:
        plan = [member.model_dump(mode="json") for member in self.plan_]
        return {**super()._write(folder), "plan": plan, "tried": self.tried_, "folds": self.folds_}

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        plan = tuple(PlannedMember.model_validate(item) for item in learnt["plan"])
        super()._read(folder, learnt)
        self.plan_, self.tried_, self.folds_ = plan, list(learnt["tried"]), int(learnt["folds"])
        self.validation_log_odds_ = None


def _reserve(found: Sequence[Candidate]) -> float:
    """Return the seconds that fitting members to all rows may take: the best of each family."""
    by_family: dict[str, float] = {}
    for candidate in found:
        if candidate.refit:
            by_family[candidate.family.key] = max(
                by_family.get(candidate.family.key, 0.0), _SLACK * candidate.seconds
            )
    return sum(by_family.values())


def _affordable(
    work: Work, family: Family, settings: dict[str, Any], every: Sequence[int], reserve: float
) -> list[int]:
    """Return the folds there is time for, the last ones; none where there is not even time for one."""
    rows = len(work.folds[-1].learnt)
    seconds = work.guess(family, settings, rows)
    again = _SLACK if work.ordered or family.group in auto_portfolio.BASICS else 0.0
    time_left = work.left() - reserve
    count = int(min(len(every), time_left * _PART / max(seconds, 1e-3) - again))
    if count < 1 and seconds * (1 + again) < time_left:
        count = 1
    if count < 1:
        work.skip(family, seconds, time_left)
        return []
    return list(every[-count:])


def _gains(candidates: Sequence[Candidate], weights: Floats, y: Floats) -> tuple[MemberGain, ...]:
    """Return what each member brings on the rows all members were judged on."""
    scores = [candidate.scores for candidate in candidates]
    rows = np.logical_and.reduce([np.isfinite(score) for score in scores])
    found = []
    for k, candidate in enumerate(candidates):
        alone = without = math.nan
        if rows.any():
            alone = shown(MEASURE, y[rows], scores[k][rows])
            others = [j for j in range(len(candidates)) if j != k]
            if others:
                rest = mean([scores[j][rows] for j in others], weights[others])
                without = shown(MEASURE, y[rows], rest)
        found.append(MemberGain(_name(candidate), float(weights[k]), alone, without))
    return tuple(found)


def _name(candidate: Candidate) -> str:
    changed = ", ".join(f"{name} {value}" for name, value in candidate.changed().items())
    return f"{candidate.family.title} ({changed})" if changed else candidate.family.title
