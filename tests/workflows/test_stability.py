"""Whether reasons come back over refits: the job's three parts, what is kept, and single cases."""

from __future__ import annotations

import _thread
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from aimass_core.errors import DataError, Fault, NotFoundError, SettingsError
from aimass_core.jobs.job import Job
from aimass_core.jobs.progress import Progress
from aimass_core.jobs.runner import run_now
from aimass_core.schema import Column
from aimass_core.workflows import case, evaluating, stability, stability_case, stability_fits
from aimass_core.workflows.stability import StabilitySpec
from aimass_core.workspace import audit, joblog, runs, stabilities
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.joblog import JobLog
from tests.made import add_dataset, train_here
from tests.small_models import applicants, small

ROWS = 700
SIGNAL = tuple(Column(name=name, kind="number") for name in ("strong", "weak", "noise"))
NOISE = tuple(Column(name=f"n{number}", kind="number") for number in range(8))
TARGET = Column(name="y", kind="integer", role="target")


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows in which one column decides almost alone, and rows in which none tells anything."""
    random = np.random.default_rng(5)
    strong, weak = random.normal(size=(2, ROWS))
    odds = 3 * strong + 0.6 * weak
    told = pd.DataFrame({"strong": strong, "weak": weak, "noise": random.normal(size=ROWS)})
    told["y"] = (random.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    blind = pd.DataFrame({column.name: random.normal(size=ROWS) for column in NOISE})
    blind["y"] = random.integers(0, 2, ROWS)
    return told, blind


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path_factory.mktemp("made") / "home", threads=1)
    told, blind = frames()
    add_dataset(workspace, told, name="told", columns=(*SIGNAL, TARGET))
    add_dataset(workspace, blind, name="blind", columns=(*NOISE, TARGET))
    train_here(workspace, "boosting", dataset="told", name="told", bootstrap=0)
    train_here(workspace, "boosting", dataset="blind", name="blind", bootstrap=0)
    train_here(workspace, "scorecard", dataset="told", name="points", bootstrap=0, calibration="platt")
    yield workspace
    workspace.close()


def measured(ws: Workspace, told: list[Progress] | None = None, **fields: Any) -> Job:
    """Measure in this process, by the three parts of the real job."""
    spec = StabilitySpec(**fields).model_dump(mode="json")
    store = JobLog(ws)
    job = store.add(kind=stability.KIND, title="stability", spec=spec, actor="ann")
    folder = ws.jobs / job.job_id
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True)
    stability.prepare(ws, spec, folder)
    stability_fits.compute(folder, (told if told is not None else []).append)
    result = stability.record(ws, job, folder)
    store.change(job.job_id, "done", {"result": result})
    return store.get(job.job_id)


def test_one_strong_signal_comes_back_and_noise_does_not(ws: Workspace) -> None:
    messages: list[Progress] = []
    job = measured(ws, messages, run="told", refits=8)
    measured(ws, run="blind", refits=8)

    told, blind = stability.latest(ws, "told"), stability.latest(ws, "blind")
    assert told is not None
    assert blind is not None
    assert told.stability_id == job.result["stability_id"]
    # half of the rows have `strong` for their top reason; those that it speaks for have weak ones that change
    assert told.model.top > 0.65
    assert blind.model.top < 0.5
    assert told.model.verdict == "mostly stable"
    assert blind.model.verdict == "unstable"
    assert told.model.kept > blind.model.kept
    assert told.model.refits == 8
    assert told.model.rows == min(stability.TEST_ROWS, round(0.3 * ROWS))
    assert sum(told.model.verdicts.values()) == told.model.rows
    steps = [message.step for message in messages]
    assert steps == sorted(steps)
    assert messages[-1].step == messages[-1].steps
    assert audit.events(ws, subject=told.run_id)[0].action == "run.stability"


def test_row_that_the_strong_signal_speaks_against_has_it_in_every_refit(ws: Workspace) -> None:
    found = stability.get(ws, measured(ws, run="told", refits=6).result["stability_id"])
    told, _ = frames()
    row_id = int(told["strong"].idxmax()) + 1

    one = stability_case.of_case(ws, found, case.of_row(ws, "told", row_id))

    assert (one.row.refits, one.row.top) == (6, 6)
    first = one.row.reasons[0]
    assert (first.feature, first.rank, first.principal, first.sign) == ("strong", 1, 6, 6)
    assert first.low <= first.high
    assert 0 < one.row.low <= one.row.high < 1
    assert one.note == ""
    for reference in ("applicants", "cutoff"):
        asked = replace(case.of_row(ws, "told", row_id, reference=reference), high=0.4)  # type: ignore[arg-type]
        assert stability_case.of_case(ws, found, asked).row.top == 6


def test_refits_that_are_the_model_itself_agree_in_all(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = evaluating.bundle(ws, "points")
    monkeypatch.setattr(stability_fits, "_refit", lambda *given: bundle.estimator)

    found = stability.get(ws, measured(ws, run="points", refits=20).result["stability_id"])

    assert (found.model.top, found.model.same_set, found.model.kept) == (1, 1, 1)
    assert found.model.spread == pytest.approx(0, abs=1e-12)
    one = stability_case.of_case(ws, found, case.of_row(ws, "points", 3)).row
    assert (one.refits, one.top, one.same_set) == (20, 20, 20)
    assert one.low == pytest.approx(one.probability)
    assert one.high == pytest.approx(one.probability)


@pytest.mark.parametrize("family", ["auto", "autoencoder", "stacking"])
def test_family_is_fitted_again_with_what_it_settled_on(workspace: Workspace, family: str) -> None:
    add_dataset(workspace, applicants(300))
    train_here(workspace, family, name="one", bootstrap=0)

    found = stability.get(workspace, measured(workspace, run="one", refits=5).result["stability_id"])

    one = stability_case.of_case(workspace, found, case.of_row(workspace, "one", 7)).row
    assert one.refits == 5
    assert 0 < one.low < one.high < 1
    assert found.model.rows >= 20


def test_saved_refits_score_as_they_did(ws: Workspace) -> None:
    found = stability.get(ws, measured(ws, run="points", refits=5).result["stability_id"])

    kept = stability_case.refits(found.folder)

    X = evaluating.bundle(ws, "points").reference
    scores = np.array([estimator.log_odds(X) for estimator in kept])
    assert len(kept) == 5
    assert (np.ptp(scores, axis=0) > 0).any()
    assert found.folder.parent == stabilities.home(ws)
    assert not (ws.jobs / found.job_id / "output" / "refits").exists()
    assert not list(found.folder.rglob("*.pkl"))


def test_edited_refit_is_refused(ws: Workspace) -> None:
    found = stability.get(ws, measured(ws, run="points", refits=5).result["stability_id"])
    path = found.folder / "refit-03" / "estimator.json"
    path.write_text(path.read_text("utf-8") + " ", "utf-8")

    with pytest.raises(DataError, match=r"refit-03/estimator\.json"):
        stability_case.of_case(ws, found, case.of_row(ws, "points", 1))


def test_recording_twice_keeps_one(ws: Workspace) -> None:
    job = measured(ws, run="points", refits=5)
    before = len(stabilities.of_run(ws, runs.get(ws, "points").run_id))

    assert stability.record(ws, job, ws.jobs / job.job_id) == job.result
    assert len(stabilities.of_run(ws, runs.get(ws, "points").run_id)) == before


def test_interrupted_record_is_made_again(ws: Workspace) -> None:
    spec = StabilitySpec(run="points", refits=5).model_dump(mode="json")
    job = JobLog(ws).add(kind=stability.KIND, title="stability", spec=spec, actor="ann")
    folder = ws.jobs / job.job_id
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True)
    stability.prepare(ws, spec, folder)
    stability_fits.compute(folder, lambda progress: None)
    shutil.move(folder / "output" / "refits", stabilities.home(ws) / job.job_id)

    found = stability.get(ws, stability.record(ws, job, folder)["stability_id"])

    assert len(stability_case.refits(found.folder)) == 5


@pytest.mark.usefixtures("interruptible")
def test_cancelled_in_a_worker_leaves_nothing(ws: Workspace) -> None:
    known = len(stabilities.of_run(ws, runs.get(ws, "told").run_id))
    folders = set(stabilities.home(ws).glob("*"))
    spec = StabilitySpec(run="told", refits=50)

    with pytest.raises(KeyboardInterrupt):
        run_now(
            ws,
            stability.HANDLER,
            kind=stability.KIND,
            title=stability.title(ws, spec),
            spec=spec.model_dump(mode="json"),
            store=JobLog(ws),
            actor="ann",
            on_progress=lambda message: _thread.interrupt_main(),
            threads=1,
        )

    job = joblog.jobs(ws, kind=stability.KIND)[0]
    assert job.state == "cancelled"
    assert len(stabilities.of_run(ws, runs.get(ws, "told").run_id)) == known
    assert set(stabilities.home(ws).glob("*")) == folders


def test_sample_keeps_classes_and_whole_groups() -> None:
    y = np.array([0] * 90 + [1] * 10)
    plain = stability_fits.sample(y, None, seed=(0, 1))
    assert len(plain) == 100
    assert int(y[plain].sum()) == 10
    assert list(plain) == sorted(plain)
    assert list(plain) == list(stability_fits.sample(y, None, seed=(0, 1)))
    assert list(plain) != list(stability_fits.sample(y, None, seed=(0, 2)))

    groups = np.repeat(np.arange(20), 5)
    whole = stability_fits.sample(y, groups, seed=(0, 1))
    counts = np.bincount(whole, minlength=100).reshape(20, 5)
    assert (counts == counts[:, :1]).all()
    assert 0 < y[whole].sum() < len(whole)


def test_slow_family_is_compared_with_fewer_refits(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = small("scorecard")
    assert stability_fits.refits_explained(bundle, 50) == 50
    monkeypatch.setattr(stability_fits, "seconds_a_row", lambda bundle: 0.1)
    assert stability_fits.refits_explained(bundle, 50) == 10
    monkeypatch.setattr(stability_fits, "seconds_a_row", lambda bundle: 9.0)
    assert stability_fits.refits_explained(bundle, 50) == stability.FEWEST


def test_fewer_refits_are_said(ws: Workspace) -> None:
    found = stability.get(ws, measured(ws, run="points", refits=6).result["stability_id"])

    one = stability_case.of_case(ws, replace(found, refits_explained=5), case.of_row(ws, "points", 1))

    assert one.row.refits == 5
    assert one.note.startswith("5 of the 6 refits")


def test_plan_foretells_and_refuses(ws: Workspace, tmp_path: Path) -> None:
    few, many = (stability.plan(ws, StabilitySpec(run="told", refits=n)) for n in (5, 50))
    assert many.seconds > few.seconds > 0
    with pytest.raises(NotFoundError):
        stability.plan(ws, StabilitySpec(run="nothing"))
    with pytest.raises(ValidationError):
        StabilitySpec(run="told", refits=4)
    with pytest.raises(NotFoundError):
        stability.get(ws, "nothing")
    assert json.loads(few.spec.model_dump_json())["run"] == runs.get(ws, "told").run_id
    found = stability.get(ws, measured(ws, run="points", refits=5).result["stability_id"])
    with pytest.raises(Fault):
        stability_case.of_case(ws, found, case.of_row(ws, "told", 1))


def test_run_without_a_target_is_refused(ws: Workspace) -> None:
    train_here(ws, "isolation", dataset="told", name="alone", bootstrap=0, unlabelled=True)

    with pytest.raises(SettingsError, match="with a target"):
        stability.plan(ws, StabilitySpec(run="alone"))
