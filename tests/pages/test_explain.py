"""Explain: without a model, with one, and with a row that does not exist."""

from __future__ import annotations

import threading

from aimass_core.workflows import evaluating, explanations, scoring
from aimass_core.workspace import joblog, registry, runs
from aimass_core.workspace.connection import Workspace
from app import context
from tests.pages.conftest import ROWS, OpenPage, shown


def test_without_a_model_it_says_what_to_do_next(open_page: OpenPage) -> None:
    page = open_page("explain")

    assert not page.exception
    assert "no model to explain yet" in shown(page.markdown)


def test_begins_with_the_riskiest_test_row_and_its_reasons(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans scorecard")
    scores = evaluating.scores(trained, run.run_id)
    tested = scores[scores["part"] == "test"]
    riskiest = tested.loc[tested["probability"].idxmax()]

    page = open_page("explain", run=run.name)

    assert not page.exception
    assert page.number_input(key="row").value == int(riskiest["_row"])
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Probability"] == f"{riskiest['probability']:.2%}"
    text = shown([*page.markdown, *page.caption])
    assert "add up to the score" in text
    assert "Principal reasons against" in text
    assert "one of the test rows" in text


def test_names_of_columns_are_shown_as_they_are(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain")

    text = shown(page.markdown)
    assert "`late **months** <b>`" in text


def test_row_that_does_not_exist_is_named(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain")

    page.number_input(key="row").set_value(ROWS + 5).run()

    assert f"Row {ROWS + 5}" in shown(page.error)


def test_comparing_with_the_cut_off_needs_a_policy(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    page = open_page("explain", run=run.name)
    assert len(page.selectbox(key="explain.reference").options) == 2

    registry.register(trained, run.run_id, name="default-risk", actor="ana")
    policy = scoring.default_policy(trained, "default-risk")
    scoring.set_policy(trained, "default-risk", policy, actor="ana")
    page = open_page("explain", run=run.name)
    page.selectbox(key="explain.reference").set_value("cutoff").run()

    assert not page.exception
    assert not page.error
    assert "at or just above the cut-off" in shown(page.markdown)


def test_table_of_test_rows_is_ordered_by_risk(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain")

    page.toggle(key="explain.table").set_value(True).run()

    assert not page.exception
    shares = page.dataframe[0].value["Probability"].str.rstrip("%").astype(float)
    assert shares.is_monotonic_decreasing


def test_all_test_rows_are_explained_from_the_page(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    page = open_page("explain", run=run.name, explain_view="Many rows")

    page.button(key="explain.many.start").click().run()

    assert not page.exception
    runner = context.runner()
    (job,) = joblog.jobs(trained, kind=explanations.KIND)
    while not runner.status(job.job_id).job.ended:
        threading.Event().wait(0.1)
    assert runner.status(job.job_id).job.state == "done", runner.status(job.job_id).job.error
    page = open_page("explain", run=run.name, explain_view="Many rows")
    assert not page.exception
    (kept,) = explanations.of_run(trained, run.run_id)
    scores = evaluating.scores(trained, run.run_id)
    assert kept.row_count == int((scores["part"] == "test").sum())
    text = shown([*page.markdown, *page.caption])
    assert f"{kept.row_count:,} test rows" in text
    assert kept.explanation_id in text
    assert any("Strongest reason against" in frame.value.columns for frame in page.dataframe)


def test_additivity_is_said_in_words(trained: Workspace, open_page: OpenPage) -> None:
    text = shown(open_page("explain").markdown)

    assert "The contributions add up to the score exactly (largest gap 0.000000 log-odds)" in text
