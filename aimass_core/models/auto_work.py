"""The work of `auto`: fitting candidates to inner folds and scoring the rows they have not learnt from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aimass_core.errors import UserError
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models import catalog
from aimass_core.models.auto_choose import log_losses
from aimass_core.models.auto_portfolio import BASICS
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.ensembles.members import Learning
from aimass_core.models.family import Family
from aimass_core.models.inner import Fold
from aimass_core.settings import Device

STEPS = 1_000
_STAGES = 24  # sizes that one fit is judged at
_PAUSE_SECONDS = 0.5  # between two signs of life
_USUAL_LOAD = (0.5, 4.0)  # real by estimated seconds of a family that has not been fitted yet

Build = Callable[[str, dict[str, Any], int], BinaryClassifier]
"""Makes an estimator from family, settings and seed."""


class OutOfTime(Exception):  # noqa: N818 — not an error: the budget is used up
    """Ends a fit when the clock says so."""


@dataclass(slots=True)
class Candidate:
    """A family with settings, judged on inner folds.

    Attributes
    ----------
    scores : log-odds of the rows of the folds it was judged on, shape (n,); NaN for the others.
    models : the models of the folds; empty when it is to be fitted again to all rows.
    seconds : of one fit, the mean.
    """

    family: Family
    config: dict[str, Any]
    refit: bool
    scores: Floats
    folds: list[int] = field(default_factory=list)
    models: list[BinaryClassifier] = field(default_factory=list)
    seconds: float = 0.0
    seeds: list[int] = field(default_factory=list)

    def loss(self, y: Floats) -> float:
        """Mean log loss of the rows it was judged on; NaN without any."""
        rows = np.isfinite(self.scores)
        return float(log_losses(self.scores[rows], y[rows]).mean()) if rows.any() else math.nan

    def changed(self) -> dict[str, Any]:
        """Return the settings that are not the defaults."""
        usual = catalog.check_config(self.family.key, {}).model_dump(mode="json")
        return {name: value for name, value in self.config.items() if value != usual.get(name)}


class Work:
    """The rows, the clock and the listener of one fit of `auto`."""

    def __init__(
        self,
        rows: Learning,
        folds: Sequence[Fold],
        build: Build,
        *,
        seconds: float,
        ordered: bool,
        seed: int,
        device: Device,
        planned: int,
        progress: Report | None,
        began: float,
    ) -> None:
        self.rows, self.folds, self.build = rows, tuple(folds), build
        self.seconds, self.ordered, self.seed = seconds, ordered, seed
        self.device, self.planned = device, planned
        self.progress = progress
        self.began, self.said = began, 0.0
        self.tried: list[dict[str, Any]] = []
        self._loads: dict[str, float] = {}

    def left(self) -> float:
        """Seconds left of the budget."""
        return self.seconds - (time.monotonic() - self.began)

    def guess(self, family: Family, config: dict[str, Any], rows: int) -> float:
        """Return the seconds one fit is expected to take, by how the estimates have held so far."""
        known = list(self._loads.values())
        usual = float(np.exp(np.mean(np.log(known)))) if known else 1.0
        load = self._loads.get(family.key, min(_USUAL_LOAD[1], max(_USUAL_LOAD[0], usual)))
        return load * self.estimated(family, config, rows)

    def estimated(self, family: Family, config: dict[str, Any], rows: int) -> float:
        """Return the seconds one fit is expected to take on an idle machine."""
        return catalog.estimate(family.key, config, rows, self.rows.X.shape[1], self.device).seconds

    def judged(
        self, family: Family, config: dict[str, Any], folds: Sequence[int], *, reserve: float, staged: bool
    ) -> Candidate | None:
        """Fit to the rows of each fold and score those it leaves out; None when not one was done in time.

        Families of seconds, and all when rows are in order of time, are to be fitted again to all rows. Other
        networks stay as they came out of their folds, which also stop them: their mean needs no fit more.

        Parameters
        ----------
        reserve : seconds to leave. staged : let the folds choose how far an estimator in stages goes.
        """
        refit = self.ordered or family.group in BASICS
        found = Candidate(family, dict(config), refit, np.full(len(self.rows.y), math.nan))
        counts = _counts(family, config) if staged else ()
        by_stage = np.full((len(counts), len(self.rows.y)), math.nan)
        spent = []
        for number in folds:
            fold = self.folds[number]
            held = self.rows.part(fold.judged)
            began = time.monotonic()
            try:
                model = self.fit(
                    family,
                    config,
                    self.rows.part(fold.learnt),
                    validation=None if refit else (held.X, held.y),
                    seed=self.seed,
                    reserve=reserve,
                    text=f"{family.title}, fold {number + 1} of {len(self.folds)}",
                )
            except OutOfTime:
                break
            except UserError as error:  # a family that cannot take these rows: the others may
                self._note(found, "failed", str(error))
                return None
            spent.append(time.monotonic() - began)
            if counts:
                by_stage[:, fold.judged] = model.staged_log_odds(held.X, counts)
            else:
                found.scores[fold.judged] = model.log_odds(held.X)
            found.folds.append(number)
            if not refit:
                found.models.append(model)
        if not found.folds:
            self._note(found, "out of time")
            return None
        found.seconds = float(np.mean(spent))
        share = len(self.folds[found.folds[0]].learnt)
        self._loads[family.key] = max(0.05, found.seconds) / max(1e-3, self.estimated(family, config, share))
        if counts:
            rows = np.isfinite(by_stage[0])
            losses = [float(log_losses(scores[rows], self.rows.y[rows]).mean()) for scores in by_stage]
            best = int(np.argmin(losses))
            found.scores = by_stage[best].copy()
            found.config[_stages(family)] = counts[best]
        self._note(found, "judged")
        return found

    def fit(
        self,
        family: Family,
        config: dict[str, Any],
        rows: Learning,
        *,
        validation: tuple[Floats, Floats] | None,
        seed: int,
        reserve: float,
        text: str,
    ) -> BinaryClassifier:
        """Return a fitted estimator.

        Raises
        ------
        OutOfTime
            When the clock leaves less than the reserve.
        """

        def heard(message: Progress) -> None:
            if time.monotonic() - self.said > _PAUSE_SECONDS:
                self.say(f"{text}: {message.message}" if message.message else text)
            if self.left() < reserve:
                raise OutOfTime

        self.say(text)
        if self.left() < reserve:
            raise OutOfTime
        estimator = self.build(family.key, config, seed)
        return estimator.fit(rows.X, rows.y, rows.weight, validation=validation, progress=heard)

    def say(self, text: str, *, whole: bool = False) -> None:
        """Tell the listener what is going on; `whole`: with all that was tried."""
        self.said = time.monotonic()
        if self.progress is None:
            return
        losses = [item["log_loss"] for item in self.tried if item["log_loss"] is not None]
        share = (time.monotonic() - self.began) / self.seconds
        if self.planned:
            share = len(self.tried) / (self.planned + 1)
        self.progress(
            Progress(
                step=int(STEPS * min(1.0, share)),
                steps=STEPS,
                message=text,
                metric_name="log_loss" if losses else "",
                metric=min(losses) if losses else None,
                seconds=time.monotonic() - self.began,
                detail={"kind": "auto", "tried": list(self.tried)} if whole else None,
            )
        )

    def skip(self, family: Family, seconds: float, left: float) -> None:
        """Note that a family was left out for its time; `left`: seconds beyond what others still need."""
        message = f"One fit takes about {seconds:,.0f} s; {max(0.0, left):,.0f} s were left for it."
        self._note(Candidate(family, {}, True, np.full(len(self.rows.y), math.nan)), "left out", message)

    def _note(self, found: Candidate, state: str, message: str = "") -> None:
        loss = found.loss(self.rows.y)
        self.tried.append(
            {
                "family": found.family.key,
                "title": found.family.title,
                "settings": found.changed() if found.config else {},
                "state": state,
                "log_loss": loss if math.isfinite(loss) else None,
                "folds": len(found.folds),
                "seconds": found.seconds,
                "message": message,
            }
        )
        self.say(f"{found.family.title}: {state}", whole=True)


def _stages(family: Family) -> str:
    """Return the setting that an estimator in stages counts; empty for others."""
    return str(getattr(catalog.estimator_class(family.key), "stages", ""))


def _counts(family: Family, config: dict[str, Any]) -> tuple[int, ...]:
    """Return the stages that a fit is judged at, rising; empty for an estimator without."""
    name = _stages(family)
    if not name:
        return ()
    most = int(config[name])
    return tuple(sorted({max(1, most * step // _STAGES) for step in range(1, _STAGES + 1)}))
