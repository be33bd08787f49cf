"""What the product promises of explanations: they add up, are quick for one row and small for many."""

from __future__ import annotations

import queue
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.explain import attribution
from aimass_core.explain.members import Members
from aimass_core.models.catalog import build
from benchmarks.rows import Row, alone
from benchmarks.shapley_data import COLUMNS, FEATURES, REFERENCES, attributed, data

Matrix = npt.NDArray[np.float64]

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


def additivity(X: Matrix, y: npt.NDArray[np.int64], *, count: int) -> list[Row]:
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
        model = build(family, config, categorical=(29,), device="cpu", seed=0).fit(X[:count], y[:count])
        rows.append(_gap(name, model.log_odds, attributed(model, X[2_000:2_003], X[:REFERENCES])))
    rows.append(_gap("SiLU, LayerNorm", *_silu(X)))
    return rows


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
            attributed(model, X[3_000 + i : 3_001 + i], X[:REFERENCES])
            seconds.append(1_000 * (time.perf_counter() - began))
        found.append(
            alone("shapley", f"one decision, {family}", "milliseconds, median", seconds[2:], at_most=300)
        )
    return found


def many_rows(network: Any, *, count: int) -> list[Row]:
    """Explain many rows as the background job does, in a process of its own, and read its peak memory."""
    from multiprocessing import get_context

    with tempfile.TemporaryDirectory() as folder:
        network.save(Path(folder) / "model")
        context = get_context("spawn")
        answers = context.Queue()
        worker = context.Process(target=_explain_many, args=(folder, count, answers))
        worker.start()
        megabytes, seconds = _answer(worker, answers)
        worker.join()
    case = f"background, DANN, {count:,} rows"
    return [
        alone("shapley", case, "peak memory, MB", [megabytes], at_most=2_000),
        alone("shapley", case, "rows per second", [count / seconds]),
    ]


def _answer(worker: Any, answers: Any) -> tuple[float, float]:
    """Wait for what a process answers; it may also die."""
    while True:
        try:
            return answers.get(timeout=10)  # type: ignore[no-any-return]
        except queue.Empty:
            if not worker.is_alive():
                raise RuntimeError(f"the process ended with code {worker.exitcode}") from None


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
    return model.log_odds, attributed(model, X[2_000:2_003], X[:REFERENCES])


def _gap(name: str, score: Callable[[Matrix], Matrix], found: tuple[Matrix, attribution.Attribution]) -> Row:
    rows, explained = found
    gap = float(np.abs(explained.base + explained.values.sum(axis=1) - score(rows)).max())
    return alone("shapley", f"additivity, {name}", "largest gap, log-odds", [gap], at_most=1e-6)
