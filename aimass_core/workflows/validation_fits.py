"""What the worker does to validate a run: train again and again on other rows, and measure each time."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import brier, log_loss
from aimass_core.evaluate.compare import auc_interval
from aimass_core.evaluate.discrimination import auc, average_precision, ks
from aimass_core.evaluate.folds import Fold, summarise
from aimass_core.evaluate.learning_curve import learning_curve
from aimass_core.evaluate.validation import Validation, group_gain
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models import catalog
from aimass_core.schema import Column
from aimass_core.split import Split
from aimass_core.workflows import feature_groups, fitting_measures, fitting_rows, validation_parts
from aimass_core.workflows.fitting_rows import Rows
from aimass_core.workflows.target import labels
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workflows.validation_parts import Part
from aimass_core.workflows.validation_spec import ValidationSpec

Vector = npt.NDArray[np.float64]
_A_FIT = 100  # steps of one fit in the progress of all
_LEAST = 10  # training rows of each class in the smallest part of a learning curve


@dataclass
class _Bench:
    """Trains on any rows with any features, and tells how far all of it is."""

    rows: Rows
    spec: TrainingSpec
    features: tuple[Column, ...]
    recipe: Sequence[dict[str, Any]]
    report: Report
    fits: int
    done: int = 0
    shown: tuple[dict[str, Any], ...] = ()

    def scores(
        self, label: str, part: Split, *, seed: int = 0, removed: Sequence[str] = ()
    ) -> tuple[Vector, int]:
        """Train on a part's rows and return the probability of its test rows, and the rows learnt from.

        Cleaning, encoding, stopping and calibration are learnt from the part's own rows, never from those it
        is measured on.

        Parameters
        ----------
        seed : added to the run's own.
        removed : features left out.
        """
        began = time.monotonic()
        spec = self.spec.model_copy(
            update={
                "seed": self.spec.seed + seed,
                "config": feature_groups.without(
                    self.spec.config, removed, [column.name for column in self.features]
                ),
            }
        )
        self._tell(0, f"{label}: cleaning and encoding")
        features = tuple(column for column in self.features if column.name not in removed)
        prepared = fitting_rows.prepare(self.rows, part, features, self.recipe, spec)
        estimator = catalog.build(
            spec.family,
            spec.config,
            categorical=prepared.steps.categorical,
            names=tuple(prepared.steps.names),
            device=spec.device,
            seed=spec.seed,
        )
        estimator.name_labels(prepared.steps.texts)
        estimator.fit(
            prepared.X,
            prepared.y,
            validation=prepared.held_out,
            domain=prepared.domain,
            progress=lambda message: self._tell(
                min(_A_FIT - 1, _A_FIT * message.step // max(1, message.steps)), f"{label}: training"
            ),
        )
        held_out = fitting_measures.held_out_log_odds(estimator, prepared)
        chosen = fitting_measures.calibration(spec, prepared, held_out)
        tested = prepared.steps.apply(prepared.encoder.transform(self.rows.frame.iloc[part.test])).X
        log_odds = np.asarray(estimator.log_odds(tested), dtype=np.float64)
        if chosen.calibrator is not None:
            log_odds = chosen.calibrator.apply(log_odds)
        found = np.asarray(expit(log_odds), dtype=np.float64)
        area = auc(self.rows.y[part.test], found)
        row = {"label": label, "auc": area if np.isfinite(area) else None}
        self.shown = (*self.shown, {**row, "seconds": time.monotonic() - began})
        self.done += 1
        self._tell(0, f"{label}: AUC {area:.4f}")
        return found, len(prepared.y)

    def _tell(self, step: int, message: str) -> None:
        self.report(
            Progress(
                step=self.done * _A_FIT + step,
                steps=self.fits * _A_FIT,
                message=message,
                detail={"fits": list(self.shown)},
            )
        )


def compute(folder: Path, report: Report) -> None:
    """Validate one run by one method.

    Reads ``rows.parquet``, ``training.json`` and ``validation.json`` of input; writes ``validation.json`` to
    output.
    """
    began = time.monotonic()
    asked = json.loads((folder / "input" / "training.json").read_text("utf-8"))
    how = ValidationSpec.model_validate_json((folder / "input" / "validation.json").read_bytes())
    # settings found by a search are in the spec already; what it searched is not searched again
    spec = TrainingSpec.model_validate(asked["spec"]).model_copy(update={"search": None})
    features = tuple(Column.model_validate(item) for item in asked["features"])
    rows = fitting_rows.read(folder / "input" / "rows.parquet", spec)
    bench = _Bench(rows, spec, features, asked["steps"], report, fits=1)
    if how.method == "learning-curve":
        found = _curve(bench, how)
    elif how.method == "feature-groups":
        found = _groups(bench, how)
    else:
        found = _folds(bench, how)
    content = {
        "spec": how.model_dump(mode="json"),
        "validation": found.model_dump(mode="json"),
        "seconds": time.monotonic() - began,
    }
    (folder / "output" / "validation.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    steps = bench.fits * _A_FIT
    report(Progress(step=steps, steps=steps, message="Done", detail={"fits": list(bench.shown)}))


def _folds(bench: _Bench, how: ValidationSpec) -> Validation:
    parts, notes = _parts(bench.rows, bench.spec, how)
    bench.fits = len(parts)
    found = []
    for part in parts:
        began = time.monotonic()
        p, learnt = bench.scores(part.label, part.rows)
        y = bench.rows.y[part.rows.test]
        found.append(
            Fold(
                label=part.label,
                train_rows=learnt,
                rows=len(y),
                bads=int(y.sum()),
                measures={
                    "auc": auc(y, p),
                    "average_precision": average_precision(y, p),
                    "ks": ks(y, p),
                    "brier": brier(y, p),
                    "log_loss": log_loss(y, p),
                },
                auc=auc_interval(y, p),
                seconds=time.monotonic() - began,
            )
        )
    return Validation(
        method=how.method,
        folds=tuple(found),
        summary=summarise(found, exchangeable=how.method == "folds"),
        fits=len(found),
        notes=tuple(notes),
    )


def _parts(rows: Rows, spec: TrainingSpec, how: ValidationSpec) -> tuple[list[Part], list[str]]:
    if how.method == "folds":
        made = validation_parts.folds(rows.y, spec.split, count=how.folds, repeats=how.repeats, seed=how.seed)
        return made, []
    if how.method == "time":
        moments = rows.frame[str(spec.split.time_column)].to_numpy()
        return validation_parts.by_time(rows.y, moments, spec.split, count=how.folds)
    groups = labels(rows.frame[str(spec.split.group_column)])
    return validation_parts.by_group(rows.y, groups, spec.split, count=how.folds, seed=how.seed)


def _curve(bench: _Bench, how: ValidationSpec) -> Validation:
    parts = fitting_rows.divide(bench.rows, bench.spec)
    y, notes = bench.rows.y, []
    smallest = int(min(y[parts.train].sum(), (y[parts.train] == 0).sum()))
    shares = [share for share in how.shares if share * smallest >= _LEAST]
    if len(shares) < len(how.shares):
        notes.append(
            f"Left out shares with fewer than {_LEAST} training rows of the rarer class; it has {smallest:,}."
        )
    if len(shares) < 2:
        raise DataError(
            "a learning curve needs two sizes",
            f"the rarer class has {smallest:,} training rows",
            "Use more rows",
        )
    bench.fits = len(shares) * how.seeds
    values: dict[float, list[float]] = {share: [] for share in shares}
    counts: dict[float, int] = {}
    for seed in range(how.seeds):
        for share, part in validation_parts.subsets(y, parts, shares, how.seed + seed):
            p, learnt = bench.scores(f"{len(part.train):,} rows, seed {seed + 1}", part, seed=seed)
            values[share].append(auc(y[part.test], p))
            counts[share] = learnt
    return Validation(
        method=how.method,
        curve=learning_curve([counts[share] for share in shares], [values[share] for share in shares]),
        test_rows=len(parts.test),
        fits=bench.done,
        notes=tuple(notes),
    )


def _groups(bench: _Bench, how: ValidationSpec) -> Validation:
    parts = fitting_rows.divide(bench.rows, bench.spec)
    groups = how.groups or {}
    bench.fits = (1 + len(groups)) * how.seeds
    y = bench.rows.y[parts.test]
    whole = {
        seed: bench.scores(f"All features, seed {seed + 1}", parts, seed=seed)[0] for seed in range(how.seeds)
    }
    found = []
    for name, members in groups.items():
        without = {
            seed: bench.scores(f"Without {name}, seed {seed + 1}", parts, seed=seed, removed=members)[0]
            for seed in range(how.seeds)
        }
        found.append(group_gain(name, members, y, whole, without))
    return Validation(
        method=how.method,
        groups=tuple(sorted(found, key=lambda item: -item.gain if np.isfinite(item.gain) else np.inf)),
        full_auc=float(np.mean([auc(y, p) for p in whole.values()])),
        test_rows=len(y),
        fits=bench.done,
    )
