"""Evaluate, a closer look: each view says what it found, or what to do next."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.evaluate.value import Payoff
from aimass_core.workflows import evaluating, scrutiny, validating
from aimass_core.workflows.validation_spec import ValidationSpec
from aimass_core.workspace import joblog, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.joblog import JobLog
from app.panels.evaluate_scrutiny import VIEW, VIEWS
from tests.pages.conftest import OpenPage, shown


@pytest.fixture
def opened(trained: Workspace, open_page: OpenPage) -> OpenPage:
    def view(key: str, **query: str) -> AppTest:
        return open_page("evaluate", run="loans boosting", **{VIEW: key}, **query)

    return view


@pytest.mark.parametrize("view", list(VIEWS))
def test_each_view_opens_without_an_error(view: str, opened: OpenPage) -> None:
    page = opened(view)

    assert not page.exception
    assert not page.error
    assert page.segmented_control(key=VIEW).value == view


def test_two_runs_are_compared_in_words(trained: Workspace, opened: OpenPage) -> None:
    page = opened("Compare two runs")

    found = scrutiny.compared(trained, "loans boosting", "loans scorecard")
    assert found.auc.sentence(found.a, found.b, unit="AUC") in shown(page.markdown)


def test_single_run_has_nothing_to_be_compared_with(imported: Workspace, open_page: OpenPage) -> None:
    from tests.made import train_now

    train_now(imported, "scorecard", target="bad", name="alone", bootstrap=0)
    page = open_page("evaluate", **{VIEW: "Compare two runs"})

    assert not page.exception
    assert "no second run" in shown(page.markdown)


def test_amounts_are_kept_for_the_run(trained: Workspace, opened: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    page = opened("Value")
    assert scrutiny.payoff(trained, run.run_id) is None

    page.number_input(key=f"evaluate.payoff.{run.run_id}.bad_passed").set_value(-9.0).run()

    assert scrutiny.payoff(trained, run.run_id) == Payoff(bad_passed=-9.0)
    best = scrutiny.value(trained, run.run_id, Payoff(bad_passed=-9.0)).best.threshold
    assert f"Best cut-off {best:.1%}" in shown(page.markdown)
    again = opened("Value")
    assert again.number_input(key=f"evaluate.payoff.{run.run_id}.bad_passed").value == -9.0


def test_noise_is_worked_out_only_when_asked_for(trained: Workspace, opened: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    page = opened("Noise")
    assert "Decisions hang" not in shown(page.markdown)

    page.toggle(key=f"evaluate.noise.{run.run_id}.go").set_value(True).run()

    assert not page.exception
    assert "Decisions hang most on" in shown(page.markdown)


def test_without_a_time_column_it_says_where_to_name_one(opened: OpenPage) -> None:
    assert "no column of time" in shown(opened("Over time").markdown)


def test_validation_is_queued_watched_and_shown(trained: Workspace, opened: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    page = opened("How good is it really?")
    assert "no result yet" in shown(page.info)

    page.number_input(key=f"evaluate.folds.{run.run_id}.folds").set_value(20).run()
    page.button(key=f"evaluate.folds.{run.run_id}.start").click().run()

    assert not page.exception
    [job] = joblog.jobs(trained, kind=validating.KIND)
    assert (job.spec["run"], job.spec["folds"]) == (run.run_id, 20)
    assert "Repeated folds of loans boosting" in shown(page.markdown)
    assert "no result yet" not in shown(page.info)

    page.button(key=f"evaluate.cancel.{job.job_id}").click().run()

    assert not page.exception
    assert "Repeated folds of loans boosting is being cancelled" in shown(page.success)


def test_finished_folds_are_told_in_words(trained: Workspace, opened: OpenPage) -> None:
    from aimass_core.jobs.runner import run_now

    run = runs.get(trained, "loans boosting")
    spec = validating.plan(trained, ValidationSpec(run=run.run_id, folds=2)).spec
    run_now(
        trained,
        validating.HANDLER,
        kind=validating.KIND,
        title="folds",
        spec=spec.model_dump(mode="json"),
        store=JobLog(trained),
        actor="ana",
        threads=1,
    )
    page = opened("How good is it really?")

    found = validating.latest(trained, run.run_id, "folds")
    assert found is not None
    assert f"AUC {found.validation.summary['auc'].mean:.3f} over 2 folds" in shown(page.markdown)
    assert evaluating.report(trained, run.run_id).measures["auc"].value == pytest.approx(
        run.metrics["test.auc"]
    )
