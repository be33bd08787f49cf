"""Fitting a run again to bootstrap samples of its rows, to see whether its reasons come back: the job."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError, SettingsError
from aimass_core.explain.stability import ModelStability
from aimass_core.jobs.job import Handler, Job
from aimass_core.workflows import evaluating, rerun, training
from aimass_core.workspace import audit, runs, stabilities
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from datetime import datetime

    from aimass_core.bundle import Bundle

KIND = "stability"
"""Kind of the job."""
TEST_ROWS = 200
"""Most test rows over which the model as a whole is judged."""
ROW_SECONDS = 1.0
"""Nominal seconds that explaining one row under the refits may take."""
FEWEST = 5
"""Refits that are always compared."""

_START_SECONDS = 4.0  # the worker's start and reading rows
_ROWS_SECONDS = 30.0  # nominal seconds for the test rows
_FEWEST_ROWS = 20


class StabilitySpec(BaseModel):
    """Which run is fitted again, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = Field(description="Run, by id or name.")
    refits: int = Field(default=20, ge=FEWEST, le=50, description="Bootstrap samples, each one training.")
    seed: int = Field(default=0, ge=0, description="Random seed of the samples.")


@dataclass(frozen=True, slots=True)
class Plan:
    """A measurement with nothing left open."""

    spec: StabilitySpec
    training: training.TrainingSpec
    run: runs.Run
    rows: int
    """Most test rows that are explained under every refit."""
    seconds: float
    """At most, from the time the run itself took."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One finished measurement; `refits_explained` is how many refits a row is compared with."""

    stability_id: str
    job_id: str
    run_id: str
    spec: StabilitySpec
    model: ModelStability
    refits_explained: int
    folder: Path
    seconds: float
    created_at: datetime
    created_by: str


def plan(ws: Workspace, spec: StabilitySpec) -> Plan:
    """Check a measurement against its run, before any work starts.

    Raises
    ------
    NotFoundError
        When there is no such run, or its data or bundle is gone.
    SettingsError
        When the run has no target.
    DataError
        When it cannot be trained any more, or its bundle was edited.
    """
    run = runs.get(ws, spec.run)
    again = rerun.spec_of(ws, run.run_id)
    if again.target is None:
        raise SettingsError(
            "measuring how stable reasons are needs a run with a target",
            f"`{run.name}` was trained without one",
            "Choose another run",
        )
    found = training.plan(ws, again)
    each = seconds_a_row(evaluating.bundle(ws, run.run_id))
    rows = min(TEST_ROWS, max(_FEWEST_ROWS, int(_ROWS_SECONDS / (each * spec.refits))))
    notes = []
    if run.spec.get("search") is not None:
        notes.append("Settings are those the run's search found; the search itself is not repeated.")
    if run.family == "auto":
        notes.append(
            "The members, settings and weights that auto chose are kept; the choice is not repeated."
        )
    return Plan(
        spec=spec.model_copy(update={"run": run.run_id}),
        training=found.spec,
        run=run,
        rows=rows,
        seconds=_START_SECONDS + spec.refits * (run.seconds + rows * each),
        notes=tuple(notes),
    )


def seconds_a_row(bundle: Bundle) -> float:
    """Return about how long one row takes to explain under one refit, in nominal seconds."""
    from aimass_core.explain import shapley

    return max(1e-4, shapley.seconds_a_row(bundle, effort="batch"))


def title(ws: Workspace, spec: StabilitySpec) -> str:
    """Return what the job is called in lists."""
    return f"How stable are the reasons of {runs.get(ws, spec.run).name}"


def prepare(ws: Workspace, spec: dict[str, Any], folder: Path) -> None:
    """Write the rows, and where the model is, into the job's input folder; raises as :func:`plan`."""
    found = plan(ws, StabilitySpec.model_validate(spec))
    training.prepare(ws, found.training.model_dump(mode="json"), folder)
    content = {
        "spec": found.spec.model_dump(mode="json"),
        "bundle": str(evaluating.bundle_path(ws, found.run.run_id).resolve()),
        "rows": found.rows,
    }
    (folder / "input" / "stability.json").write_text(json.dumps(content), "utf-8")


def record(ws: Workspace, job: Job, folder: Path) -> dict[str, Any]:
    """Take the refits and what was found over into the workspace; returns `stability_id` and `run_id`."""
    known = stabilities.by_job(ws, job.job_id)
    if known is not None:
        return {"stability_id": known.stability_id, "run_id": known.run_id}
    output = folder / "output"
    content = json.loads((output / "stability.json").read_text("utf-8"))
    spec = StabilitySpec.model_validate(content["spec"])
    model = ModelStability.model_validate(content["result"]["model"])
    run = runs.get(ws, spec.run)
    final = stabilities.home(ws) / job.job_id
    if (output / "refits").exists():
        # An earlier attempt may have been stopped halfway; what it left belongs to nothing.
        shutil.rmtree(final, ignore_errors=True)
        final.parent.mkdir(exist_ok=True)
        shutil.move(output / "refits", final)
    if not final.exists():
        raise DataError("the refits must be in the job's folder", "they are gone", "Measure again")
    with ws.writing() as cursor:
        stability_id = stabilities.add(
            cursor,
            job_id=job.job_id,
            run_id=run.run_id,
            spec=spec.model_dump(mode="json"),
            result=content["result"],
            folder=final.name,
            seconds=content["seconds"],
            actor=job.created_by,
        )
        detail = {
            "run": run.name,
            "refits": spec.refits,
            "stability": stability_id,
            "top": round(model.top, 4),
        }
        audit.record(cursor, "run.stability", run.run_id, detail, actor=job.created_by)
    return {"stability_id": stability_id, "run_id": run.run_id}


HANDLER: Handler[Workspace] = Handler(
    prepare=prepare, compute="aimass_core.workflows.stability_fits:compute", record=record
)
"""The three parts of the job; its spec is a :class:`StabilitySpec` as JSON."""


def latest(ws: Workspace, run_ref: str) -> Result | None:
    """Return the newest measurement of a run, or None while there is none.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    found = stabilities.of_run(ws, runs.get(ws, run_ref).run_id)
    return result(ws, found[0]) if found else None


def get(ws: Workspace, stability_id: str) -> Result:
    """Return one measurement.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    return result(ws, stabilities.get(ws, stability_id))


def result(ws: Workspace, stored: stabilities.Stored) -> Result:
    """Return a measurement as it was stored."""
    found: Mapping[str, Any] = stored.result
    return Result(
        stability_id=stored.stability_id,
        job_id=stored.job_id,
        run_id=stored.run_id,
        spec=StabilitySpec.model_validate(stored.spec),
        model=ModelStability.model_validate(found["model"]),
        refits_explained=int(found["refits_explained"]),
        folder=stabilities.home(ws) / stored.folder,
        seconds=stored.seconds,
        created_at=stored.created_at,
        created_by=stored.created_by,
    )
