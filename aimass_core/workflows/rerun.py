"""Training a run again by its record, to prove that the record holds all that its scores come from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimass_core.jobs.job import Handler, Job
from aimass_core.schema import ROW_ID
from aimass_core.workflows import evaluating, training, training_record
from aimass_core.workspace import audit, datasets, runs
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.jobs.progress import Report

TOLERANCE = 1e-6
"""Largest difference of log-odds at which two trainings count as the same."""
KIND = "rerun"


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A library that is not as it was; None where it was or is absent."""

    name: str
    then: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Rerun:
    """What training again came to.

    Attributes
    ----------
    difference : largest difference of a row's log-odds; infinite when a row was scored only once.
    rows : validation and test rows compared.
    versions : libraries that differ from those of the first training.
    device, device_now : what it was trained on, and again.
    notes : what was said of the second training.
    seconds : how long it took. kept : name of the run it was kept as; None when it was not.
    """

    run: str
    agrees: bool
    difference: float
    rows: int
    versions: tuple[VersionChange, ...]
    device: str
    device_now: str
    notes: tuple[str, ...]
    seconds: float
    kept: str | None

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return asdict(self) | {"difference": self.difference if np.isfinite(self.difference) else None}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Rerun:
        """Read what :meth:`to_json` returned."""
        difference = content["difference"]
        return cls(
            **{
                **content,
                "difference": float("inf") if difference is None else float(difference),
                "versions": tuple(VersionChange(**item) for item in content["versions"]),
                "notes": tuple(content["notes"]),
            }
        )


def spec_of(ws: Workspace, run_ref: str, *, keep: bool = False) -> training.TrainingSpec:
    """Return what trains a run again: the settings it came to in the end, on the same version of the data.

    A search is not made again; what it found is among the settings.

    Parameters
    ----------
    keep : with all that a run of its own has; otherwise what only adds time is left out.
    """
    run = runs.get(ws, run_ref)
    version = datasets.get(ws, run.version_id)
    spec = training.TrainingSpec.model_validate(run.spec)
    bootstrap = spec.bootstrap if keep else 0
    return spec.model_copy(update={"dataset": version.version_id, "search": None, "bootstrap": bootstrap})


def rerun(
    ws: Workspace,
    run_ref: str,
    *,
    actor: str,
    keep: bool = False,
    threads: int | None = None,
    on_progress: Report | None = None,
) -> Rerun:
    """Train a run again in a worker process and compare the scores of its validation and test rows.

    Parameters
    ----------
    keep : keep the second training as a run of its own.

    Raises
    ------
    NotFoundError
        When the run, its data or its bundle is gone.
    SettingsError, DataError
        When it cannot be trained any more: a GPU that is gone, a column whose role was changed.
    """
    from aimass_core.jobs.runner import run_now
    from aimass_core.workspace.joblog import JobLog

    run = runs.get(ws, run_ref)
    job = run_now(
        ws,
        HANDLER,
        kind=KIND,
        title=title(run.name),
        spec={"run": run.run_id, "keep": keep},
        store=JobLog(ws),
        actor=actor,
        on_progress=on_progress,
        threads=threads,
    )
    return Rerun.from_json(job.result)


def title(run: str) -> str:
    """Return what the job is called in lists."""
    return f"Train {run} again"


def prepare(ws: Workspace, spec: dict[str, Any], folder: Path) -> None:
    """Write what the first training was given into the job's input folder."""
    run = runs.get(ws, spec["run"])
    evaluating.bundle(ws, run.run_id)  # without it there is nothing to compare with
    again = spec_of(ws, run.run_id, keep=bool(spec.get("keep")))
    training.prepare(ws, again.model_dump(mode="json"), folder)


def record(ws: Workspace, job: Job, folder: Path) -> dict[str, Any]:
    """Compare both trainings and return a :class:`Rerun` as JSON values."""
    import pandas as pd

    from aimass_core.bundle import versions

    run = runs.get(ws, job.spec["run"])
    manifest = evaluating.bundle(ws, run.run_id).manifest
    output = folder / "output"
    bundle = output / "bundle"
    if not bundle.exists():  # an earlier attempt to record it took it over
        bundle = ws.bundles / job.job_id
    again = json.loads((bundle / "manifest.json").read_text("utf-8"))
    result = json.loads((output / "result.json").read_text("utf-8"))
    gap = _gap(evaluating.scores(ws, run.run_id), pd.read_parquet(bundle / "test_scores.parquet"))
    kept = None
    if job.spec.get("keep"):
        kept = training_record.record(ws, job, folder)["name"]
    else:
        shutil.rmtree(bundle / "model", ignore_errors=True)  # what was compared stays, should this run again
    now = versions()
    found = Rerun(
        run=run.name,
        agrees=bool(len(gap)) and float(gap.max()) <= TOLERANCE,
        difference=float(gap.max()) if len(gap) else float("nan"),
        rows=len(gap),
        versions=tuple(
            VersionChange(name, manifest.versions.get(name), now.get(name))
            for name in sorted(manifest.versions.keys() | now.keys())
            if manifest.versions.get(name) != now.get(name)
        ),
        device=manifest.device,
        device_now=again["device"],
        notes=tuple(result["notes"]),
        seconds=result["seconds"],
        kept=kept,
    )
    audit.record(
        ws, "run.again", run.run_id, {"agrees": found.agrees, "rows": found.rows}, actor=job.created_by
    )
    return found.to_json()


HANDLER: Handler[Workspace] = Handler(
    prepare=prepare, compute="aimass_core.workflows.fitting:compute", record=record
)
"""The three parts of the job; its spec is ``{"run": id, "keep": bool}``, its result a :class:`Rerun`."""


def _gap(first: pd.DataFrame, again: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the difference of each row's log-odds, infinite where only one training scored it."""
    both = first.merge(again, on=[ROW_ID, "part"], how="outer", suffixes=("", "_again"))
    then, now = (both[name].to_numpy(dtype=np.float64) for name in ("log_odds", "log_odds_again"))
    gap = np.abs(then - now)
    return np.where(np.isnan(gap), np.inf, gap)
