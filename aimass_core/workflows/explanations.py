"""Explaining many rows in the background: the three parts of the job, and reading results back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError, SettingsError
from aimass_core.jobs.job import Handler, Job
from aimass_core.schema import ROW_ID
from aimass_core.workflows import evaluating
from aimass_core.workspace import audit, datasets, explanations, exports, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.explanations import Stored

KIND = "explanation"
"""Kind of the job."""
MOST_ROWS = 100_000
"""Most rows explained by one job."""


class ExplanationSpec(BaseModel):
    """Which rows of a run's data to explain, and against what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = Field(description="Run, by id or name.")
    part: Literal["test", "validation", "all"] = Field(
        default="test", description="Rows: those kept for testing or validation, or all of the data set."
    )
    reference: Literal["population", "applicants", "cutoff"] = Field(
        default="population", description="What contributions are measured from."
    )
    cutoff: float | None = Field(
        default=None, gt=0, lt=1, description="Probability of the cut-off; needed by reference `cutoff`."
    )
    rows: int = Field(
        default=MOST_ROWS, ge=1, le=MOST_ROWS, description="Most rows; the first of the file are taken."
    )


def title(ws: Workspace, spec: ExplanationSpec) -> str:
    """Return what the job is called in lists."""
    which = "all rows" if spec.part == "all" else f"the {spec.part} rows"
    return f"Explain {which} of {runs.get(ws, spec.run).name}"


def seconds(ws: Workspace, spec: ExplanationSpec) -> float:
    """Return about how long the job takes on a plain processor core; raises as :func:`prepare`."""
    from aimass_core.explain.shapley import seconds_a_row

    each = seconds_a_row(evaluating.bundle(ws, runs.get(ws, spec.run).run_id), effort="batch")
    return 3.0 + each * count(ws, spec)


def count(ws: Workspace, spec: ExplanationSpec) -> int:
    """Return how many rows the job would explain."""
    run = runs.get(ws, spec.run)
    if spec.part == "all":
        found = datasets.get(ws, run.version_id).rows
    else:
        found = int((evaluating.scores(ws, run.run_id)["part"] == spec.part).sum())
    return min(spec.rows, found)


def prepare(ws: Workspace, spec: dict[str, Any], folder: Path) -> None:
    """Write the rows, and where the model is, into the job's input folder.

    Raises
    ------
    NotFoundError
        When the run or its data set is gone.
    DataError
        When there are no such rows.
    SettingsError
        When a comparison with the cut-off lacks one.
    """
    asked = ExplanationSpec.model_validate(spec)
    run = runs.get(ws, asked.run)
    if asked.reference == "cutoff" and asked.cutoff is None:
        raise SettingsError(
            "a comparison with the cut-off needs a cut-off between 0 and 1",
            "none was given",
            "Set a policy for the model first, or compare with all applicants",
        )
    model = evaluating.bundle(ws, run.run_id)
    version = datasets.get(ws, run.version_id)
    ids = None
    if asked.part != "all":
        scored = evaluating.scores(ws, run.run_id)
        ids = sorted(scored.loc[scored["part"] == asked.part, ROW_ID].astype(int))[: asked.rows]
    if not count(ws, asked):
        raise DataError("there must be rows to explain", f"`{run.name}` has no {asked.part} rows")
    columns = [column.name for column in model.input_columns]
    exports.export_parquet(ws, version, folder / "input" / "rows.parquet", columns)
    content = {
        "spec": asked.model_copy(update={"run": run.run_id}).model_dump(mode="json"),
        "bundle": str(evaluating.bundle_path(ws, run.run_id).resolve()),
        "ids": ids,
    }
    (folder / "input" / "explanation.json").write_text(json.dumps(content), "utf-8")


def record(ws: Workspace, job: Job, folder: Path) -> dict[str, Any]:
    """Take the contributions over into the workspace; returns `explanation_id` and `run_id`."""
    known = explanations.by_job(ws, job.job_id)
    if known is not None:
        return {"explanation_id": known.explanation_id, "run_id": known.run_id}
    output = folder / "output"
    found = json.loads((output / "explanation.json").read_text("utf-8"))
    run = runs.get(ws, found["run"])
    with ws.writing() as cursor:
        explanation_id = explanations.add(
            cursor,
            job_id=job.job_id,
            run_id=run.run_id,
            part=found["part"],
            base=found["base"],
            reference=found["reference"],
            facts=found["facts"],
            seconds=found["seconds"],
            rows=output / "rows.parquet",
            contributions=output / "contributions.parquet",
            actor=job.created_by,
        )
        detail = {
            "run": run.name,
            "part": found["part"],
            "rows": found["rows"],
            "explanation": explanation_id,
        }
        audit.record(cursor, "run.explain", run.run_id, detail, actor=job.created_by)
    return {"explanation_id": explanation_id, "run_id": run.run_id}


HANDLER: Handler[Workspace] = Handler(
    prepare=prepare, compute="aimass_core.workflows.explain_rows:compute", record=record
)
"""The three parts of the job; its spec is an :class:`ExplanationSpec` as JSON."""


def of_run(ws: Workspace, run_ref: str) -> list[Stored]:
    """Return the explanations of many rows that a run has, newest first.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    return explanations.of_run(ws, runs.get(ws, run_ref).run_id)
