"""Data sets made from frames, for tests of workflows that start from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from aimass_core.jobs.progress import Progress
from aimass_core.jobs.runner import run_now
from aimass_core.schema import ROW_ID, Column, Role, Schema
from aimass_core.workflows import fitting, training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace import datasets, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from aimass_core.workspace.joblog import JobLog
from tests.small_models import COLUMNS, QUICK


def add_dataset(
    ws: Workspace,
    frame: pd.DataFrame,
    *,
    name: str = "loans",
    columns: Sequence[Column] = (*COLUMNS, Column(name="y", kind="integer", role="target")),
    roles: Mapping[str, Role] | None = None,
    repairs: Sequence[Mapping[str, Any]] = (),
) -> Version:
    """Store a frame as the next version of a data set."""
    table = datasets.new_table()
    schema = Schema(columns=tuple(columns)).with_roles(roles or {})
    rows = frame[[column.name for column in columns]].copy()
    rows.insert(0, ROW_ID, range(1, len(rows) + 1))
    with ws.writing() as cursor:
        cursor.register("made", rows)
        cursor.execute(f"CREATE TABLE {table} AS SELECT * FROM made")
        cursor.unregister("made")
        version_id = datasets.add_version(
            cursor,
            dataset=name,
            table=table,
            schema=schema,
            rows=len(rows),
            parent=None,
            repairs=repairs,
            source_name=f"{name}.csv",
            source_sha256="0" * 64,
            source_bytes=1,
            actor="ann",
        )
    return datasets.get(ws, version_id)


def asked(family: str, **settings: Any) -> TrainingSpec:
    """Return what to train on the data set `loans`, with settings that are quick."""
    quick = {"dataset": "loans", "family": family, "config": QUICK[family], "bootstrap": 20, "device": "cpu"}
    return TrainingSpec.model_validate(quick | settings)


def train_now(
    ws: Workspace, family: str = "scorecard", *, messages: list[Progress] | None = None, **settings: Any
) -> runs.Run:
    """Train on the data set `loans` in a worker process and return the run."""
    spec = training.check(ws, asked(family, **settings))
    job = run_now(
        ws,
        training.HANDLER,
        kind=training.KIND,
        title=training.title(spec),
        spec=spec.model_dump(mode="json"),
        store=JobLog(ws),
        actor="ann",
        on_progress=None if messages is None else messages.append,
        threads=1,
    )
    return runs.get(ws, job.result["run_id"])


def train_here(
    ws: Workspace, family: str = "scorecard", *, messages: list[Progress] | None = None, **settings: Any
) -> runs.Run:
    """Train as :func:`train_now`, by the same three parts, in this process: no start of a worker."""
    spec = asked(family, **settings).model_dump(mode="json")
    job = JobLog(ws).add(kind=training.KIND, title="train", spec=spec, actor="ann")
    folder = ws.jobs / job.job_id
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True)
    training.prepare(ws, spec, folder)
    fitting.compute(folder, [].append if messages is None else messages.append)
    return runs.get(ws, training.record(ws, job, folder)["run_id"])
