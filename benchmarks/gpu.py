"""Cleaning, training and evaluation with CUDA, beside the CPU of the same machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit

from aimass_core.clean.recipe import MissingStep, OutlierStep
from aimass_core.clean.steps import fit_steps
from aimass_core.evaluate import calibration, discrimination
from aimass_core.jobs.progress import Progress
from aimass_core.models import device_measures
from aimass_core.models.catalog import build
from benchmarks import public
from benchmarks.rows import Row

COLUMNS = 30
EPOCHS = 3
CPU_ROWS = 500_000
"""Rows that the CPU trains on where there are more: its rows a second do not depend on their number."""

CASES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("DANN", "dann", {}),
    ("wide DANN", "dann", {"width": 512, "depth": 4}),
    ("TabM", "tabm", {"members": 32}),
)
STEPS = (OutlierStep(factor=3.0, action="cap"), MissingStep(method="median", indicator=True))

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Encoded:
    """What the cleaning steps ask of a matrix of plain numbers."""

    names: tuple[str, ...]
    categorical: tuple[int, ...]
    labels: Mapping[str, tuple[str, ...]]


def run(*, quick: bool = False) -> list[Row]:
    """Return the rows of the ULB card transactions and of generated rows, or none on a machine without CUDA.

    With `quick` the generated rows are 100,000 and not 10 million, and everything is done once, not
    three times. Without the public data its rows are left out, and a message says so.
    """
    if not torch.cuda.is_available():
        print(
            "torch sees no CUDA GPU on this machine: nothing is measured and nothing claimed.",
            file=sys.stderr,
        )
        return []
    rows = 100_000 if quick else 10_000_000
    found = []
    try:
        part = public.ulb()
        found += compare("ULB card transactions", part.X, part.y, device="cuda", repeats=1 if quick else 3)
    except FileNotFoundError as absent:
        print(f"The ULB rows are left out: {absent}", file=sys.stderr)
    X, y = public.generated(rows, COLUMNS)
    X[::11, 3] = np.nan
    return found + compare("generated", X, y, device="cuda", repeats=1 if quick else 3)


def compare(name: str, X: Floats, y: Ints, *, device: str, repeats: int) -> list[Row]:
    """Return rows of one data set: cleaning, training, scoring and measures, and how far measures differ."""
    case = f"{name}, {len(X):,} rows x {X.shape[1]} numbers, {_called(device)}"
    made = [
        _faster(
            f"{case}: clean (cap outliers, fill gaps)",
            len(X),
            lambda on: _seconds(lambda: _clean(X, on), on),
            device,
            repeats,
        )
    ]
    for title, family, settings in CASES:
        few = f", the CPU on {CPU_ROWS:,} rows" if len(X) > CPU_ROWS else ""
        made.append(_trained(f"{case}: train {title}{few}", family, settings, X, y, device, repeats))
    made.append(_scored(f"{case}: score with TabM", X, y, device, repeats))
    return made + _measured(case, y, device, repeats)


def _called(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "no GPU"


def _seconds(work: Callable[[], object], device: str) -> float:
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def _faster(
    case: str, rows: int, seconds: Callable[[str], float], device: str, repeats: int, *, peer_rows: int = 0
) -> Row:
    """Return rows a second on the device beside the CPU's, done once; the device's first try warms up."""
    seconds(device)
    ours = [rows / seconds(device) for _ in range(repeats)]
    peer = (peer_rows or rows) / seconds("cpu")
    middle = float(np.median(ours))
    return Row(
        benchmark="gpu",
        case=case,
        metric="rows per second",
        ours=middle,
        peer=peer,
        peer_name=f"the same on the CPU, {torch.get_num_threads()} threads",
        ratio=middle / peer,
        spread=(max(ours) - min(ours)) / peer if repeats > 1 else None,
    )


def _clean(X: Floats, device: str) -> object:
    names = tuple(f"x{j}" for j in range(X.shape[1]))
    return fit_steps(X, Encoded(names, (), {}), STEPS, device=device).apply(X, training=True)


def _trained(
    case: str, family: str, settings: dict[str, Any], X: Floats, y: Ints, device: str, repeats: int
) -> Row:
    """Rows a second of the epochs after the first, by the training loop's own clock."""

    def seconds_a_row(on: str) -> float:
        rows = min(len(X), CPU_ROWS) if on == "cpu" else len(X)
        held = rows // 100
        clock: list[float] = []

        def note(message: Progress) -> None:
            clock.append(message.seconds)

        model = build(family, {"epochs": EPOCHS, "patience": EPOCHS, **settings}, device=on)  # type: ignore[arg-type]
        model.fit(X[held:rows], y[held:rows], validation=(X[:held], y[:held]), progress=note)
        return (clock[-1] - clock[0]) / ((rows - held) * (EPOCHS - 1))

    return _faster(case, 1, seconds_a_row, device, repeats)


def _scored(case: str, X: Floats, y: Ints, device: str, repeats: int) -> Row:
    few = min(len(X), 20_000)

    def fitted(on: str) -> Any:
        model = build("tabm", {"members": 32, "epochs": 1}, device=on)  # type: ignore[arg-type]
        # Frauds are rare in time order: take rows from all of it.
        chosen = np.linspace(0, len(X) - 1, few).astype(int)
        return model.fit(X[chosen], y[chosen])

    models = {on: fitted(on) for on in {device, "cpu"}}

    def seconds_a_row(on: str) -> float:
        rows = X[: min(len(X), CPU_ROWS)]
        return _seconds(lambda: models[on].log_odds(rows), on) / len(rows)

    return _faster(case, 1, seconds_a_row, device, repeats)


def _measured(case: str, y: Ints, device: str, repeats: int) -> list[Row]:
    """AUC, average precision and log loss of random scores: their speed, and the greatest difference."""
    odds = np.random.default_rng(1).normal(size=len(y)).round(4) + y
    target, scores = torch.from_numpy(y).to(device), torch.from_numpy(odds).to(device)

    def on_device() -> list[float]:
        return [
            device_measures.auc(target, scores),
            device_measures.average_precision(target, scores),
            device_measures.log_loss(target, scores),
        ]

    def plain() -> list[float]:
        p = expit(odds)
        return [discrimination.auc(y, p), discrimination.average_precision(y, p), calibration.log_loss(y, p)]

    speed = _faster(
        f"{case}: AUC, average precision, log loss",
        len(y),
        lambda on: _seconds(plain if on == "cpu" else on_device, on),
        device,
        repeats,
    )
    apart = max(abs(a - b) for a, b in zip(on_device(), plain(), strict=True))
    equal = Row(
        benchmark="gpu",
        case=f"{case}: the same measures",
        metric="greatest difference from scikit-learn's",
        ours=apart,
        target="<= 1e-06",
        met=apart <= 1e-6,
    )
    return [speed, equal]
