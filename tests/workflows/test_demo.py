from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aimass_core.errors import DataError
from aimass_core.jobs.runner import Runner
from aimass_core.workflows import demo, health, training, wording
from aimass_core.workflows.demo import Demo, ensure_demo
from aimass_core.workspace import cases, datasets, joblog, registry, runs
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.joblog import JobLog

ROOT = Path(__file__).resolve().parents[2]
ROWS = 1_500


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the sample bank's files, cut to a size that trains in seconds."""
    folder = tmp_path_factory.mktemp("bank")
    for name in ("applications", "transactions", "customers", "purchases"):
        lines = (ROOT / "sample_data" / f"{name}.csv").read_text("utf-8").splitlines(keepends=True)
        rows = lines[1 : ROWS + 1] if name != "transactions" else lines[1 : 8 * ROWS + 1]
        (folder / f"{name}.csv").write_text("".join([lines[0], *rows]), "utf-8")
    return folder


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path_factory.mktemp("demo") / "home")
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def runner(ws: Workspace) -> Iterator[Runner[Workspace]]:
    made = Runner(ws, {training.KIND: training.HANDLER}, store=JobLog(ws))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def filled(ws: Workspace, runner: Runner[Workspace], files: Path) -> Demo:
    return ensure_demo(ws, runner, files=files, actor="ann", say=lambda _: None)


def test_every_reason_of_the_demo_can_be_told_to_the_customer(ws: Workspace, filled: Demo) -> None:
    for model in ("credit", "fraud"):
        overview = wording.of_run(ws, registry.get(ws, model).run_id)
        assert not [feature for feature, direction in overview.missing if direction == "raises"]
        found, _ = cases.find(ws, model=model, limit=60)
        told = [reason["customer"] for decision in found for reason in decision.reasons["principal"]]
        assert told
        assert all(told)


def test_the_demo_holds_data_models_policies_and_decisions(ws: Workspace, filled: Demo) -> None:
    assert {version.ref for version in datasets.datasets(ws)} == {
        "applications@2",
        "transactions@2",
        "customers@1",
        "purchases@1",
    }
    assert runs.names(ws) == {"credit scorecard", "credit boosting", "credit dann", "fraud boosting"}
    assert {model.name for model in registry.models(ws)} == {"credit", "fraud"}
    assert cases.policy(ws, "credit") is not None
    assert cases.counts(ws, model="fraud")
    assert filled.decisions == 120


def test_no_model_of_the_demo_uses_the_leak_or_what_is_protected(ws: Workspace, filled: Demo) -> None:
    for run in runs.runs(ws):
        assert not {"collection_calls", "sex", "age", "customer_id"} & set(run.spec["features"])


def test_the_demo_is_a_whole_workspace(ws: Workspace, filled: Demo) -> None:
    found = health.check(ws)

    assert found.problems == ()
    assert (found.datasets, found.versions, found.runs, found.models, found.active_jobs) == (4, 6, 4, 2, 0)


def test_a_second_call_does_nothing(
    ws: Workspace, runner: Runner[Workspace], files: Path, filled: Demo
) -> None:
    again = ensure_demo(ws, runner, files=files, actor="ann", say=lambda _: None)

    assert again.made == ()
    assert (again.datasets, again.runs, again.models, again.decisions) == (
        filled.datasets,
        filled.runs,
        filled.models,
        filled.decisions,
    )


def test_an_interrupted_call_goes_on_where_it_stopped(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_TRAININGS", demo._TRAININGS[:1])
    ws = open_workspace(tmp_path / "home")
    first = Runner(ws, {training.KIND: training.HANDLER}, store=JobLog(ws))
    first.start()

    def stop(text: str) -> None:
        if text.startswith("Training"):
            raise ConnectionError("the power is gone")

    with pytest.raises(ConnectionError):
        ensure_demo(ws, first, files=files, actor="ann", say=stop)
    first.stop()
    second = Runner(ws, {training.KIND: training.HANDLER}, store=JobLog(ws))
    second.start()
    found = ensure_demo(ws, second, files=files, actor="ann", say=lambda _: None)

    assert not any(text.startswith("Importing") for text in found.made)
    assert found.runs == ("credit scorecard",)
    assert len(joblog.jobs(ws)) == 1
    second.stop()
    ws.close()


def test_a_training_that_an_earlier_start_began_is_waited_for(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_TRAININGS", demo._TRAININGS[:1])
    ws = open_workspace(tmp_path / "home")
    asleep = Runner(ws, {training.KIND: training.HANDLER}, store=JobLog(ws))
    monkeypatch.setattr(demo, "_wait", _power_cut)
    with pytest.raises(ConnectionError):
        ensure_demo(ws, asleep, files=files, actor="ann", say=lambda _: None)
    monkeypatch.undo()
    monkeypatch.setattr(demo, "_TRAININGS", demo._TRAININGS[:1])

    runner = Runner(ws, {training.KIND: training.HANDLER}, store=JobLog(ws))
    runner.start()
    found = ensure_demo(ws, runner, files=files, actor="ann", say=lambda _: None)

    assert found.runs == ("credit scorecard",)
    assert len(joblog.jobs(ws)) == 1
    runner.stop()
    ws.close()


def test_a_sample_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ws = open_workspace(tmp_path / "home")
    runner = Runner(ws, {training.KIND: training.HANDLER}, store=JobLog(ws))

    with pytest.raises(DataError, match=r"customers\.csv"):
        ensure_demo(ws, runner, files=tmp_path, actor="ann", say=lambda _: None)
    ws.close()


def _power_cut(*_: object, **__: object) -> None:
    raise ConnectionError("the power is gone")


def test_models_are_told_beside_the_best_possible_auc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_TRAININGS", demo._TRAININGS[:1])
    ws = open_workspace(tmp_path / "home")
    runner = Runner(ws, {training.KIND: training.HANDLER}, store=JobLog(ws))
    runner.start()
    said: list[str] = []

    ensure_demo(ws, runner, files=ROOT / "sample_data", actor="ann", say=said.append)

    run = runs.get(ws, "credit scorecard")
    best = demo.best_possible_auc(ws, run, ROOT / "sample_data")
    assert best is not None
    assert 0.79 < best < 0.85
    assert run.metrics["test.auc"] < best + 0.02
    assert any(f"best possible on these rows is {best:.3f}" in text for text in said)
    runner.stop()
    ws.close()
