"""Fitting an explainable boosting machine with InterpretML and taking its arrays out of it."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from interpret.glassbox import ExplainableBoostingClassifier
from joblib import cpu_count, parallel_config  # type: ignore[import-untyped]

from aimass_core.jobs.progress import Progress, Report
from aimass_core.models.additive_terms import Axis, Floats, Pair

_MARKS = 24
"""Messages of a bag per stage, at rounds that lie evenly on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is kept of the machine.

    Attributes
    ----------
    intercept, curves, pairs : the mean over the bags.
    bag_curves, bag_tables : the same of each bag, the bags along the first dimension.
    """

    intercept: float
    axes: tuple[Axis, ...]
    pair_axes: tuple[Axis, ...]
    curves: tuple[Floats, ...]
    pairs: tuple[Pair, ...]
    bag_curves: tuple[Floats, ...]
    bag_tables: tuple[Floats, ...]


def bags(y: Floats, held_out: int, *, count: int, share: float, most: int, seed: int) -> npt.NDArray[np.int8]:
    """Return which rows each bag learns from (1), is stopped by (-1) or does not see (0).

    Parameters
    ----------
    y : target of the training rows.
    held_out : how many validation rows follow them; they stop every bag. With none, the rows a bag
        leaves out stop it.
    share : share of the training rows of each class that a bag leaves out.
    most : most training rows a bag learns from.

    Returns
    -------
    shape (training rows + held_out, count)
    """
    random = np.random.default_rng(seed)
    found = np.full((len(y) + held_out, count), -1, dtype=np.int8)
    learn = min(1.0 - share, most / len(y))
    for bag in range(count):
        for label in (0.0, 1.0):
            members = random.permutation(np.flatnonzero(y == label))
            taken = max(1, round(learn * len(members)))
            left = members[taken:]
            found[members[:taken], bag] = 1
            if held_out:
                found[left, bag] = 0
            elif most < len(y):
                found[left[max(1, round(taken * share / (1 - share))) :], bag] = 0
    return found


def fit(
    X: Floats,
    y: Floats,
    weight: Floats,
    *,
    categorical: tuple[int, ...],
    monotone: tuple[int, ...],
    membership: npt.NDArray[np.int8],
    settings: Mapping[str, Any],
    seed: int,
    progress: Report | None,
    offset: Floats | None = None,
) -> Fitted:
    """Fit the machine; the number of threads does not change it.

    Parameters
    ----------
    X, y, weight : training rows, then validation rows.
    membership : as `bags` returns it.
    settings : further arguments of InterpretML's ``ExplainableBoostingClassifier``.
    offset : log-odds of each row to start from.
    """
    count = membership.shape[1]
    teller = None if progress is None else _Teller(progress, count, X.shape[1], settings["max_rounds"])
    machine = ExplainableBoostingClassifier(
        feature_types=["nominal" if j in categorical else "continuous" for j in range(X.shape[1])],
        outer_bags=count,
        monotone_constraints=list(monotone) if any(monotone) else None,
        callback=teller,
        n_jobs=min(count, _threads()),
        random_state=seed % 2**31,
        **settings,
    )
    # Threads: the boosting runs outside the interpreter lock, and progress needs no second process.
    with warnings.catch_warnings(), parallel_config(backend="threading"):
        warnings.filterwarnings("ignore", message="Missing values detected", category=UserWarning)
        warnings.filterwarnings("ignore", message="All-NaN slice", category=RuntimeWarning)
        machine.fit(X, y.astype(np.int64), sample_weight=weight, bags=membership, init_score=offset)
    return taken_out(machine)


def taken_out(machine: ExplainableBoostingClassifier) -> Fitted:
    """Return the arrays of a fitted machine, which scores rows exactly as it does."""
    fine = tuple(_axis(levels, 1) for levels in machine.bins_)
    coarse = tuple(_axis(levels, 2) for levels in machine.bins_)
    curves = [np.zeros(axis.size) for axis, _ in fine]
    bag_curves = [np.zeros((len(machine.bag_weights_), axis.size)) for axis, _ in fine]
    pairs, bag_tables = [], []
    for features, scores, of_bags in zip(
        machine.term_features_, machine.term_scores_, machine.bagged_scores_, strict=True
    ):
        if len(features) == 1:
            order = fine[features[0]][1]
            curves[features[0]] = scores[order]
            bag_curves[features[0]] = of_bags[:, order]
        else:
            rows, columns = coarse[features[0]][1], coarse[features[1]][1]
            pairs.append(Pair(int(features[0]), int(features[1]), scores[np.ix_(rows, columns)]))
            bag_tables.append(of_bags[:, rows][:, :, columns])
    return Fitted(
        float(machine.intercept_[0]),
        tuple(axis for axis, _ in fine),
        tuple(axis for axis, _ in coarse),
        tuple(curves),
        tuple(pairs),
        tuple(bag_curves),
        tuple(bag_tables),
    )


def _axis(levels: list[Any], dimensions: int) -> tuple[Axis, npt.NDArray[np.int64]]:
    """Return InterpretML's bins as an axis, and where its codes stand in their arrays."""
    level = levels[min(len(levels), dimensions) - 1]
    if isinstance(level, dict):
        known = np.array([float(label) for label in level], dtype=np.float64)
        places = np.array(list(level.values()), dtype=np.int64)
        order = np.argsort(known)
        return Axis(None, known[order]), np.concatenate([[0], places[order], [len(known) + 1]])
    cuts = np.asarray(level, dtype=np.float64)
    return Axis(cuts, None), np.arange(len(cuts) + 2)


def _threads() -> int:
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(cpu_count()), int(asked)) if asked.isdigit() and int(asked) else int(cpu_count())


class _Teller:
    """Passes on how far the bags are, from whichever thread, one message at a time."""

    def __init__(self, progress: Report, count: int, columns: int, rounds: int) -> None:
        self._progress = progress
        self._count = count
        self._columns = columns
        self._marks = {int(mark) for mark in np.ceil(np.geomspace(1, rounds, _MARKS))}
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._told = 0
        self._last = [0] * count
        self._round = [0] * count
        self._pairs = [False] * count
        self._stopped = False

    def __call__(self, bag: int, step: int, moved: bool, loss: float) -> bool:
        """Tell, and return whether to stop."""
        if self._stopped:
            return True
        if step < self._last[bag]:  # the second stage counts its steps anew
            self._pairs[bag], self._round[bag] = True, 0
        self._last[bag] = step
        whole = step // self._columns
        if whole in self._marks and whole > self._round[bag]:
            self._round[bag] = whole
            with self._lock:
                if not self._stopped:
                    self._tell(bag, whole, loss)
        return self._stopped

    def _tell(self, bag: int, whole: int, loss: float) -> None:
        what = "pairs" if self._pairs[bag] else "curves"
        known = bool(np.isfinite(loss))
        self._told += 1
        try:
            self._progress(
                Progress(
                    step=self._told,
                    steps=2 * self._count * _MARKS,
                    message=f"Bag {bag + 1:,} of {self._count:,}, {what}, round {whole:,}",
                    metric_name="log_loss" if known else "",
                    metric=float(loss) if known else None,
                    seconds=time.monotonic() - self._started,
                )
            )
        except BaseException:
            self._stopped = True  # the other bags end too; this one hands the exception on
            raise
