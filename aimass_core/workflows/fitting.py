"""What the worker does to train a model: files in, files out; it never opens the workspace."""

from __future__ import annotations

import io
import json
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aimass_core.bundle import Bundle, Manifest, versions
from aimass_core.device import resolve
from aimass_core.errors import Fault
from aimass_core.explain.summary import SAMPLE_ROWS, Summary, summarise
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models import catalog
from aimass_core.schema import Column
from aimass_core.workflows import fitting_measures, fitting_rows
from aimass_core.workflows.training import TrainingSpec

if TYPE_CHECKING:
    from aimass_core.evaluate.calibrators import Chosen
    from aimass_core.models.base import BinaryClassifier
    from aimass_core.split import Split
    from aimass_core.workflows.fitting_rows import Prepared, Rows

REFERENCE_ROWS = 200
APPLICANT_ROWS = 2_000
CHECKED_ROWS = 500
"""Rows that the saved model must score as the one in memory does."""

_STEPS = 100
_FITTING = (10, 75)  # from, to, of the steps above
_EXACT = 1e-6

_EXTRA = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset({"manifest", "encoder", "steps", "calibrator", "explanation", "calibration", "search"})


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A fitted estimator; `spec` has the settings that were found, `extras` what it has to show."""

    estimator: BinaryClassifier
    spec: TrainingSpec
    extras: dict[str, Any]


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
    rows = fitting_rows.read(folder / "input" / "rows.parquet", spec)
    _tell(report, 4, f"Dividing {len(rows.frame):,} rows")
    parts = fitting_rows.divide(rows, spec)
    _tell(report, 6, "Learning how to clean and encode from the training rows")
    prepared = fitting_rows.prepare(rows, parts, features, asked["steps"], spec)
    fitted = _fit(prepared, rows, parts, spec, report)
    spec = fitted.spec
    _tell(report, _FITTING[1], "Measuring on rows the model has not seen")
    held_out = fitting_measures.held_out_log_odds(fitted.estimator, prepared)
    chosen = fitting_measures.calibration(spec, prepared, held_out)
    bundle = _bundle(fitted, prepared, rows, chosen, _manifest(features, asked, spec))
    evaluation, metrics, scores = fitting_measures.measure(bundle, rows, parts, held_out, spec)
    extras = {name: _json(content) for name, content in fitted.extras.items()}
    if spec.calibration != "none":
        extras["calibration"] = _json(fitting_measures.before_and_after(bundle, rows, parts, chosen, spec))
    _tell(report, 84, f"Explaining up to {SAMPLE_ROWS:,} test rows")
    summary = _explain(bundle, rows.frame.iloc[parts.test], spec.seed)
    _tell(report, 96, "Saving the model")
    counts = {
        "train": len(prepared.y),
        "validation": len(parts.validation),
        "test": len(parts.test),
        "without_target": rows.without_target,
        "dropped": len(parts.train) - len(prepared.y),
    }
    metrics["train.bads"] = float(prepared.y.sum())
    metrics |= {
        f"{name}.rows": float(count) for name, count in counts.items() if f"{name}.rows" not in metrics
    }
    plain = {key: value if np.isfinite(value) else None for key, value in metrics.items()}
    whole = replace(bundle, manifest=bundle.manifest.model_copy(update={"metrics": plain, "rows": counts}))
    output = folder / "output"
    files = {f"{name}.json": content for name, content in extras.items()}
    files |= {"explanation.json": summary.model_dump_json().encode(), "test_scores.parquet": _parquet(scores)}
    saved = whole.save(output / "bundle", extras=files)
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


def _fit(prepared: Prepared, rows: Rows, parts: Split, spec: TrainingSpec, report: Report) -> _Fitted:
    """Search for settings when asked to, fit, and put what was settled on the way into the spec."""
    extras: dict[str, Any] = {}
    told = _scaled(report, _FITTING)
    if spec.search is not None:
        from aimass_core.models import search

        middle = _FITTING[0] + (_FITTING[1] - _FITTING[0]) * 3 // 4
        found = search.search(
            spec.family,
            spec.config,
            prepared.X,
            prepared.y,
            how=spec.search,
            validation=prepared.held_out,
            groups=prepared.groups,
            domain=prepared.domain,
            ordered=spec.split.method == "time",
            categorical=prepared.steps.categorical,
            names=tuple(prepared.steps.names),
            labels=prepared.steps.texts,
            device=spec.device,
            seed=spec.seed,
            progress=_scaled(report, (_FITTING[0], middle)),
        )
        spec = spec.model_copy(update={"config": found.config})
        extras["search"] = found.to_json()
        told = _scaled(report, (middle, _FITTING[1]))
    estimator = catalog.build(
        spec.family,
        spec.config,
        categorical=prepared.steps.categorical,
        names=tuple(prepared.steps.names),
        device=spec.device,
        seed=spec.seed,
    )
    estimator.name_labels(prepared.steps.texts)
    further: dict[str, Any] = {}
    if estimator.takes_unlabelled:
        further["unlabelled"] = fitting_rows.unlabelled(rows, parts, prepared, spec)
    estimator.fit(
        prepared.X,
        prepared.y,
        validation=prepared.held_out,
        domain=prepared.domain,
        progress=told,
        **further,
    )
    settled = getattr(estimator, "settled", None)
    if settled is not None:  # choices made by the clock, so that training again makes the same
        config = catalog.check_config(spec.family, {**spec.config, **settled()})
        spec = spec.model_copy(update={"config": config.model_dump(mode="json")})
    shown = getattr(estimator, "report", None)
    for name, content in ({} if shown is None else shown()).items():
        if not _EXTRA.fullmatch(name) or name in _RESERVED:
            raise Fault("an estimator's report must have a name of its own", f"'{name}' was given")
        extras[name] = content
    return _Fitted(estimator, spec, extras)


def _bundle(fitted: _Fitted, prepared: Prepared, rows: Rows, chosen: Chosen, manifest: Manifest) -> Bundle:
    """Return the model with the rows it is explained against."""
    random = np.random.default_rng(fitted.spec.seed)
    population = prepared.X[np.sort(random.permutation(len(prepared.X))[:REFERENCE_ROWS])]
    sample = random.permutation(len(rows.everything))[:APPLICANT_ROWS]
    applicants = prepared.steps.apply(prepared.encoder.transform(rows.everything.iloc[sample])).X
    bundle = Bundle(
        manifest=manifest,
        encoder=prepared.encoder,
        steps=prepared.steps,
        estimator=fitted.estimator,
        reference=population,
        reference_log_odds=np.empty(0),
        applicants=applicants,
        applicants_log_odds=np.empty(0),
        calibrator=chosen.calibrator,
    )
    return replace(
        bundle,
        reference_log_odds=bundle.score_prepared(population).log_odds,
        applicants_log_odds=bundle.score_prepared(applicants).log_odds,
    )


def _scaled(report: Report, steps: tuple[int, int]) -> Report:
    """Fit steps of a part of the work into those of the whole job; they never go back."""
    low, high = steps

    def passed_on(message: Progress) -> None:
        share = min(1.0, message.step / max(1, message.steps))
        report(message.model_copy(update={"step": low + int(share * (high - low)), "steps": _STEPS}))

    return passed_on


def _manifest(features: tuple[Column, ...], asked: dict[str, Any], spec: TrainingSpec) -> Manifest:
    return Manifest(
        family=spec.family,
        config=spec.config,
        columns=features,
        repairs=tuple(asked["repairs"]),
        target=spec.target,
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
        device=resolve(spec.device).type,
        versions=versions(),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        metrics={},
    )


def _explain(bundle: Bundle, frame: pd.DataFrame, seed: int) -> Summary:
    chosen = np.sort(np.random.default_rng(seed).permutation(len(frame))[:SAMPLE_ROWS])
    prepared = bundle.prepare(frame.iloc[chosen], repaired=True)
    return summarise(bundle, prepared.X, rows_total=len(frame), seed=seed)


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


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
