"""Explanations: speed and error beside shap and LightGBM, additivity, one decision, 100,000 rows.

Networks: 30 features, 100 reference rows, the same DANN with default settings, the same rows, in turns in the
same run. Errors are against a long run of the engine with other coalitions, whose own error is some tenth of
what is compared. shap runs with its defaults (KernelExplainer with ``l1_reg=0``).
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.explain import attribution, leverage
from aimass_core.explain.game import Game
from aimass_core.explain.leverage import Effort
from aimass_core.explain.members import Members, differences
from aimass_core.models.catalog import FAMILIES, build
from benchmarks.rows import Row, alone

Matrix = npt.NDArray[np.float64]

FEATURES = 30
REFERENCES = 100
COLUMNS = tuple((j,) for j in range(FEATURES))
LONG = Effort((4_000,), REFERENCES)
PERMUTATION = Effort((200,), REFERENCES)
"""Pairs of coalitions that come at least as close as PermutationExplainer."""
KERNEL = Effort((1_100,), REFERENCES)
"""The same for KernelExplainer."""
QUICK_FITS: dict[str, dict[str, Any]] = {
    "tabm": {"epochs": 2},
    "dann": {"epochs": 6},
    "transformer": {"epochs": 2},
    "autoencoder": {"pretraining": 1, "epochs": 2},
    "anomaly": {"epochs": 2},
    "auto": {"budget_seconds": 20.0},
    "stacking": {"folds": 2},
    "residual": {"folds": 2},
}


def run(*, quick: bool = False) -> list[Row]:
    """Return the rows of all parts; `quick` explains fewer rows and trains fewer families."""
    X, y = data(4_000)
    network = build("dann", {"epochs": 10}, device="cpu", seed=0).fit(X[1_000:], y[1_000:])
    rows = against_shap(network, X, count=3 if quick else 6, repeats=1 if quick else 3)
    rows += additivity(X, y)
    rows += trees(X, y, count=2_000 if quick else 20_000)
    rows += additive(X, y, count=20_000 if quick else 100_000)
    rows += one_decision(X, y, families=("dann", "boosting") if quick else tuple(FAMILIES))
    return rows + many_rows(network, X, count=2_000 if quick else 100_000)


def data(rows: int) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """Make numbers, some skewed, with effects of one, two and three features."""
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, FEATURES))
    X[:, 20:] = np.abs(X[:, 20:]) ** 1.5
    odds = (
        -1
        + 1.2 * X[:, 0]
        + X[:, 1] * X[:, 2]
        + np.sin(2 * X[:, 3])
        - np.maximum(X[:, 4], 0) * X[:, 5]
        + 0.6 * X[:, 6]
        - 0.5 * X[:, 7] * X[:, 8] * X[:, 9]
        + 0.3 * X[:, 10:20].sum(axis=1)
        - 0.4 * X[:, 20] * X[:, 0]
    )
    return X, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)


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
        ours, peers, our_values, their_values = _in_turns(lambda e=effort: engine(e), theirs, repeats)  # type: ignore[misc]
        our_error, their_error = _rmse(our_values, truth), _rmse(their_values, truth)
        ratios = [b / a for a, b in zip(ours, peers, strict=True)]
        case = f"DANN, {FEATURES} features, {REFERENCES} reference rows, {effort.pairs[-1]} pairs"
        peer = f"shap {shap.__version__} {name}"
        closer = our_error <= their_error
        rows += [
            Row(
                benchmark="shapley",
                case=case,
                metric="rows per second",
                ours=count / statistics.median(ours),
                peer=count / statistics.median(peers),
                peer_name=peer,
                ratio=statistics.median(ratios),
                spread=max(ratios) - min(ratios),
                target=f"ratio >= {times:g}, at no larger error",
                met=statistics.median(ratios) >= times and closer,
            ),
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


def additivity(X: Matrix, y: npt.NDArray[np.int64]) -> list[Row]:
    """Measure the largest gap between scores and sums of contributions."""
    kinds = {
        "ReLU": ("dann", {"epochs": 2}),
        "members, ReLU": ("tabm", {"epochs": 1}),
        "attention, LayerNorm, embeddings": ("transformer", {"epochs": 1}),
        "autoencoder": ("autoencoder", {"pretraining": 1, "epochs": 1}),
        "ensemble of trees and a network": (
            "blend",
            {"members": [{"family": "boosting"}, {"family": "dann", "config": {"epochs": 2}}]},
        ),
    }
    X = X.copy()
    X[:, 29] = np.round(X[:, 29])  # a label, for the embeddings
    rows = []
    for name, (family, config) in kinds.items():
        model = build(family, config, categorical=(29,), device="cpu", seed=0).fit(X[:2_000], y[:2_000])
        rows.append(_gap(name, model.log_odds, _attributed(model, X[2_000:2_003], X[:REFERENCES])))
    rows.append(_gap("SiLU, LayerNorm", *_silu(X)))
    return rows


def trees(X: Matrix, y: npt.NDArray[np.int64], *, count: int) -> list[Row]:
    """Compare path-dependent values of many rows with LightGBM's own."""
    model = build("boosting", {}, device="cpu", seed=0).fit(X, y)
    rows = np.random.default_rng(1).normal(size=(count, FEATURES))
    attribution.path_dependent(model, rows[: attribution.MANY_ROWS])  # reads the trees, once a model
    ours, peers, (values, base), _ = _in_turns(
        lambda: attribution.path_dependent(model, rows),
        lambda: model.booster_.predict(rows, pred_contrib=True, num_threads=1),
        3,
    )
    ratios = [b / a for a, b in zip(ours, peers, strict=True)]
    gap = float(np.abs(base + values.sum(axis=1) - model.log_odds(rows)).max())
    return [
        Row(
            benchmark="shapley",
            case=f"trees, {model.trees_} of 15 leaves, {count:,} rows, one thread each",
            metric="rows per second",
            ours=count / statistics.median(ours),
            peer=count / statistics.median(peers),
            peer_name="LightGBM pred_contrib",
            ratio=statistics.median(ratios),
            spread=max(ratios) - min(ratios),
            target="ratio >= 1",
            met=statistics.median(ratios) >= 1,
        ),
        alone("shapley", "trees", "largest gap, log-odds", [gap], at_most=1e-10),
    ]


