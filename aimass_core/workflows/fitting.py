"""What the worker does to train a model: files in, files out; it never opens the workspace."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import TypeAdapter

from aimass_core.bundle import Bundle, Manifest, versions
from aimass_core.clean.recipe import Step
from aimass_core.clean.steps import fit_steps
from aimass_core.device import resolve
from aimass_core.errors import DataError, Fault
from aimass_core.evaluate.discrimination import auc
from aimass_core.evaluate.report import Report as Evaluation
from aimass_core.evaluate.report import evaluate
from aimass_core.explain.summary import SAMPLE_ROWS, Summary, summarise
from aimass_core.features.encoder import Encoder
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models import catalog
from aimass_core.schema import ROW_ID, Column
from aimass_core.split import Split, split
from aimass_core.workflows.target import labels
from aimass_core.workflows.training import TrainingSpec

REFERENCE_ROWS = 200
APPLICANT_ROWS = 2_000
CHECKED_ROWS = 500
"""Rows that the saved model must score as the one in memory does."""

_STEPS = 100
_FITTING = (10, 75)  # from, to, of the steps above
_EXACT = 1e-6

Matrix = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that have a target, and all of them for the reference."""

    everything: pd.DataFrame
    frame: pd.DataFrame
    y: Ints
    without_target: int


def compute(folder: Path, report: Report) -> None:
    """Train, measure, explain and save one model.

    Reads ``rows.parquet`` and ``training.json`` of input; writes ``bundle/``, ``report.json`` and
    ``result.json`` to output.
    """
    began = time.monotonic()
    asked = json.loads((folder / "input" / "training.json").read_text("utf-8"))
    spec = TrainingSpec.model_validate(asked["spec"])
    features = tuple(Column.model_validate(item) for item in asked["features"])
    _tell(report, 0, "Reading rows")
    rows = _read(folder / "input" / "rows.parquet", spec)
    _tell(report, 4, f"Dividing {len(rows.frame):,} rows")
    parts = _divide(rows, spec)
    _tell(report, 6, "Learning how to clean and encode from the training rows")
    bundle, train_y, dropped = _fit(rows, parts, features, asked, spec, report)
    _tell(report, _FITTING[1], "Measuring on rows the model has not seen")
    evaluation, metrics, scores = _measure(bundle, rows, parts, train_y, spec)
    _tell(report, 84, f"Explaining up to {SAMPLE_ROWS:,} test rows")
    summary = _explain(bundle, rows.frame.iloc[parts.test], spec.seed)
    _tell(report, 96, "Saving the model")
    counts = {
        "train": len(train_y),
        "validation": len(parts.validation),
        "test": len(parts.test),
        "without_target": rows.without_target,
        "dropped": dropped,
    }
    metrics |= {
        f"{name}.rows": float(count) for name, count in counts.items() if f"{name}.rows" not in metrics
    }
    plain = {key: value if np.isfinite(value) else None for key, value in metrics.items()}
    whole = _with(bundle, metrics=plain, rows=counts)
    output = folder / "output"
    extras = {"explanation.json": summary.model_dump_json().encode(), "test_scores.parquet": _parquet(scores)}
    saved = whole.save(output / "bundle", extras=extras)
    _agree(saved, whole, rows.frame.iloc[parts.test[:CHECKED_ROWS]])
    (output / "report.json").write_text(evaluation.model_dump_json(), "utf-8")
    result = {
        "spec": spec.model_dump(mode="json"),
        "version_id": asked["dataset_version_id"],
        "metrics": plain,
        "protected": asked["protected"],
        "notes": asked["notes"],
        "seconds": time.monotonic() - began,
    }
    (output / "result.json").write_text(json.dumps(result, ensure_ascii=False), "utf-8")
    _tell(report, _STEPS, "Done")


def _tell(report: Report, step: int, message: str) -> None:
    report(Progress(step=step, steps=_STEPS, message=message))


def _read(path: Path, spec: TrainingSpec) -> _Rows:
    everything = pd.read_parquet(path)
    found = labels(everything[spec.target])
    known = np.array([label is not None for label in found], dtype=bool)
    if not known.any():
        raise DataError(
            f"target `{spec.target}` must have values", "all are missing", "Choose another target"
        )
    frame = everything.loc[known].reset_index(drop=True)
    y = np.isin(found[known].astype(str), list(spec.positive or ())).astype(np.int64)
    return _Rows(everything, frame, y, int((~known).sum()))


def _divide(rows: _Rows, spec: TrainingSpec) -> Split:
    config = spec.split
    moments = rows.frame[config.time_column].to_numpy() if config.time_column else None
    groups = rows.frame[config.group_column].to_numpy(dtype=object) if config.group_column else None
    return split(rows.y, config=config, time=moments, groups=groups)


