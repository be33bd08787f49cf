"""Searching for the best settings of a family: Optuna, with a time budget, pruning what does not promise."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from aimass_core.errors import SettingsError, UserError
from aimass_core.evaluate.calibration import log_loss
from aimass_core.evaluate.discrimination import auc, average_precision
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models import catalog, inner
from aimass_core.models.family import Choice, Metric
from aimass_core.models.search_config import MOST_TRIALS, SearchConfig
from aimass_core.settings import Device

if TYPE_CHECKING:
    import optuna

    from aimass_core.models.family import Space

Floats = npt.NDArray[np.float64]
MEASURES: dict[Metric, Callable[[npt.ArrayLike, npt.ArrayLike], float]] = {
    "log_loss": log_loss,
    "auc": auc,
    "average_precision": average_precision,
}
LOWER_IS_BETTER: frozenset[Metric] = frozenset({"log_loss"})

_STEPS = 1_000
_STARTUP = 4  # trials before any is pruned
_MOMENTS = 20  # points of a fit at which it can be pruned
_PAUSE_SECONDS = 0.5  # between two messages of the same trial


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried: `value` is the measure, None unless the trial was done."""

    number: int
    settings: dict[str, Any]
    value: float | None
    state: Literal["done", "pruned", "failed", "out of time"]
    seconds: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes
    ----------
    config : all settings of the best trial; those it began with when no trial was done in time.
    best : number of the best trial; None when none was done. Trial 0 has the settings it began with.
    judged_by : what trials were judged on, for a person.
    ended : why it ended, for a person.
    """

    config: dict[str, Any]
    metric: Metric
    best: int | None
    trials: tuple[Trial, ...]
    seconds: float
    judged_by: str
    ended: str

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {**asdict(self), "trials": [asdict(trial) for trial in self.trials]}


class _OutOfTime(Exception):  # noqa: N818 — not an error: the budget is used up
    pass


class _Pruned(Exception):  # noqa: N818 — not an error: the trial does not promise
    pass


def search(
    key: str,
    config: Mapping[str, Any],
    X: Floats,
    y: npt.NDArray[Any],
    *,
    how: SearchConfig,
    validation: tuple[Floats, npt.NDArray[Any]] | None = None,
    groups: npt.NDArray[Any] | None = None,
    domain: npt.NDArray[Any] | None = None,
    ordered: bool = False,
    categorical: tuple[int, ...] = (),
    names: tuple[str, ...] = (),
    labels: Sequence[Sequence[str]] = (),
    device: Device = "auto",
    seed: int = 0,
    progress: Report | None = None,
) -> Found:
    """Search over the space of a family; the settings given are tried first.

    Settings are proposed by the tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), seeded. A
    trial is pruned when it is behind the median of those before it, after a fold, or within a fit that tells
    the measure. How many trials are made depends on the clock; to train again, the settings found are enough.

    Parameters
    ----------
    validation : rows to judge by, for ``how.by == "validation"``.
    labels : text of the label codes of each column, for settings that speak of labels.
    groups : group of each row; its rows stay in one fold. ordered : rows are in order of time.
    progress : told after each trial, with all of them in `detail`; an exception it raises ends the search and
        is passed on.

    Raises
    ------
    SettingsError
        When there is nothing to search, or validation rows are wanted and absent.
    UserError
        When the settings given do not work at all.
    """
    space = catalog.family(key).space
    start = catalog.check_config(key, dict(config)).model_dump(mode="json")
    if not space:
        raise SettingsError("a search needs settings to search among", f"the family `{key}` names none")
    if how.by == "validation" and validation is None:
        raise SettingsError("a search on validation rows needs some", "there are none", "Search by folds")
    parts = _parts(X, y, how, validation, groups, domain, ordered, seed)
    build = {"categorical": categorical, "names": names, "device": device, "seed": seed}
    return _Search(key, start, parts, how, build, labels, progress).found(space, seed)


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows to fit to, rows to judge by, and whether the fit may see them to know when to stop."""

    X: Floats
    y: npt.NDArray[Any]
    domain: npt.NDArray[Any] | None
    judged: Floats
    outcome: npt.NDArray[Any]
    seen: bool


