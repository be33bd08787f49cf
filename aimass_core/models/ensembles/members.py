"""The members of an ensemble: fitting them, naming them, adding them up, saving them."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from aimass_core.jobs.progress import Progress, Report
from aimass_core.models import catalog, inner
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.ensembles.config import MemberConfig, default_members
from aimass_core.models.ensembles.weights import Weights, measured

Ints = npt.NDArray[np.int64]

DEFAULT_MEMBERS: tuple[dict[str, Any], ...] = tuple(member.model_dump() for member in default_members())
"""The members that are combined unless others are named."""

_GRAIN = 50
"""Steps that the fit of one member counts for."""


class Member(NamedTuple):
    """A fitted member and the weight of its log-odds."""

    family: str
    estimator: BinaryClassifier
    weight: float


@dataclass(frozen=True, slots=True)
class MemberGain:
    """What one member brings, on rows no member learnt from.

    Attributes
    ----------
    weight : of its log-odds in the sum; 0: not used.
    alone : the measure of its score alone. without : of the ensemble without it. NaN: undefined.
    """

    name: str
    weight: float
    alone: float
    without: float


@dataclass(frozen=True, slots=True)
class Learning:
    """Rows to learn from, as an ensemble hands them on."""

    X: Floats
    y: Floats
    weight: Floats
    domain: npt.NDArray[np.int64] | None

    @classmethod
    def of(cls, X: Floats, y: Floats, weight: Floats, domain: npt.NDArray[np.int64] | None) -> Learning:
        """Leave out rows of weight 0, but for those a domain is learnt from."""
        kept = weight > 0 if domain is None else np.ones(len(X), dtype=bool)
        return cls(X[kept], y[kept], weight[kept], domain)

    def part(self, rows: Ints) -> Learning:
        """Return some of the rows."""
        domain = None if self.domain is None else self.domain[rows]
        if domain is not None and len(np.unique(domain)) < 2:
            domain = None
        return Learning(self.X[rows], self.y[rows], self.weight[rows], domain)


class Teller:
    """Passes the progress of fit after fit on as that of one work, with the member's name."""

    def __init__(self, progress: Report | None, fits: int) -> None:
        self._progress = progress
        self._steps = fits * _GRAIN
        self._done = 0
        self._told = 0
        self._started = time.monotonic()

    def for_fit(self, name: str) -> Report | None:
        """Return where the next fit reports to; fits are counted in the order they begin."""
        if self._progress is None:
            return None
        first = self._done * _GRAIN
        self._done += 1

        def passed_on(message: Progress) -> None:
            share = min(1.0, message.step / max(1, message.steps))
            at = min(self._steps, first + max(1, round(share * _GRAIN)))
            if at > self._told:  # a step is told once
                self._told = at
                self._tell(message, name, at)

        return passed_on

    def _tell(self, message: Progress, name: str, at: int) -> None:
        assert self._progress is not None
        text = f"{name}: {message.message}" if message.message else name
        seconds = time.monotonic() - self._started
        self._progress(
            message.model_copy(update={"step": at, "steps": self._steps, "message": text, "seconds": seconds})
        )


def names_of(members: Sequence[MemberConfig]) -> tuple[str, ...]:
    """Return a name for each member: its family's title, numbered where several are of one family."""
    keys = [member.family for member in members]
    found = []
    for k, key in enumerate(keys):
        title = catalog.family(key).title
        found.append(title if keys.count(key) == 1 else f"{title} {keys[: k + 1].count(key)}")
    return tuple(found)


def held_out(y: Floats, *, share: float, seed: int, ordered: bool) -> inner.Fold:
    """Return rows to learn from and rows kept back, where no validation rows are given.

    Both parts hold both classes; `ordered` rows are in order of time and the last are kept back.
    """
    if ordered:
        first = round((1 - share) * len(y))
        learnt, judged = y[:first], y[first:]
        if len(np.unique(learnt)) == 2 and len(np.unique(judged)) == 2:
            return inner.Fold(np.arange(first), np.arange(first, len(y)))
    return inner.folds(y, count=max(2, round(1 / share)), seed=seed)[0]