def _fit(
    rows: _Rows,
    parts: Split,
    features: tuple[Column, ...],
    asked: dict[str, Any],
    spec: TrainingSpec,
    report: Report,
) -> tuple[Bundle, Ints, int]:
    """Learn everything on the training rows; returns the bundle, the target learnt from, rows dropped."""
    device = resolve(spec.device)
    training = rows.frame.iloc[parts.train]
    encoder = Encoder.fit(training, features)
    encoded = encoder.transform(training)
    steps = fit_steps(encoded, encoder, _steps(asked["steps"], encoder.names), device=device)
    applied = steps.apply(encoded, training=True)
    y = rows.y[parts.train][applied.kept]
    validation = None
    if len(parts.validation):
        held_out = steps.apply(encoder.transform(rows.frame.iloc[parts.validation])).X
        validation = (held_out, rows.y[parts.validation])
    domain = None
    if spec.domain is not None:
        names = labels(training[spec.domain])
        domain = np.array(["missing" if name is None else name for name in names])[applied.kept]
    estimator = catalog.build(
        spec.family,
        spec.config,
        categorical=steps.categorical,
        names=tuple(steps.names),
        device=spec.device,
        seed=spec.seed,
    )
    estimator.fit(applied.X, y, validation=validation, domain=domain, progress=_scaled(report))
    random = np.random.default_rng(spec.seed)
    population = applied.X[np.sort(random.permutation(len(applied.X))[:REFERENCE_ROWS])]
    chosen = random.permutation(len(rows.everything))[:APPLICANT_ROWS]
    applicants = steps.apply(encoder.transform(rows.everything.iloc[chosen])).X
    bundle = Bundle(
        manifest=_manifest(features, asked, spec, device.type),
        encoder=encoder,
        steps=steps,
        estimator=estimator,
        reference=population,
        reference_log_odds=np.asarray(estimator.log_odds(population)),
        applicants=applicants,
        applicants_log_odds=np.asarray(estimator.log_odds(applicants)),
    )
    return bundle, y, len(parts.train) - len(y)


def _steps(items: Sequence[dict[str, Any]], names: Sequence[str]) -> tuple[Step, ...]:
    """Return the recipe's steps on the features; a step on none of them is left out."""
    found: list[Step] = []
    for step in TypeAdapter(tuple[Step, ...]).validate_python(tuple(items)):
        if step.columns is None:
            found.append(step)
            continue
        kept = tuple(name for name in step.columns if name in names)
        if kept:
            found.append(step.model_copy(update={"columns": kept}))
    return tuple(found)


def _scaled(report: Report) -> Report:
    """Fit the estimator's own steps into those of the whole job."""
    low, high = _FITTING

    def passed_on(message: Progress) -> None:
        share = min(1.0, message.step / max(1, message.steps))
        report(message.model_copy(update={"step": low + int(share * (high - low)), "steps": _STEPS}))

    return passed_on


def _manifest(
    features: tuple[Column, ...], asked: dict[str, Any], spec: TrainingSpec, device: str
) -> Manifest:
    return Manifest(
        family=spec.family,
        config=spec.config,
        columns=features,
        repairs=tuple(asked["repairs"]),
        target=str(spec.target),
        positive=spec.positive or (),
        negative=tuple(asked["negative"]),
        kind=spec.kind,
        dataset=asked["dataset"],
        dataset_version=asked["dataset_version"],
        dataset_version_id=asked["dataset_version_id"],
        dataset_sha256=asked["dataset_sha256"],
        split=spec.split,
        protected=tuple(asked["protected"]),
        domain=spec.domain,
        rows={},
        seed=spec.seed,
        device=device,
        versions=versions(),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        metrics={},
    )


def _with(bundle: Bundle, **changes: Any) -> Bundle:
    return replace(bundle, manifest=bundle.manifest.model_copy(update=changes))


def _measure(
    bundle: Bundle, rows: _Rows, parts: Split, train_y: Ints, spec: TrainingSpec
) -> tuple[Evaluation, dict[str, float], pd.DataFrame]:
    """Measure on test and validation rows; the measures of the training rows are for comparison only."""
    metrics: dict[str, float] = {}
    found: dict[str, Evaluation] = {}
    tables = []
    for name, positions in (("validation", parts.validation), ("test", parts.test)):
        if not len(positions):
            continue
        part = rows.frame.iloc[positions]
        scores = bundle.score(part, repaired=True)
        y = rows.y[positions]
        found[name] = evaluate(y, scores.probability, bootstrap=spec.bootstrap, seed=spec.seed)
        metrics |= found[name].flat(name)
        tables.append(
            pd.DataFrame(
                {
                    ROW_ID: part[ROW_ID].to_numpy(),
                    "part": name,
                    "y": y,
                    "probability": scores.probability,
                    "log_odds": scores.log_odds,
                }
            )
        )
    training = bundle.score(rows.frame.iloc[parts.train], repaired=True)
    metrics["train.auc"] = auc(rows.y[parts.train], training.probability)
    metrics["train.bads"] = float(train_y.sum())
    return found["test"], metrics, pd.concat(tables, ignore_index=True)


def _explain(bundle: Bundle, frame: pd.DataFrame, seed: int) -> Summary:
    chosen = np.sort(np.random.default_rng(seed).permutation(len(frame))[:SAMPLE_ROWS])
    prepared = bundle.prepare(frame.iloc[chosen], repaired=True)
    return summarise(bundle, prepared.X, rows_total=len(frame), seed=seed)


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _agree(saved: Bundle, trained: Bundle, frame: pd.DataFrame) -> None:
    """Load what was saved and let it score: it must agree with the model that was trained.

    Raises
    ------
    Fault
        When a score differs by more than 1e-6.
    """
    if saved.path is None:
        raise Fault("a saved model must have a folder")
    again = Bundle.load(saved.path).score(frame, repaired=True).log_odds
    gap = float(np.abs(again - trained.score(frame, repaired=True).log_odds).max())
    if not gap <= _EXACT:
        raise Fault(
            f"the saved model must score as the trained one within {_EXACT:g}",
            f"they differ by {gap:.3g} log-odds",
            "Train it again; report it if it comes back",
        )
