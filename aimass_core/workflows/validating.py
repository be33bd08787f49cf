"""Validating a run by training it again: the three parts of the job, and reading results back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimass_core.errors import SettingsError
from aimass_core.evaluate.validation import Method, Validation
from aimass_core.jobs.job import Handler, Job
from aimass_core.split import SplitConfig
from aimass_core.workflows import feature_groups, training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workflows.validation_spec import ValidationSpec
from aimass_core.workspace import audit, datasets, runs, validations
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from datetime import datetime

KIND = "validation"
"""Kind of the job."""
TITLES: dict[Method, str] = {
    "folds": "Repeated folds",
    "time": "Out of time",
    "group": "Out of group",
    "learning-curve": "Learning curve",
    "feature-groups": "Feature groups",
}
"""What each method is called."""
_START_SECONDS = 3.0  # the worker's start and reading rows


@dataclass(frozen=True, slots=True)
class Result:
    """One finished validation with its settings."""

    validation_id: str
    job_id: str
    run_id: str
    spec: ValidationSpec
    validation: Validation
    seconds: float
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A validation with nothing left open."""

    spec: ValidationSpec
    training: TrainingSpec
    run: runs.Run
    fits: int
    seconds: float
    """At most, from the time the run itself took."""
    notes: tuple[str, ...]


def plan(ws: Workspace, spec: ValidationSpec) -> Plan:
    """Check a validation against its run, before any work starts.

    Raises
    ------
    NotFoundError
        When there is no such run, or its data set is gone.
    SettingsError
        When the run has no target, a column is needed that is not there, or settings contradict the data.
    DataError
        When a column or a feature is not in the data.
    """
    run = runs.get(ws, spec.run)
    trained = TrainingSpec.model_validate(run.spec)
    if trained.target is None:
        raise SettingsError(
            "validation needs a target", f"`{run.name}` was trained without one", "Choose another run"
        )
    asked = trained.model_copy(
        update={"dataset": run.version_id, "name": "validation", "split": _split(spec, trained.split)}
    )
    found = training.plan(ws, asked)
    notes = []
    if trained.search is not None:
        notes.append("Settings are those the run's search found; the search itself is not repeated.")
    groups = spec.groups
    if spec.method == "feature-groups":
        if len(found.features) < 2:
            raise SettingsError("feature groups need two features", "the run has one", "Choose another run")
        groups = (
            feature_groups.guessed(found.features)
            if groups is None
            else feature_groups.checked(groups, found.features)
        )
    whole = spec.model_copy(
        update={
            "run": run.run_id,
            "groups": groups,
            "time_column": found.spec.split.time_column if spec.method == "time" else None,
            "group_column": found.spec.split.group_column if spec.method == "group" else None,
        }
    )
    fits, shares = _fits(whole)
    return Plan(whole, found.spec, run, fits, _START_SECONDS + shares * run.seconds, tuple(notes))


def _split(spec: ValidationSpec, split: SplitConfig) -> SplitConfig:
    """Return how the rows of each fold are divided further; curves and groups keep the run's test rows."""
    kept = {"method": "stratified", "time_column": None, "group_column": None}
    if spec.method == "time":
        kept |= {"method": "time", "time_column": spec.time_column or split.time_column}
    elif spec.method == "group":
        kept |= {"method": "group", "group_column": spec.group_column or split.group_column}
    elif spec.method != "folds":
        return split
    return split.model_copy(update=kept)


def _fits(spec: ValidationSpec) -> tuple[int, float]:
    """Return the number of fits, and how many fits on all training rows they are worth."""
    if spec.method == "learning-curve":
        return len(spec.shares) * spec.seeds, sum(spec.shares) * spec.seeds
    if spec.method == "feature-groups":
        fits = (1 + len(spec.groups or {})) * spec.seeds
        return fits, float(fits)
    fits = spec.folds * (spec.repeats if spec.method == "folds" else 1)
    return fits, float(fits)


def title(ws: Workspace, spec: ValidationSpec) -> str:
    """Return what the job is called in lists."""
    return f"{TITLES[spec.method]} of {runs.get(ws, spec.run).name}"


def prepare(ws: Workspace, spec: dict[str, Any], folder: Path) -> None:
    """Write the rows and everything the worker must know into the job's input folder."""
    found = plan(ws, ValidationSpec.model_validate(spec))
    training.prepare(ws, found.training.model_dump(mode="json"), folder)
    path = folder / "input" / "training.json"
    # the recipe the run itself was trained by: another may have been attached to the version since
    recipe = datasets.recipe_json(ws, found.run.version_id, at=found.run.created_at) or {}
    asked = {**json.loads(path.read_text("utf-8")), "steps": recipe.get("steps", [])}
    path.write_text(json.dumps(asked, ensure_ascii=False), "utf-8")
    (folder / "input" / "validation.json").write_text(found.spec.model_dump_json(), "utf-8")


def record(ws: Workspace, job: Job, folder: Path) -> dict[str, Any]:
    """Take the result over into the workspace; returns `validation_id` and `run_id`."""
    known = validations.by_job(ws, job.job_id)
    if known is not None:
        return {"validation_id": known.validation_id, "run_id": known.run_id}
    content = json.loads((folder / "output" / "validation.json").read_text("utf-8"))
    spec = ValidationSpec.model_validate(content["spec"])
    run = runs.get(ws, spec.run)
    found = Validation.model_validate(content["validation"])
    with ws.writing() as cursor:
        validation_id = validations.add(
            cursor,
            job_id=job.job_id,
            run_id=run.run_id,
            method=spec.method,
            spec=spec.model_dump(mode="json"),
            result=found.model_dump(mode="json"),
            seconds=content["seconds"],
            actor=job.created_by,
        )
        detail = {"run": run.name, "method": spec.method, "validation": validation_id, "fits": found.fits}
        audit.record(cursor, "run.validate", run.run_id, detail, actor=job.created_by)
    return {"validation_id": validation_id, "run_id": run.run_id}


HANDLER: Handler[Workspace] = Handler(
    prepare=prepare, compute="aimass_core.workflows.validation_fits:compute", record=record
)
"""The three parts of a validation; its spec is a :class:`ValidationSpec` as JSON."""


def results(ws: Workspace, run_ref: str, method: Method | None = None) -> list[Result]:
    """Return the validations of a run, newest first; all methods or one.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    run = runs.get(ws, run_ref)
    return [_result(row) for row in validations.of_run(ws, run.run_id, method)]


def latest(ws: Workspace, run_ref: str, method: Method) -> Result | None:
    """Return the newest validation of a run by a method, or None while there is none."""
    found = results(ws, run_ref, method)
    return found[0] if found else None


def _result(row: validations.Stored) -> Result:
    return Result(
        validation_id=row.validation_id,
        job_id=row.job_id,
        run_id=row.run_id,
        spec=ValidationSpec.model_validate(row.spec),
        validation=Validation.model_validate(row.result),
        seconds=row.seconds,
        created_at=row.created_at,
        created_by=row.created_by,
    )