class EnsembleClassifier(BinaryClassifier):
    """A classifier whose log-odds are a weighted sum of its members' log-odds.

    Attributes
    ----------
    members_ : (family key, fitted estimator, weight) of each member that has a weight.
    intercept_ : what is added to the weighted sum.
    gains_ : what each member brings.
    measure_, together_, rows_ : the measure of the gains, its value for the ensemble, on which rows.
    """

    method: ClassVar[str]
    """How the weights came to be, for a person."""

    device: str
    members: Any
    members_: tuple[Member, ...]
    intercept_: float
    gains_: tuple[MemberGain, ...]
    _labels: tuple[tuple[str, ...], ...] = ()

    def name_labels(self, labels: Sequence[Sequence[str]]) -> None:
        """Keep the texts of label codes for the members."""
        self._labels = tuple(tuple(texts) for texts in labels)

    def affine_members(self) -> tuple[tuple[float, BinaryClassifier], ...]:
        """Return (weight, member): `log_odds` is `affine_intercept` plus their weighted log-odds."""
        return tuple((member.weight, member.estimator) for member in self.members_)

    @property
    def affine_intercept(self) -> float:
        """What is added to the weighted log-odds of the members."""
        return self.intercept_

    def report(self) -> dict[str, Any]:
        """Return the members' weights and gains for a page, as JSON values."""
        return {
            "members": {
                "method": self.method,
                "measure": self.measure_,
                "together": _plain(self.together_),
                "rows": self.rows_,
                "measured_on": self.measured_on_,
                "intercept": self.intercept_,
                "members": [
                    {
                        "name": gain.name,
                        "weight": gain.weight,
                        "alone": _plain(gain.alone),
                        "without": _plain(gain.without),
                    }
                    for gain in self.gains_
                ],
            }
        }

    @abstractmethod
    def _fit(
        self,
        X: Floats,
        y: Floats,
        weight: Floats,
        validation: tuple[Floats, Floats] | None,
        domain: npt.NDArray[np.int64] | None,
        progress: Report | None,
    ) -> None:
        """Fit the members and find their weights; ends with `_keep`."""

    def _specs(self) -> tuple[MemberConfig, ...]:
        return tuple(MemberConfig.model_validate(item) for item in self.members)

    def _fitted(
        self,
        spec: MemberConfig,
        rows: Learning,
        validation: tuple[Floats, Floats] | None,
        report: Report | None,
        *,
        seed: int | None = None,
    ) -> BinaryClassifier:
        """Return a member fitted to rows; `seed`: the ensemble's own unless given."""
        return self._built(spec, seed=seed).fit(
            rows.X, rows.y, rows.weight, validation=validation, domain=rows.domain, progress=report
        )

    def _built(self, spec: MemberConfig, *, seed: int | None = None) -> BinaryClassifier:
        estimator = catalog.build(
            spec.family,
            spec.config,
            categorical=self.categorical,
            names=self.names,
            device=self.device,  # type: ignore[arg-type]
            seed=self.seed if seed is None else seed,
        )
        estimator.name_labels(self._labels)
        return estimator

    def _keep(
        self,
        specs: Sequence[MemberConfig],
        estimators: Sequence[BinaryClassifier],
        weights: Weights,
        gains: Sequence[MemberGain],
        *,
        measure: str,
        together: float,
        rows: int,
        measured_on: str,
    ) -> None:
        """Set what was learnt, all at once; members of weight 0 are not kept."""
        self.members_ = tuple(
            Member(spec.family, estimator, float(value))
            for spec, estimator, value in zip(specs, estimators, weights.values, strict=True)
            if value > 0
        )
        self.intercept_ = float(weights.intercept)
        self.gains_ = tuple(gains)
        self.measure_ = measure
        self.together_ = together
        self.rows_ = rows
        self.measured_on_ = measured_on

    def _log_odds(self, X: Floats) -> Floats:
        total = np.full(len(X), self.intercept_)
        for member in self.members_:
            total += member.weight * member.estimator.log_odds(X)
        return total

    def _write(self, folder: Path) -> dict[str, Any]:
        for k, member in enumerate(self.members_):
            member.estimator.save(folder / f"member_{k}")
        return {
            "members": [{"family": member.family, "weight": member.weight} for member in self.members_],
            "report": self.report()["members"],
        }

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        found = learnt["report"]
        members = tuple(
            Member(
                str(item["family"]),
                catalog.load_estimator(str(item["family"]), folder / f"member_{k}"),
                float(item["weight"]),
            )
            for k, item in enumerate(learnt["members"])
        )
        gains = tuple(
            MemberGain(
                str(item["name"]), float(item["weight"]), _number(item["alone"]), _number(item["without"])
            )
            for item in found["members"]
        )
        self.members_ = members
        self.intercept_ = float(found["intercept"])
        self.gains_ = gains
        self.measure_ = str(found["measure"])
        self.together_ = _number(found["together"])
        self.rows_ = int(found["rows"])
        self.measured_on_ = str(found["measured_on"])


def gains_of(
    names: Sequence[str],
    weights: Weights,
    odds: Floats,
    y: Floats,
    *,
    metric: str,
    left_out: Sequence[Weights],
) -> tuple[MemberGain, ...]:
    """Return the gain of each member from all members' log-odds (n, members).

    Parameters
    ----------
    left_out : the weights of the ensemble without each member.
    """
    return tuple(
        MemberGain(
            name,
            float(weights.values[k]),
            _shown(metric, measured(metric, y, odds[:, k])),
            _shown(metric, measured(metric, y, left_out[k].of(odds))) if len(names) > 1 else float("nan"),
        )
        for k, name in enumerate(names)
    )


def shown(metric: str, y: Floats, log_odds: Floats) -> float:
    """Return a measure as people know it: log loss is a loss."""
    return _shown(metric, measured(metric, y, log_odds))


def _shown(metric: str, value: float) -> float:
    return -value if metric == "log_loss" else value


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
