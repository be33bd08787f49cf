"""A run's record trains it again to the same scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimass_core.bundle import Bundle
from aimass_core.errors import DataError, NotFoundError
from aimass_core.jobs.job import Job
from aimass_core.workflows import evaluating, fitting, rerun, training
from aimass_core.workspace import audit, runs
from aimass_core.workspace.connection import Workspace, now, open_workspace
from tests.made import add_dataset, train_here
from tests.small_models import applicants

AUTO = {"budget_seconds": 300, "families": ["scorecard", "boosting"], "folds": 2, "tries": 1}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home", threads=1)
    yield workspace
    workspace.close()


def again_here(ws: Workspace, run_id: str, **spec: Any) -> rerun.Rerun:
    """Do the three parts of the job in this process."""
    asked = {"run": run_id, "keep": False, **spec}
    job = Job(f"again-{len(runs.runs(ws))}", rerun.KIND, "again", asked, "running", now(), "ann", now(), {})
    folder = ws.jobs / job.job_id
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True)
    rerun.prepare(ws, asked, folder)
    fitting.compute(folder, lambda message: None)
    return rerun.Rerun.from_json(rerun.record(ws, job, folder))


def test_a_worker_trains_the_same_model_again(ws: Workspace) -> None:
    add_dataset(ws, applicants(400))
    run = train_here(ws, "boosting", config={"trees": 20}, calibration="platt")

    found = rerun.rerun(ws, run.run_id, actor="ben", threads=1)

    assert found.agrees
    assert found.difference == 0.0
    assert found.rows == len(evaluating.scores(ws, run.run_id))
    assert found.versions == ()
    assert (found.device, found.device_now) == ("cpu", "cpu")
    assert found.kept is None
    assert len(runs.runs(ws)) == 1
    assert next((event.action, event.actor) for event in audit.events(ws, subject=run.run_id)) == (
        "run.again",
        "ben",
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"family": "auto", "config": AUTO, "calibration": "isotonic"},
        {"search": {"budget_seconds": 60, "trials": 3, "folds": 2}},
        {"split": {"method": "time", "time_column": "since"}, "family": "auto", "config": AUTO},
        {"family": "dann", "config": {"width": 8, "depth": 1, "epochs": 2}, "seed": 5},
    ],
    ids=["auto", "search", "time", "network"],
)
def test_what_was_settled_on_the_way_is_on_the_record(ws: Workspace, settings: dict[str, Any]) -> None:
    add_dataset(ws, applicants(400))
    run = train_here(ws, **({"config": {}} | settings))

    found = again_here(ws, run.run_id)

    assert found.agrees, found
    assert found.difference <= 1e-9


def test_second_training_can_be_kept(ws: Workspace) -> None:
    add_dataset(ws, applicants(300))
    run = train_here(ws)

    found = again_here(ws, run.run_id, keep=True)

    assert found.kept == f"{run.name} 2"
    np.testing.assert_array_equal(
        evaluating.scores(ws, f"{run.name} 2")["log_odds"], evaluating.scores(ws, run.run_id)["log_odds"]
    )


def test_other_data_under_the_same_record_is_noticed(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    add_dataset(ws, applicants(300))
    run = train_here(ws)
    other = rerun.spec_of(ws, run.run_id).model_copy(update={"features": ("income", "town")})
    monkeypatch.setattr(rerun, "spec_of", lambda *_, **__: other)

    found = again_here(ws, run.run_id)

    assert not found.agrees
    assert found.difference > rerun.TOLERANCE


def test_rows_scored_only_once_are_a_difference(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    add_dataset(ws, applicants(300))
    run = train_here(ws)
    spec = rerun.spec_of(ws, run.run_id)
    fewer = spec.model_copy(update={"split": spec.split.model_copy(update={"test_share": 0.4})})
    monkeypatch.setattr(rerun, "spec_of", lambda *_, **__: fewer)

    found = again_here(ws, run.run_id)

    assert not found.agrees
    assert found.difference == float("inf")
    assert found.to_json()["difference"] is None


def test_libraries_that_changed_are_named(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    add_dataset(ws, applicants(300))
    run = train_here(ws)
    bundle = evaluating.bundle(ws, run.run_id)
    older = {**bundle.manifest.versions, "numpy": "1.0", "gone": "3.1"}
    manifest = bundle.manifest.model_copy(update={"versions": older})
    scores = evaluating.scores(ws, run.run_id)
    monkeypatch.setattr(evaluating, "bundle", lambda *_: replace(bundle, manifest=manifest))
    monkeypatch.setattr(evaluating, "scores", lambda *_: scores)

    found = again_here(ws, run.run_id)

    changed = {item.name: (item.then, item.now) for item in found.versions}
    assert changed["gone"] == ("3.1", None)
    assert changed["numpy"][0] == "1.0"
    assert found.agrees


def test_search_is_not_made_again(ws: Workspace) -> None:
    add_dataset(ws, applicants(300))
    run = train_here(ws, search={"budget_seconds": 60, "trials": 3, "folds": 2})

    spec = rerun.spec_of(ws, run.run_id)

    assert spec.search is None
    best = evaluating.extra(ws, run.run_id, "search")
    assert best is not None
    assert spec.config == best["config"]
    assert training.check(ws, spec).config == spec.config


def test_run_that_is_not_there_is_refused(ws: Workspace) -> None:
    with pytest.raises(NotFoundError):
        rerun.rerun(ws, "nothing", actor="ann")


def test_bundle_that_was_edited_is_refused(ws: Workspace) -> None:
    add_dataset(ws, applicants(300))
    run = train_here(ws)
    path = evaluating.bundle_path(ws, run.run_id)
    assert Bundle.load(path).manifest.family == "scorecard"
    (path / "model" / "estimator.json").write_text("{}")

    with pytest.raises(DataError):
        rerun.prepare(ws, {"run": run.run_id}, path)
