"""Evaluate shows what calibration, search and the automatic choice did, where they did something."""

from __future__ import annotations

from typing import Any

from aimass_core.jobs.runner import run_now
from aimass_core.workflows import evaluating, training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.joblog import JobLog
from tests.pages.conftest import OpenPage, shown


def train(ws: Workspace, **settings: Any) -> runs.Run:
    spec = TrainingSpec.model_validate(
        {"dataset": "loans", "target": "bad", "bootstrap": 0, "device": "cpu", "family": "scorecard"}
        | settings
    )
    job = run_now(
        ws,
        training.HANDLER,
        kind=training.KIND,
        title="train",
        spec=spec.model_dump(mode="json"),
        store=JobLog(ws),
        actor="ana",
        threads=1,
    )
    return runs.get(ws, job.result["run_id"])


def test_run_without_calibration_shows_none(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("evaluate", run="loans boosting")

    assert not page.exception
    assert "Calibration" not in [item.value for item in page.subheader]
    assert not [item for item in page.expander if item.label.startswith("What was tried")]


def test_calibration_is_shown_before_and_after(trained: Workspace, open_page: OpenPage) -> None:
    search = {"budget_seconds": 300, "trials": 3, "folds": 2}
    run = train(trained, calibration="platt", search=search)
    found = evaluating.extra(trained, run.run_id, "calibration")
    assert found is not None

    page = open_page("evaluate", run=run.name)

    assert not page.exception
    said = shown(page.markdown)
    assert "Platt's line" in said
    assert f"**{found['after']['log_loss']:.4f}** after" in said
    assert "What was tried before the settings were found" in [item.label for item in page.expander]
    assert "3 trials" in shown(page.caption)
