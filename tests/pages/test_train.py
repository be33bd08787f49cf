"""Train, as an analyst meets it: without data, with data, with data that cannot be learnt from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.jobs.runner import Runner
from aimass_core.models.catalog import FAMILIES
from aimass_core.workflows import importing
from aimass_core.workspace import joblog, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.joblog import JobLog
from app import context
from app.panels import train_live
from tests.pages.conftest import OpenPage, shown


@pytest.fixture
def leaking(home: Path, tmp_path: Path) -> Workspace:
    """The app's workspace with a data set of which a column is filled in when a loan has gone bad."""
    random = np.random.default_rng(2)
    bad = random.random(400) < 0.3
    path = tmp_path / "leak.csv"
    pd.DataFrame(
        {
            "income": random.normal(3_000, 500, 400).round(2),
            "fee <b>": np.where(bad, random.uniform(20, 60, 400), 0.0).round(2),
            "bad": bad.astype(int),
        }
    ).to_csv(path, index=False)
    ws = context.workspace()
    version = importing.import_file(ws, path, name="leak", actor="ana")
    importing.set_roles(
        ws, version, {"income": "feature", "fee <b>": "feature", "bad": "target"}, actor="ana"
    )
    return ws


def first(ws: Workspace) -> str:
    """Return what the keys of the set-up of the only data set begin with."""
    (version,) = importing.datasets.versions(ws)
    return f"train.{version.version_id}"


def by_hand(page: AppTest, ws: Workspace) -> AppTest:
    """Choose the models instead of the time."""
    return page.toggle(key=f"{first(ws)}.by_hand").set_value(True).run()


def without_target(page: AppTest, ws: Workspace) -> AppTest:
    """Say that there is no target."""
    by_hand(page, ws)
    return page.toggle(key=f"{first(ws)}.unlabelled").set_value(True).run()


def choose(page: AppTest, ws: Workspace, key: str) -> AppTest:
    """Choose one family and no other."""
    prefix = first(ws)
    for group in {family.group for family in FAMILIES.values()}:
        found = [item for item in page.button_group if item.key == f"{prefix}.families.{group}"]
        for item in found:
            item.set_value([key] if FAMILIES[key].group == group else [])
    return page.run()


def estimates(page: AppTest) -> pd.DataFrame:
    """Return the table of what is to be trained."""
    return next(frame.value for frame in page.dataframe if "Memory, about" in frame.value.columns)


def no_start(page: AppTest) -> bool:
    """Whether there is nothing to start a training with."""
    return not [button for button in page.button if button.key == "train.start"]


