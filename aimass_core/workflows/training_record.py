"""Taking a trained model over from its job's folder into the workspace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from aimass_core.errors import DataError
from aimass_core.jobs.job import Job
from aimass_core.workspace import audit, runs
from aimass_core.workspace.connection import Workspace


def record(ws: Workspace, job: Job, folder: Path) -> dict[str, Any]:
    """Take the trained model over into the workspace and add its run; returns `run_id` and `name`."""
    known = runs.by_job(ws, job.job_id)
    if known is not None:
        return {"run_id": known.run_id, "name": known.name}
    output = folder / "output"
    result = json.loads((output / "result.json").read_text("utf-8"))
    report = json.loads((output / "report.json").read_text("utf-8"))
    final = ws.bundles / job.job_id
    if (output / "bundle").exists():
        # An earlier attempt may have been stopped halfway; what it left has no run.
        shutil.rmtree(final, ignore_errors=True)
        shutil.move(output / "bundle", final)
    if not final.exists():
        raise DataError("the trained model must be in the job's folder", "it is gone", "Train it again")
    spec = {**result["spec"], "name": unused_name(ws, result["spec"]["name"])}
    metrics = {key: float("nan") if value is None else value for key, value in result["metrics"].items()}
    with ws.writing() as cursor:
        run_id = runs.add(
            cursor,
            job_id=job.job_id,
            version_id=result["version_id"],
            name=spec["name"],
            family=spec["family"],
            spec=spec,
            metrics=metrics,
            report=report,
            bundle=final.name,
            seconds=result["seconds"],
            actor=job.created_by,
        )
        detail = {
            "run": spec["name"],
            "dataset": spec["dataset"],
            "family": spec["family"],
            "positive": spec["positive"],
            "protected": result["protected"],
            "notes": result["notes"],
        }
        audit.record(cursor, "run.train", run_id, detail, actor=job.created_by)
        if result["protected"]:
            audit.record(
                cursor,
                "run.protected",
                run_id,
                {
                    "run": spec["name"],
                    "columns": result["protected"],
                    "allowed": "by the analyst, in the settings",
                },
                actor=job.created_by,
            )
    return {"run_id": run_id, "name": spec["name"]}


def unused_name(ws: Workspace, name: str) -> str:
    """Return the name, with a number behind it when another run has it."""
    taken = runs.names(ws)
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} {number}"
    return found
