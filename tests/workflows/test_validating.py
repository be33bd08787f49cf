"""Validating a run by training it again, through a worker, and reading the result back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.jobs.job import Job
from aimass_core.jobs.progress import Progress
from aimass_core.jobs.runner import run_now
from aimass_core.schema import Column
from aimass_core.workflows import validating, validation_fits
from aimass_core.workflows.validation_spec import ValidationSpec
from aimass_core.workspace import audit, datasets, runs
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.joblog import JobLog
from tests.made import add_dataset, train_now

ROWS = 900
LOANS = (
    Column(name="income", kind="number"),
    Column(name="noise_1", kind="number"),
    Column(name="noise_2", kind="number"),
    Column(name="town", kind="category"),
    Column(name="branch", kind="category", role="group"),
    Column(name="day", kind="date", role="time"),
    Column(name="y", kind="integer", role="target"),
)


def rows() -> pd.DataFrame:
    """Income alone tells who repays; two columns of noise tell nothing."""
    random = np.random.default_rng(3)
    income = random.normal(size=ROWS)
    return pd.DataFrame(
        {
            "income": income,
            "noise_1": random.normal(size=ROWS),
            "noise_2": random.normal(size=ROWS),
            "town": random.choice(["Ulm", "Rom"], ROWS),
            "branch": random.choice(["north", "south", "west"], ROWS),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(ROWS), unit="D"),
            "y": (random.random(ROWS) < 1 / (1 + np.exp(1 + 2 * income))).astype(np.int64),
        }
    )


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path_factory.mktemp("made") / "home", threads=1)
    add_dataset(workspace, rows(), columns=LOANS)
    train_now(workspace, "scorecard", name="points", bootstrap=0)
    yield workspace
    workspace.close()


def validate(ws: Workspace, *, run: str = "points", **settings: Any) -> Job:
    """Validate in this process, by the three parts of the real job."""
    spec = validating.plan(ws, ValidationSpec(run=run, **settings)).spec.model_dump(mode="json")
    store = JobLog(ws)
    job = store.add(kind=validating.KIND, title="validation", spec=spec, actor="ann")
    folder = ws.jobs / job.job_id
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True)
    validating.prepare(ws, spec, folder)
    validation_fits.compute(folder, lambda progress: None)
    result = validating.record(ws, job, folder)
    store.change(job.job_id, "done", {"result": result})
    return store.get(job.job_id)


def validate_in_a_worker(ws: Workspace, messages: list[Progress], **settings: Any) -> Job:
    spec = validating.plan(ws, ValidationSpec(run="points", **settings)).spec
    return run_now(
        ws,
        validating.HANDLER,
        kind=validating.KIND,
        title=validating.title(ws, spec),
        spec=spec.model_dump(mode="json"),
        store=JobLog(ws),
        actor="ann",
        on_progress=messages.append,
        threads=1,
    )


def test_folds_are_kept_and_read_back(ws: Workspace) -> None:
    messages: list[Progress] = []
    job = validate_in_a_worker(ws, messages, method="folds", folds=3, repeats=2)

    found = validating.latest(ws, "points", "folds")
    assert found is not None
    assert found.validation_id == job.result["validation_id"]
    assert found.run_id == runs.get(ws, "points").run_id
    result = found.validation
    assert [fold.label for fold in result.folds][:4] == [
        "Fold 1, round 1",
        "Fold 2, round 1",
        "Fold 3, round 1",
        "Fold 1, round 2",
    ]
    assert sum(fold.rows for fold in result.folds) == 2 * ROWS
    assert sum(fold.bads for fold in result.folds[:3]) == int(rows()["y"].sum())
    mean = np.mean([fold.measures["auc"] for fold in result.folds])
    assert result.summary["auc"].mean == pytest.approx(mean)
    assert 0.75 < result.summary["auc"].low < mean < result.summary["auc"].high
    assert messages[-1].step == messages[-1].steps == 600
    assert messages[-1].detail is not None
    assert len(messages[-1].detail["fits"]) == 6
    steps = [message.step for message in messages]
    assert steps == sorted(steps)
    assert audit.events(ws, subject=found.run_id)[0].action == "run.validate"


def test_out_of_time_never_learns_from_the_future(ws: Workspace) -> None:
    validate(ws, method="time", folds=3)

    found = validating.latest(ws, "points", "time")
    assert found is not None
    folds = found.validation.folds
    assert [fold.label[:10] for fold in folds] == ["2020-08-13", "2021-03-26", "2021-11-06"]
    assert [fold.rows for fold in folds] == [225, 225, 225]
    # a fifth of what lies before is kept to stop by
    assert [fold.train_rows for fold in folds] == [180, 360, 540]
    assert np.isnan(found.validation.summary["auc"].low)


def test_out_of_group_leaves_each_group_out_once(ws: Workspace) -> None:
    validate(ws, method="group", folds=5)

    found = validating.latest(ws, "points", "group")
    assert found is not None
    counts = rows()["branch"].value_counts()
    assert {fold.label: fold.rows for fold in found.validation.folds} == counts.to_dict()


def test_learning_curve_has_a_point_a_share_and_an_answer(ws: Workspace) -> None:
    validate(ws, method="learning-curve", seeds=2, shares=(0.25, 0.5, 1.0))

    found = validating.latest(ws, "points", "learning-curve")
    assert found is not None
    curve = found.validation.curve
    assert curve is not None
    train = int(runs.get(ws, "points").metrics["train.rows"])
    assert [point.rows for point in curve.points] == pytest.approx([train / 4, train / 2, train], abs=2)
    assert all(point.fits == 2 for point in curve.points)
    assert curve.points[-1].mean == pytest.approx(runs.get(ws, "points").metrics["test.auc"])
    assert curve.text


def test_group_of_noise_has_no_gain_and_the_one_that_tells_has(ws: Workspace) -> None:
    job = validate(ws, method="feature-groups", seeds=1)

    found = validating.latest(ws, "points", "feature-groups")
    assert found is not None
    assert found.job_id == job.job_id
    gains = {group.name: group for group in found.validation.groups}
    assert gains["noise"].features == ("noise_1", "noise_2")
    assert abs(gains["noise"].gain) < 0.02
    assert gains["noise"].verdict != "helps"
    assert gains["income"].gain > 0.2
    assert gains["income"].verdict == "helps"
    assert found.validation.groups[0].name == "income"
    assert found.validation.full_auc == pytest.approx(runs.get(ws, "points").metrics["test.auc"])


def test_feature_that_settings_speak_of_can_be_left_out(ws: Workspace) -> None:
    config = {"trees": 25, "min_child": 5, "monotone": {"income": "down", "noise_1": "up"}}
    train_now(ws, "boosting", name="rising", config=config, bootstrap=0)

    validate(ws, run="rising", method="feature-groups", seeds=1, groups={"money": ("income",)})

    found = validating.latest(ws, "rising", "feature-groups")
    assert found is not None
    [group] = found.validation.groups
    assert group.gain > 0.2
    assert found.validation.full_auc == pytest.approx(runs.get(ws, "rising").metrics["test.auc"])


def test_results_are_newest_first_and_of_one_run(ws: Workspace) -> None:
    known = [result.validation_id for result in validating.results(ws, "points", "folds")]
    newest = validate(ws, method="folds", folds=2).result["validation_id"]

    assert [result.validation_id for result in validating.results(ws, "points", "folds")] == [newest, *known]
    assert validating.results(ws, "points")[0].validation_id == newest


def test_recording_twice_keeps_one_result(ws: Workspace) -> None:
    store = JobLog(ws)
    job = store.get(validating.results(ws, "points")[0].job_id)
    before = len(validating.results(ws, "points"))

    again = validating.record(ws, job, ws.jobs / job.job_id)

    assert again == job.result
    assert len(validating.results(ws, "points")) == before


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"groups": {"a": ("nothing",)}, "method": "feature-groups"}, DataError, "nothing"),
        ({"groups": {"a": ()}, "method": "feature-groups"}, SettingsError, "empty"),
        ({"method": "time", "time_column": "town"}, SettingsError, "date or a number"),
        ({"method": "group", "group_column": "gone"}, DataError, "gone"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_starts(
    ws: Workspace, settings: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        validating.plan(ws, ValidationSpec(run="points", **settings))


def test_recipe_of_the_run_counts_and_not_the_one_attached_since(ws: Workspace, tmp_path: Path) -> None:
    run = runs.get(ws, "points")
    step = {"kind": "missing", "columns": ["income"], "method": "median"}
    datasets.set_recipe(ws, run.version_id, {"repairs": [], "steps": [step]}, actor="bob")
    spec = validating.plan(ws, ValidationSpec(run="points")).spec
    (tmp_path / "input").mkdir()

    validating.prepare(ws, spec.model_dump(mode="json"), tmp_path)

    asked = json.loads((tmp_path / "input" / "training.json").read_text("utf-8"))
    assert asked["steps"] == []
    assert asked["spec"]["features"] == list(run.spec["features"])


def test_unknown_run(ws: Workspace) -> None:
    with pytest.raises(NotFoundError, match="run `nothing`"):
        validating.plan(ws, ValidationSpec(run="nothing"))
