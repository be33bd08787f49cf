"""How stable the reasons are: measured from the page, shown by a badge; explanations saved as one page."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.explain.stability import RowStability
from aimass_core.workflows import scoring, stability
from aimass_core.workspace import joblog, registry, runs, stabilities
from aimass_core.workspace.connection import Workspace
from app import context
from app.panels import case_stability
from tests.pages.conftest import OpenPage, shown

ROW = {"income": 900.0, "late **months** <b>": 3, "region": "north"}


def ended(ws: Workspace) -> None:
    """Wait for the last measurement to end."""
    runner = context.runner()
    job = joblog.jobs(ws, kind=stability.KIND)[0]
    while not runner.status(job.job_id).job.ended:
        threading.Event().wait(0.1)


def test_measured_from_the_page_and_shown_with_a_badge(
    trained: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.get(trained, "loans scorecard")
    page = open_page("explain", run=run.name, case_view="How stable?")
    assert "has not been measured yet" in shown(page.markdown)
    assert "at most, in the background" in shown(page.caption)
    page.number_input(key="stability.refits").set_value(5).run()

    page.button(key="stability.start").click().run()

    assert not page.exception
    ended(trained)
    (job,) = joblog.jobs(trained, kind=stability.KIND)
    assert job.state == "done", job.error
    (kept,) = stabilities.of_run(trained, run.run_id)
    assert kept.created_by == "ana"
    page = open_page("explain", run=run.name, case_view="How stable?")
    assert not page.exception
    assert not page.error
    text = shown([*page.markdown, *page.caption])
    assert "Top reason came back in" in text
    assert "of 5 refits" in text
    assert "Stable: the top reason is the same in at least 90% of the refits" in text
    assert {"Top reason", "Same set", "Spread"} <= {metric.label for metric in page.metric}
    assert any("Among the top four" in frame.value.columns for frame in page.dataframe)
    unasked = open_page("explain", run=run.name)
    assert "Top reason came back in" in shown(unasked.markdown)
    assert "Same set" not in {metric.label for metric in unasked.metric}
    monkeypatch.setattr(case_stability, "_AT_ONCE", 0.0)  # as for a model that is slow to explain
    slow = open_page("explain", run=run.name)
    assert "Top reason came back in" not in shown(slow.markdown)
    assert "ask “How stable?” below" in shown(slow.caption)
    whole = open_page("explain", run=run.name, explain_view="The model as a whole")
    assert "the top reason of a row came back in" in shown(whole.caption)


def test_cancelled_measurement_leaves_nothing(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    page = open_page("explain", run=run.name, case_view="How stable?")
    page.number_input(key="stability.refits").set_value(50).run()
    page.button(key="stability.start").click().run()
    (job,) = joblog.jobs(trained, kind=stability.KIND)

    page = open_page("explain", run=run.name, case_view="How stable?")
    page.button(key=f"stability.cancel.{job.job_id}").click().run()

    assert not page.exception
    ended(trained)
    assert joblog.jobs(trained, kind=stability.KIND)[0].state == "cancelled"
    assert stabilities.of_run(trained, run.run_id) == []
    page = open_page("explain", run=run.name, case_view="How stable?")
    assert "The last one was cancelled" in shown(page.caption)


@pytest.mark.parametrize("view", ["One row", "The model as a whole"])
def test_explanations_can_be_saved_as_one_page(trained: Workspace, open_page: OpenPage, view: str) -> None:
    page = open_page("explain", explain_view=view)

    assert not page.exception
    assert {"Save as HTML", "Save as PDF"} <= labels(page)


def test_decision_can_be_saved_as_one_page_when_it_has_reasons(
    trained: Workspace, open_page: OpenPage
) -> None:
    run = runs.get(trained, "loans boosting")
    registry.register(trained, run.run_id, name="default-risk", actor="ana")
    scoring.set_policy(trained, "default-risk", scoring.default_policy(trained, "default-risk"), actor="ana")
    told, silent = (
        scoring.decide(trained, "default-risk", [ROW], source="form", actor="ana", reasons=reasons)[0]
        for reasons in (True, False)
    )

    with_reasons = open_page("decisions", view="Find and replay", decision=told.decision_id)
    without = open_page("decisions", view="Find and replay", decision=silent.decision_id)

    assert not with_reasons.exception
    assert {"Save as HTML", "Save as PDF"} <= labels(with_reasons)
    assert "Save as PDF" not in labels(without)


@pytest.mark.parametrize(
    ("principal", "top", "text"),
    [
        (4, 19, "Top reason came back in 19 of 20 refits"),
        (0, 3, "No reason against in 3 of 20 refits either"),
    ],
)
def test_line_of_the_badge(principal: int, top: int, text: str) -> None:
    row = RowStability(
        refits=20,
        top=top,
        same_set=1,
        principal=principal,
        reasons=(),
        probability=0.5,
        low=0.4,
        high=0.6,
        spread=0.1,
    )

    assert case_stability.top_text(row) == text


def labels(page: AppTest) -> set[str]:
    return {button.proto.label for button in page.get("download_button")}