def additive(X: Matrix, y: npt.NDArray[np.int64], *, count: int) -> list[Row]:
    """Measure models with a closed form."""
    rows = np.random.default_rng(2).normal(size=(count, FEATURES))
    found = []
    for family in ("scorecard", "additive"):
        model = build(family, {}, device="cpu", seed=0).fit(X[:2_000], y[:2_000])
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            values, base = model.contributions(rows, X[:REFERENCES])
            seconds.append(time.perf_counter() - began)
        gap = float(np.abs(base + values.sum(axis=1) - model.log_odds(rows)).max())
        speed = count / statistics.median(seconds)
        found += [
            Row(
                benchmark="shapley",
                case=f"{family}, {count:,} rows",
                metric="rows per second",
                ours=speed,
                target=">= 50,000",
                met=speed >= 50_000,
            ),
            alone("shapley", family, "largest gap, log-odds", [gap], at_most=1e-9),
        ]
    return found


def one_decision(X: Matrix, y: npt.NDArray[np.int64], *, families: Sequence[str]) -> list[Row]:
    """Measure the reasons of single rows, as a page asks for them."""
    found = []
    for family in families:
        model = build(family, QUICK_FITS.get(family, {}), device="cpu", seed=0).fit(X[:2_000], y[:2_000])
        seconds = []
        for i in range(12):
            began = time.perf_counter()
            _attributed(model, X[3_000 + i : 3_001 + i], X[:REFERENCES])
            seconds.append(1_000 * (time.perf_counter() - began))
        found.append(
            alone("shapley", f"one decision, {family}", "milliseconds, median", seconds[2:], at_most=300)
        )
    return found