def _parts(
    X: Floats,
    y: npt.NDArray[Any],
    how: SearchConfig,
    validation: tuple[Floats, npt.NDArray[Any]] | None,
    groups: npt.NDArray[Any] | None,
    domain: npt.NDArray[Any] | None,
    ordered: bool,
    seed: int,
) -> list[_Part]:
    if how.by == "validation" and validation is not None:
        return [_Part(X, y, domain, *validation, seen=True)]
    return [
        _Part(
            X[fold.learnt],
            y[fold.learnt],
            None if domain is None else domain[fold.learnt],
            X[fold.judged],
            y[fold.judged],
            seen=False,
        )
        for fold in inner.folds(y, count=how.folds, seed=seed, ordered=ordered, groups=groups)
    ]


class _Search:
    """One search while it runs."""

    def __init__(
        self,
        key: str,
        start: dict[str, Any],
        parts: list[_Part],
        how: SearchConfig,
        build: dict[str, Any],
        labels: Sequence[Sequence[str]],
        progress: Report | None,
    ) -> None:
        self.key, self.start, self.parts, self.how, self.build = key, start, parts, how, build
        self.labels, self.progress = labels, progress
        self.trials: list[Trial] = []
        self.began = self.said = time.monotonic()
        self.sign = 1.0 if how.metric in LOWER_IS_BETTER else -1.0

    def found(self, space: Space, seed: int) -> Found:
        """Try settings until time or trials are used up, and return the best."""
        study = _study(seed)
        problem = self._first(study, space)
        while len(self.trials) < self.how.trials and self._left() > 0 and problem is None:
            trial = study.ask()
            settings = {name: _suggested(trial, name, item) for name, item in space.items()}
            self._try(study, trial, settings)
        if problem is not None:
            raise problem
        done = [trial for trial in self.trials if trial.value is not None]
        best = min(done, key=lambda trial: self.sign * float(trial.value or 0.0), default=None)
        chosen = self.start if best is None else {**self.start, **best.settings}
        by = "the validation rows" if self.parts[0].seen else f"{len(self.parts)} folds of the training rows"
        ended = "All trials were made." if self._left() > 0 else "The time was used up."
        return Found(
            config=catalog.check_config(self.key, chosen).model_dump(mode="json"),
            metric=self.how.metric,
            best=None if best is None else best.number,
            trials=tuple(self.trials),
            seconds=time.monotonic() - self.began,
            judged_by=by,
            ended=ended,
        )

    def _first(self, study: optuna.Study, space: Space) -> UserError | None:
        """Try the settings it began with; return why they do not work, if so."""
        from optuna.trial import TrialState, create_trial

        steps: dict[int, float] = {}

        def told(step: int, loss: float) -> None:
            steps[step] = loss

        problem: UserError | None = None
        began = time.monotonic()
        value, state, message = None, "done", ""
        try:
            value = self._judged({}, told)
        except _OutOfTime:
            state = "out of time"
        except UserError as error:
            problem, state, message = error, "failed", str(error)
        self._keep({}, value, state, began, message)
        distributions = {name: _distribution(item) for name, item in space.items()}
        params = {name: self.start.get(name) for name in space}
        inside = all(_holds(distributions[name], value) for name, value in params.items())
        if value is not None and inside:
            study.add_trial(
                create_trial(
                    params=params,
                    distributions=distributions,
                    value=self.sign * value,
                    intermediate_values=steps,
                    state=TrialState.COMPLETE,
                )
            )
        return problem

    def _try(self, study: optuna.Study, trial: optuna.Trial, settings: dict[str, Any]) -> None:
        from optuna.trial import TrialState

        def told(step: int, loss: float) -> None:
            trial.report(loss, step)
            if trial.should_prune():
                raise _Pruned

        began = time.monotonic()
        value, state, message = None, "done", ""
        try:
            value = self._judged(settings, told)
            study.tell(trial, self.sign * value)
        except _Pruned:
            state = "pruned"
            study.tell(trial, state=TrialState.PRUNED)
        except _OutOfTime:
            state = "out of time"
            study.tell(trial, state=TrialState.FAIL)
        except UserError as error:  # settings that contradict each other: the others may still do
            state, message = "failed", str(error)
            study.tell(trial, state=TrialState.FAIL)
        self._keep(settings, value, state, began, message)

    def _judged(self, settings: dict[str, Any], told: Callable[[int, float], None]) -> float:
        """Return the mean measure of settings over the parts; `told` hears of it on the way, as a loss."""
        config = catalog.check_config(self.key, {**self.start, **settings})
        values: list[float] = []
        for number, part in enumerate(self.parts):
            estimator = catalog.build(self.key, config, **self.build)
            estimator.name_labels(self.labels)
            estimator.fit(
                part.X,
                part.y,
                validation=(part.judged, part.outcome) if part.seen else None,
                domain=part.domain,
                progress=self._watch(number, told),
            )
            probability = expit(estimator.log_odds(part.judged))
            value = MEASURES[self.how.metric](part.outcome, probability)
            if not math.isfinite(value):
                raise SettingsError("a trial must have a measure", f"its {self.how.metric} is undefined")
            values.append(value)
            if number + 1 < len(self.parts):
                told(number, self.sign * float(np.mean(values)))
        return float(np.mean(values))

    def _watch(self, number: int, told: Callable[[int, float], None]) -> Report:
        """Return a listener to one fit: it passes on a sign of life, prunes and minds the clock."""
        reached = -1
        part = f", fold {number + 1} of {len(self.parts)}" if len(self.parts) > 1 else ""

        def heard(message: Progress) -> None:
            nonlocal reached
            if time.monotonic() - self.said > _PAUSE_SECONDS:
                self._say(f"Trial {len(self.trials)}{part}: {message.message}")
            if self._left() <= 0:
                raise _OutOfTime
            moment = message.step * _MOMENTS // max(1, message.steps)
            measured = message.metric is not None and message.metric_name == self.how.metric
            # Within folds, pruning waits for the end of each: the same rows are compared there.
            if measured and self.parts[number].seen and reached < moment < _MOMENTS:
                reached = moment
                told(moment, self.sign * float(message.metric or 0.0))

        return heard

    def _keep(
        self, settings: dict[str, Any], value: float | None, state: Any, began: float, message: str
    ) -> None:
        seconds = time.monotonic() - began
        self.trials.append(Trial(len(self.trials), settings, value, state, seconds, message))
        self._say(f"Trial {len(self.trials) - 1} {state}", whole=True)

    def _say(self, message: str, *, whole: bool = False) -> None:
        self.said = time.monotonic()
        if self.progress is None:
            return
        done = [trial for trial in self.trials if trial.value is not None]
        best = min(done, key=lambda trial: self.sign * float(trial.value or 0.0), default=None)
        used = max(1 - self._left() / self.how.budget_seconds, len(self.trials) / self.how.trials)
        detail = None
        if whole:
            detail = {
                "kind": "search",
                "metric": self.how.metric,
                "best": None if best is None else asdict(best),
                "trials": [asdict(trial) for trial in self.trials[-MOST_TRIALS:]],
            }
        self.progress(
            Progress(
                step=int(_STEPS * min(1.0, used)),
                steps=_STEPS,
                message=message,
                metric_name=self.how.metric if best is not None else "",
                metric=None if best is None else best.value,
                seconds=time.monotonic() - self.began,
                detail=detail,
            )
        )

    def _left(self) -> float:
        return self.how.budget_seconds - (time.monotonic() - self.began)


def _study(seed: int) -> optuna.Study:
    """Return a study that lives in memory and says nothing."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        storage=None,
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=0),
        direction="minimize",
    )


def _suggested(trial: optuna.Trial, name: str, item: Any) -> Any:
    if isinstance(item, Choice):
        return trial.suggest_categorical(name, item.values)
    if item.whole:
        return trial.suggest_int(name, int(item.low), int(item.high), log=item.log)
    return trial.suggest_float(name, float(item.low), float(item.high), log=item.log)


def _distribution(item: Any) -> optuna.distributions.BaseDistribution:
    from optuna import distributions

    if isinstance(item, Choice):
        return distributions.CategoricalDistribution(item.values)
    if item.whole:
        return distributions.IntDistribution(int(item.low), int(item.high), log=item.log)
    return distributions.FloatDistribution(float(item.low), float(item.high), log=item.log)


def _holds(distribution: Any, value: Any) -> bool:
    """Whether a value is one that could have been proposed."""
    choices = getattr(distribution, "choices", None)
    if choices is not None:
        return value in choices
    return isinstance(value, int | float) and distribution.low <= value <= distribution.high