def taken(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Take the specifications that are submitted, so that nothing is trained."""
    submitted: list[dict[str, Any]] = []

    def submit(_: object, kind: str, title: str, spec: dict[str, Any], *, actor: str) -> None:
        submitted.append(spec)

    monkeypatch.setattr(Runner, "submit", submit)
    return submitted


def test_without_data_it_says_what_to_do_next(open_page: OpenPage) -> None:
    page = open_page("train")

    assert not page.exception
    assert "no data set yet" in shown(page.markdown)


def test_asks_for_data_target_and_time_and_no_more(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("train")

    assert not page.exception
    assert not page.error
    text = shown(page.markdown)
    assert "good:" in text
    assert "bad:" in text
    assert page.button(key="train.start").label == "Find the best model"
    assert "of memory" in shown(page.caption)
    assert not page.dataframe
    in_view = [item.label for item in page.main.children.values() if hasattr(item, "label")]
    assert in_view == ["How much time do you have?", "Choose the models yourself", "More settings"]


def test_the_time_given_is_the_budget_of_the_automatic_choice(
    imported: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = taken(monkeypatch)
    page = open_page("train")
    prefix = first(imported)

    page.button_group(key=f"{prefix}.minutes").set_value(10).run()
    page.button(key="train.start").click().run()

    assert not page.exception
    (spec,) = submitted
    assert (spec["family"], spec["config"]["budget_seconds"]) == ("auto", 600.0)
    assert (spec["target"], spec["positive"], spec["calibration"]) == ("bad", ["1"], "none")


def test_every_family_can_be_chosen_by_what_it_is_for(imported: Workspace, open_page: OpenPage) -> None:
    page = by_hand(open_page("train"), imported)
    prefix = first(imported)

    groups = ("readable", "trees", "network", "ensemble", "automatic")
    offered = [t for group in groups for t in page.button_group(key=f"{prefix}.families.{group}").options]
    assert sorted(offered) == sorted(family.title for family in FAMILIES.values() if family.labelled)
    assert list(estimates(page)["Run"]) == ["loans scorecard", "loans boosting"]
    assert all(estimates(page)["Memory, about"].str.endswith("MB"))
    assert FAMILIES["scorecard"].strengths[0] in shown(page.caption)
    assert FAMILIES["scorecard"].purpose.rstrip(".") in shown(page.caption)


@pytest.mark.parametrize("key", sorted(FAMILIES))
def test_own_settings_of_each_family_begin_with_its_defaults(
    imported: Workspace, open_page: OpenPage, key: str
) -> None:
    family, prefix = FAMILIES[key], first(imported)
    page = open_page("train")
    if family.labelled:
        page = choose(by_hand(page, imported), imported, key)
    else:
        page = choose(without_target(page, imported), imported, key)

    page.toggle(key=f"{prefix}.own.{key}").set_value(True).run()

    assert not page.exception
    assert shown(page.error) == ""
    assert list(estimates(page)["Run"]) == [f"loans {key}"]


def test_settings_search_and_calibration_reach_the_training(
    imported: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted, prefix = taken(monkeypatch), first(imported)
    page = choose(by_hand(open_page("train"), imported), imported, "boosting")
    page.toggle(key=f"{prefix}.own.boosting").set_value(True)
    page.toggle(key=f"{prefix}.search").set_value(True).run()

    page.number_input(key=f"{prefix}.boosting.leaves").set_value(7)
    page.number_input(key=f"{prefix}.boosting.goal").set_value(0.4)
    page.multiselect(key=f"{prefix}.boosting.monotone.down").set_value(["income"])
    page.number_input(key=f"{prefix}.searched.budget_seconds").set_value(30.0)
    page.number_input(key=f"{prefix}.searched.trials").set_value(5)
    page.selectbox(key=f"{prefix}.calibration").set_value("platt").run()
    page.button(key="train.start").click().run()

    assert not page.exception
    (spec,) = submitted
    config = spec["config"]
    assert (config["leaves"], config["goal"], config["monotone"]) == (7, 0.4, {"income": "down"})
    assert (spec["search"]["budget_seconds"], spec["search"]["trials"]) == (30.0, 5)
    assert spec["calibration"] == "platt"


def test_members_of_an_ensemble_are_chosen_among_the_families(
    imported: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted, prefix = taken(monkeypatch), first(imported)
    page = choose(by_hand(open_page("train"), imported), imported, "blend")
    page.toggle(key=f"{prefix}.own.blend").set_value(True).run()

    page.multiselect(key=f"{prefix}.blend.members").set_value(["scorecard", "boosting"]).run()
    page.button(key="train.start").click().run()

    assert not page.exception
    assert [member["family"] for member in submitted[0]["config"]["members"]] == ["scorecard", "boosting"]


def test_bad_settings_are_refused_before_anything_starts(imported: Workspace, open_page: OpenPage) -> None:
    prefix = first(imported)
    page = choose(by_hand(open_page("train"), imported), imported, "stacking")
    page.toggle(key=f"{prefix}.own.stacking").set_value(True).run()
    page.multiselect(key=f"{prefix}.stacking.members").set_value(["scorecard"]).run()
    assert "Members" in shown(page.error)
    assert no_start(page)

    page.multiselect(key=f"{prefix}.stacking.members").set_value(["scorecard", "boosting"]).run()
    assert shown(page.error) == ""
    every = ["income", "late **months** <b>", "region"]
    page.multiselect(key=f"{prefix}.left_out.0").set_value(every).run()
    assert "at least one feature" in shown(page.error)
    assert no_start(page)


def test_rows_without_a_target_are_scored_for_what_is_unusual(
    imported: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = taken(monkeypatch)
    page = choose(without_target(open_page("train"), imported), imported, "isolation")

    assert not page.exception
    assert "how unusual they are" in shown(page.caption)
    assert not [item for item in page.selectbox if str(item.key).endswith(".calibration")]
    page.button(key="train.start").click().run()
    (spec,) = submitted
    assert (spec["family"], spec["unlabelled"], spec["target"]) == ("isolation", True, None)


def test_a_column_that_knows_the_answer_holds_the_training_until_it_is_left_out(
    leaking: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted, prefix = taken(monkeypatch), first(leaking)
    page = open_page("train")
    assert "may know the answer" in shown(page.markdown)
    assert "`fee <b>` may be known only after the outcome" in shown(page.markdown)
    assert no_start(page)

    page.button(key=f"{prefix}.leave.fee <b>").click().run()

    assert not page.exception
    assert "may know the answer" not in shown(page.markdown)
    assert "Left out of this training: `fee <b>`" in shown(page.markdown)
    page.button(key="train.start").click().run()
    assert submitted[0]["features"] == ["income"]
    page.button(key=f"{prefix}.back").click().run()
    assert "may know the answer" in shown(page.markdown)
    assert no_start(page)


def test_a_suspected_column_may_be_kept_and_the_record_says_so(
    leaking: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted, prefix = taken(monkeypatch), first(leaking)
    page = open_page("train")

    page.button(key=f"{prefix}.keep.fee <b>").click().run()

    assert "may know the answer" not in shown(page.markdown)
    assert "The model learns from it." in shown(page.caption)
    page.button(key="train.start").click().run()
    assert submitted[0]["features"] == ["income", "fee <b>"]


def test_what_was_tried_so_far_is_shown_while_it_runs() -> None:
    judged: dict[str, Any] = {"state": "judged", "folds": 3, "seconds": 0.2, "settings": {}}
    left_out = {"state": "left out", "folds": 0, "seconds": 0.0, "message": "One fit takes about 90 s."}
    tried = [
        {"title": "Scorecard", "log_loss": 0.51, **judged},
        {"title": "Gradient boosting", "log_loss": 0.48, **judged, "settings": {"trees": 90}},
        {"title": "TabM network", "log_loss": None, **left_out},
    ]
    table = train_live.families({"kind": "auto", "tried": tried})
    assert list(table["Model"]) == ["Gradient boosting", "Scorecard", "TabM network"]
    assert list(table["Log loss"]) == ["0.4800", "0.5100", "n/a"]
    assert list(table["Settings changed"]) == ["trees 90", "defaults", "defaults"]

    def panel(tried: list[dict[str, object]]) -> None:
        from aimass_core.jobs.progress import Progress
        from app.panels import train_live

        said = Progress(step=1, steps=9, detail={"kind": "auto", "tried": tried})
        detail = train_live.newest([said, Progress(step=2, steps=9)])
        assert detail is not None
        train_live.show(detail, "job")

    page = AppTest.from_function(panel, kwargs={"tried": tried}).run()
    assert not page.exception
    assert "Tried so far, the best first" in shown(page.markdown)
    assert list(page.dataframe[0].value["Model"]) == list(table["Model"])


def test_trials_of_a_search_are_listed_by_their_measure() -> None:
    trials = [
        {"number": n, "settings": {"rate": 0.03 * (n + 1)}, "value": value, "state": state, "seconds": 1.0}
        for n, (value, state) in enumerate([(0.7, "done"), (None, "pruned"), (0.8, "done")])
    ]

    by_auc = train_live.trials({"metric": "auc", "trials": trials})
    by_loss = train_live.trials({"metric": "log_loss", "trials": trials})

    assert list(by_auc["Trial"]) == [2, 0, 1]
    assert list(by_auc["AUC"]) == ["0.8000", "0.7000", "n/a"]
    assert list(by_loss["Trial"]) == [0, 2, 1]
    assert by_auc["Settings"][0] == "rate 0.09"


def test_started_training_is_watched_and_leads_to_evaluate(imported: Workspace, open_page: OpenPage) -> None:
    page = choose(by_hand(open_page("train"), imported), imported, "scorecard")

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
    assert no_start(page)


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
    assert page.button(key="train.start").label == "Find the best model"


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
    assert no_start(page)
