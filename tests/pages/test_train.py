"""Train, as an analyst meets it: without data, with data, with data that cannot be learnt from."""

from __future__ import annotations

from pathlib import Path

from aimass_core.workflows import importing
from aimass_core.workspace import joblog, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.joblog import JobLog
from app import context
from tests.pages.conftest import OpenPage, shown


def test_without_data_it_says_what_to_do_next(open_page: OpenPage) -> None:
    page = open_page("train")

    assert not page.exception
    assert "no data set yet" in shown(page.markdown)


def test_shows_class_counts_and_an_estimate_of_each_family(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("train")

    assert not page.exception
    assert not page.error
    text = shown(page.markdown)
    assert "good:" in text
    assert "bad:" in text
    assert list(page.dataframe[0].value["Run"]) == ["loans scorecard", "loans boosting", "loans dann"]
    assert all(page.dataframe[0].value["Memory, about"].str.endswith("MB"))


def test_started_training_is_watched_and_leads_to_evaluate(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("train")
    (version,) = importing.datasets.versions(imported)
    page.button_group(key=f"train.{version.version_id}.families").set_value(["scorecard"]).run()

    page.button(key="train.start").click().run()

    assert not page.exception
    (job,) = joblog.jobs(imported)
    assert job.spec["allow_protected"] is False
    assert context.runner().wait(job.job_id, timeout=120).state == "done"
    page = open_page("train", job=job.job_id)
    assert runs.get(imported, "loans scorecard").created_by == "ana"
    assert list(page.dataframe[-1].value["State"]) == ["done"]
    assert page.selectbox(key="train.opened").value == job.job_id


def test_protected_columns_are_learnt_from_only_on_the_record(
    imported: Workspace, open_page: OpenPage
) -> None:
    (version,) = importing.datasets.versions(imported)
    page = open_page("train")

    page.toggle(key=f"train.{version.version_id}.protected").set_value(True).run()

    assert "ana allowed it" in shown(page.warning)
    assert "on the record" in shown(page.caption)


def test_target_with_one_class_is_refused_before_anything_starts(
    imported: Workspace, tmp_path: Path, open_page: OpenPage
) -> None:
    path = tmp_path / "good.csv"
    path.write_text("income,bad\n" + "".join(f"{i % 9}.5,0\n" for i in range(50)))
    version = importing.import_file(imported, path, name="onlygood", actor="ana")
    page = open_page("train", dataset="onlygood@1")

    page.selectbox(key=f"train.{version.version_id}.target").set_value("bad").run()

    assert "must have two classes" in shown(page.error)
    assert not [button for button in page.button if button.key == "train.start"]


def test_target_with_three_classes_asks_which_are_bad(
    imported: Workspace, tmp_path: Path, open_page: OpenPage
) -> None:
    path = tmp_path / "status.csv"
    path.write_text("income,status\n" + "".join(f"{i % 9}.5,{'abc'[i % 3]}\n" for i in range(90)))
    version = importing.import_file(imported, path, name="threeway", actor="ana")
    page = open_page("train", dataset="threeway@1")
    page.selectbox(key=f"train.{version.version_id}.target").set_value("status").run()
    assert "say which of them are the bad outcome" in shown(page.info)

    page.multiselect(key=f"train.{version.version_id}.positive.status").set_value(["b", "c"]).run()

    assert shown(page.error) == ""
    assert page.button(key="train.start").label == "Start 3 trainings"


def test_ended_badly_says_how_and_why_with_the_log(imported: Workspace, open_page: OpenPage) -> None:
    log = JobLog(imported)
    job = log.add(kind="training", title="loans dann", spec={"family": "dann"}, actor="ana")
    error = {
        "type": "JobError",
        "expected": "the worker must end by itself",
        "came": "it was killed",
        "todo": "",
    }
    log.change(job.job_id, "killed", {"error": error})
    folder = log.folder(job.job_id)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("epoch 3\nout of memory <b>\n")

    page = open_page("train", job=job.job_id)

    assert not page.exception
    assert "it was killed" in shown(page.error)
    assert "killed from outside" in shown(page.markdown)
    assert "out of memory <b>" in shown(page.code)


def test_all_values_bad_leaves_nothing_to_tell_apart(imported: Workspace, open_page: OpenPage) -> None:
    (version,) = importing.datasets.versions(imported)
    page = open_page("train")

    page.multiselect(key=f"train.{version.version_id}.positive.bad").set_value(["0", "1"]).run()

    assert "left as the good outcome" in shown(page.warning)
    assert not [button for button in page.button if button.key == "train.start"]
