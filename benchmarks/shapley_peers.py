"""The Shapley engine beside shap and LightGBM: speed and error on the same models and rows, in turns.

Networks: 30 features, 100 reference rows, the same DANN with default settings. Errors are against a long run
of the engine with other coalitions, whose own error is about a tenth of what is compared. shap runs with its
defaults (KernelExplainer with ``l1_reg=0``). Both sides are warm and on one thread, as in the server.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.explain import attribution, leverage
from aimass_core.explain.game import Game
from aimass_core.explain.leverage import Effort
from aimass_core.explain.members import differences
from aimass_core.models.catalog import build
from benchmarks.rows import Row, alone
from benchmarks.shapley_data import COLUMNS, FEATURES, REFERENCES

Matrix = npt.NDArray[np.float64]

LONG = Effort((16_000,), REFERENCES)
PERMUTATION = Effort((200,), REFERENCES)
"""Pairs of coalitions that come at least as close as PermutationExplainer."""
KERNEL = Effort((1_100,), REFERENCES)
"""The same for KernelExplainer."""


def against_shap(network: Any, X: Matrix, *, count: int, repeats: int) -> list[Row]:
    """Compare speed and error with shap's explainers of any function."""
    import shap

    reference, asked = X[:REFERENCES], X[REFERENCES : REFERENCES + count]
    scores = network.log_odds(asked)

    def engine(effort: Effort, *, seed: int = 0) -> Matrix:
        found = differences(network, reference, COLUMNS)
        game = Game.of(network.log_odds, reference, COLUMNS, differences=found)
        return leverage.estimate(game, asked, scores, effort, seed=seed).values

    def permutation() -> Matrix:
        masker = shap.maskers.Independent(reference, max_samples=REFERENCES)
        return np.asarray(
            shap.PermutationExplainer(network.log_odds, masker, seed=0)(asked, silent=True).values
        )

    def kernel() -> Matrix:
        np.random.seed(0)
        explainer = shap.KernelExplainer(network.log_odds, reference)
        return np.asarray(explainer.shap_values(asked, l1_reg=0, silent=True))

    truth = engine(LONG, seed=99)
    rows = []
    for name, theirs, effort, times in (
        ("PermutationExplainer", permutation, PERMUTATION, 9.0),
        ("KernelExplainer(l1_reg=0)", kernel, KERNEL, 2.0),
    ):
        ours, peers = _in_turns(lambda e=effort: engine(e), theirs, repeats)  # type: ignore[misc]
        our_error, their_error = _rmse(ours.value, truth), _rmse(peers.value, truth)
        case = f"networks: DANN, {FEATURES} features, {REFERENCES} reference rows, {effort.pairs[-1]} pairs"
        peer = f"shap {shap.__version__} {name}"
        closer = our_error <= their_error
        target = f"ratio >= {times:g}, at no larger error"
        rows += [
            _speeds(case, "rows per second", count, ours.seconds, peers.seconds, peer, target, times, closer),
            _speeds(case, "rows per second of processor", count, ours.processor, peers.processor, peer),
            Row(
                benchmark="shapley",
                case=case,
                metric="error (RMSE, log-odds)",
                ours=our_error,
                peer=their_error,
                peer_name=peer,
                ratio=our_error / their_error,
                target="ratio <= 1",
                met=closer,
            ),
        ]
    return rows


def trees(X: Matrix, y: npt.NDArray[np.int64], *, count: int) -> list[Row]:
    """Compare path-dependent values of many rows with LightGBM's own."""
    model = build("boosting", {}, device="cpu", seed=0).fit(X, y)
    rows = np.random.default_rng(1).normal(size=(count, FEATURES))
    attribution.path_dependent(model, rows[: attribution.MANY_ROWS])  # reads the trees, once a model
    ours, peers = _in_turns(
        lambda: attribution.path_dependent(model, rows),
        lambda: model.booster_.predict(rows, pred_contrib=True, num_threads=1),
        3,
    )
    values, base = ours.value
    gap = float(np.abs(base + values.sum(axis=1) - model.log_odds(rows)).max())
    case = f"trees, {model.trees_} of 15 leaves, {count:,} rows, one thread each"
    peer = "LightGBM pred_contrib"
    return [
        _speeds(case, "rows per second", count, ours.seconds, peers.seconds, peer, "ratio >= 1", 1.0),
        alone("shapley", "trees", "largest gap, log-odds", [gap], at_most=1e-10),
    ]


def _speeds(
    case: str,
    metric: str,
    count: int,
    ours: list[float],
    peers: list[float],
    peer: str,
    target: str | None = None,
    times: float = 0.0,
    closer: bool = True,
) -> Row:
    """Return the row of two lists of seconds, measured in pairs."""
    ratios = [b / a for a, b in zip(ours, peers, strict=True)]
    ratio = statistics.median(ratios)
    return Row(
        benchmark="shapley",
        case=case,
        metric=metric,
        ours=count / statistics.median(ours),
        peer=count / statistics.median(peers),
        peer_name=peer,
        ratio=ratio,
        spread=max(ratios) - min(ratios),
        target=target,
        met=None if target is None else ratio >= times and closer,
    )


@dataclass
class _Turns:
    """Seconds, and seconds of processor, of each turn of one side, and what its last turn gave."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    value: Any = None


def _in_turns(ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> tuple[_Turns, _Turns]:
    """Time both, one after the other, once both are warm."""
    ours()
    theirs()  # the first call of each also compiles and loads
    both = _Turns(), _Turns()
    for _ in range(repeats):
        for turns, side in zip(both, (ours, theirs), strict=True):
            began, processor = time.perf_counter(), time.process_time()
            turns.value = side()
            turns.seconds.append(time.perf_counter() - began)
            turns.processor.append(time.process_time() - processor)
    return both


def _rmse(values: Matrix, truth: Matrix) -> float:
    return float(np.sqrt(((values - truth) ** 2).mean()))