def many_rows(network: Any, X: Matrix, *, count: int) -> list[Row]:
    """Explain many rows as the background job does, in a process of its own, and read its peak memory."""
    from multiprocessing import get_context

    with tempfile.TemporaryDirectory() as folder:
        network.save(Path(folder) / "model")
        context = get_context("spawn")
        answers = context.Queue()
        worker = context.Process(target=_explain_many, args=(folder, count, answers))
        worker.start()
        megabytes, seconds = answers.get(timeout=7_200)
        worker.join()
    case = f"background, DANN, {count:,} rows"
    return [
        alone("shapley", case, "peak memory, MB", [megabytes], at_most=2_000),
        alone("shapley", case, "rows per second", [count / seconds]),
    ]


def _explain_many(folder: str, count: int, answers: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from aimass_core.models.catalog import load_estimator

    network = load_estimator("dann", Path(folder) / "model")
    reference = data(REFERENCES)[0]
    members = Members.of(network)
    tried = attribution.effort(members, FEATURES, FEATURES, "batch")
    assert tried is not None
    began = time.perf_counter()
    random = np.random.default_rng(3)
    with pq.ParquetWriter(
        f"{folder}/values.parquet", pa.schema([("row", pa.int64()), ("value", pa.float64())])
    ) as written:
        for start in range(0, count, 1_000):
            rows = random.normal(size=(min(1_000, count - start), FEATURES))
            values = attribution.attribute(
                members, rows, reference[: tried.references], COLUMNS, tried, seed=0
            ).values
            ids = np.repeat(np.arange(start, start + len(rows)), FEATURES)
            written.write_table(pa.table({"row": ids, "value": values.ravel()}))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    answers.put((peak, time.perf_counter() - began))


def _attributed(model: Any, rows: Matrix, reference: Matrix) -> tuple[Matrix, attribution.Attribution]:
    members = Members.of(model)
    tried = attribution.effort(members, FEATURES, FEATURES, "row")
    used = reference if tried is None else reference[: tried.references]
    return rows, attribution.attribute(members, rows, used, COLUMNS, tried, seed=0)


def _silu(X: Matrix) -> tuple[Callable[[Matrix], Matrix], tuple[Matrix, attribution.Attribution]]:
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(
        *(
            nn.Linear(FEATURES, 64),
            nn.LayerNorm(64),
            nn.SiLU(),
            nn.Linear(64, 64),
            nn.SiLU(),
            nn.Linear(64, 1),
        )
    ).double()

    class Plain:
        """A network as nothing but a function of the matrix."""

        def log_odds(self, rows: Matrix) -> Matrix:
            with torch.inference_mode():
                return np.asarray(net(torch.from_numpy(rows)).squeeze(1).numpy())

    model = Plain()
    return model.log_odds, _attributed(model, X[2_000:2_003], X[:REFERENCES])


def _gap(name: str, score: Callable[[Matrix], Matrix], found: tuple[Matrix, attribution.Attribution]) -> Row:
    rows, explained = found
    gap = float(np.abs(explained.base + explained.values.sum(axis=1) - score(rows)).max())
    return alone("shapley", f"additivity, {name}", "largest gap, log-odds", [gap], at_most=1e-6)


def _in_turns(
    ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int
) -> tuple[list[float], list[float], Any, Any]:
    """Time both, one after the other, once both are warm, and return what each last gave."""
    mine, peers, values, peer_values = [], [], None, None
    ours()
    theirs()  # the first call of each also compiles and loads
    for _ in range(repeats):
        began = time.perf_counter()
        values = ours()
        mine.append(time.perf_counter() - began)
        began = time.perf_counter()
        peer_values = theirs()
        peers.append(time.perf_counter() - began)
    return mine, peers, values, peer_values


def _rmse(values: Matrix, truth: Matrix) -> float:
    return float(np.sqrt(((values - truth) ** 2).mean()))
