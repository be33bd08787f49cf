"""Explain, the model as a whole: each view says what it found, or what to do next."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.workflows import evaluating, explanation_views, explanations, scoring
from aimass_core.workflows.explanations import ExplanationSpec
from aimass_core.workspace import datasets, joblog, registry, runs
from aimass_core.workspace.connection import Workspace
from app import cache_explaining, context
from app.panels.explain_views import VIEW, WHOLE, WHOLE_VIEWS
from tests.made import add_dataset, train_now
from tests.pages.conftest import OpenPage, shown
from tests.small_models import applicants

NEW = ("How a feature acts", "By segment", "This month against last", "Two models' reasons")


@pytest.fixture
def opened(trained: Workspace, open_page: OpenPage) -> OpenPage:
    def view(key: str, *, run: str = "loans boosting", **query: str) -> AppTest:
        return open_page("explain", run=run, **{VIEW: "The model as a whole", WHOLE: key}, **query)

    return view


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Nothing kept of explained rows, before and after: all tests share the runs' ids."""
    cache_explaining.source.clear()
    yield
    cache_explaining.source.clear()


def rows_tested(ws: Workspace) -> int:
    return int((evaluating.scores(ws, "loans boosting")["part"] == "test").sum())


@pytest.mark.parametrize("view", NEW)
def test_each_view_opens_without_an_error(view: str, opened: OpenPage) -> None:
    assert view in WHOLE_VIEWS
    page = opened(view)

    assert not page.exception
    assert not page.error
    assert page.segmented_control(key=WHOLE).value == view


def test_how_a_feature_acts_names_rows_and_features_as_they_are(trained: Workspace, opened: OpenPage) -> None:
    page = opened("How a feature acts")
    run = runs.get(trained, "loans boosting")

    chosen = page.selectbox(key=f"explain.dependence.{run.run_id}")
    chosen.set_value("late **months** <b>").run()

    assert not page.exception
    text = shown([*page.markdown, *page.caption])
    assert "The value of `late **months** <b>` alone explains" in text
    assert f"Rows: {rows_tested(trained)} test rows, explained for this view" in text
    interactions, bins = page.dataframe[0].value, page.dataframe[1].value
    assert set(interactions["With"]) == {"income", "region"}
    assert bins["Rows"].str.replace(",", "").astype(int).sum() == rows_tested(trained)


def test_a_label_can_be_looked_at_and_colour_the_dots(trained: Workspace, opened: OpenPage) -> None:
    page = opened("How a feature acts")
    run = runs.get(trained, "loans boosting")

    page.selectbox(key=f"explain.dependence.{run.run_id}").set_value("region").run()
    (colour,) = (box for box in page.selectbox if box.label == "Coloured by")
    colour.set_value(colour.options.index("income")).run()

    assert not page.exception
    assert not page.error
    assert set(page.dataframe[1].value["Value"]) == {"north", "south", "east"}


def test_protected_column_is_measured_by_segment(trained: Workspace, opened: OpenPage) -> None:
    page = opened("By segment")
    run = runs.get(trained, "loans boosting")

    chosen = page.selectbox(key=f"explain.segments.{run.run_id}")

    assert chosen.value == "sex"
    assert "sex (protected)" in chosen.options
    segments = page.dataframe[0].value
    assert set(segments["Segment"]) == {"f", "m"}
    assert segments["Rows"].astype(int).sum() == rows_tested(trained)


def test_data_without_time_says_so(trained: Workspace, opened: OpenPage) -> None:
    assert "There is no column of time" in shown(opened("This month against last").markdown)


def test_two_models_are_compared_and_the_row_can_be_opened(trained: Workspace, opened: OpenPage) -> None:
    page = opened("Two models' reasons")

    assert not page.exception
    assert "have the same top reason in" in shown(page.markdown)
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Rows"] == str(rows_tested(trained))
    rows = page.dataframe[0].value
    assert {"Top reason: loans boosting", "Top reason: loans scorecard"} < set(rows.columns)


def test_stored_explanation_is_used_and_named(trained: Workspace, opened: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    spec = ExplanationSpec(run=run.run_id, part="all").model_dump(mode="json")
    runner = context.runner()
    job = runner.submit(explanations.KIND, "explain", spec, actor="ana")
    while not runner.status(job.job_id).job.ended:
        threading.Event().wait(0.1)
    assert runner.status(job.job_id).job.state == "done"

    text = shown(opened("How a feature acts").caption)

    assert "600 all rows" in text
    assert "the newest stored explanation" in text


def test_slow_model_offers_to_explain_in_the_background(
    opened: OpenPage, trained: Workspace, monkeypatch: pytest.MonkeyPatch, forgotten: None
) -> None:
    monkeypatch.setattr(explanation_views, "LIVE_SECONDS", 1e-9)

    page = opened("By segment", run="loans scorecard")

    assert not page.exception
    assert "takes longer for `loans scorecard` than somebody waits" in shown(page.info)
    page.button(key="explain.many.start").click().run()
    assert not page.exception
    assert len(joblog.jobs(trained, kind=explanations.KIND)) == 1


def test_row_that_differs_is_opened_with_the_other_model(trained: Workspace, opened: OpenPage) -> None:
    page = opened("Two models' reasons")
    (row,) = (int(box.value) for box in page.selectbox if box.label == "Row")

    page.button(key="explain.agreement.open.second").click().run()

    assert not page.exception
    assert page.segmented_control(key=VIEW).value == "One row"
    assert page.number_input(key="row").value == row
    assert page.selectbox(key="run").value == "loans scorecard"


@pytest.fixture
def dated(imported: Workspace) -> Workspace:
    """The app's workspace with a run on loans of three months, in the last of which incomes fell."""
    random = np.random.default_rng(1)
    frame = applicants(1_500, seed=1)
    month = np.repeat([1, 2, 3], 500)
    frame["since"] = pd.to_datetime([f"2026-{m:02d}-{1 + k % 28:02d}" for k, m in enumerate(month)])
    frame.loc[month == 3, "income"] = frame.loc[month == 3, "income"] - 30_000
    odds = -1.5 - (frame["income"].fillna(40_000) - 40_000) / 10_000
    frame["y"] = (random.random(len(frame)) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    add_dataset(imported, frame, name="dated", roles={"since": "time"})
    train_now(imported, "boosting", dataset="dated", name="dated", bootstrap=0)
    return imported


def test_planted_drift_of_reasons_is_said(dated: Workspace, open_page: OpenPage) -> None:
    page = open_page(
        "explain", run="dated", **{VIEW: "The model as a whole", WHOLE: "This month against last"}
    )

    assert not page.exception
    assert not page.error
    text = shown(page.markdown)
    assert "From 2026-02 to 2026-03 the mix of reasons shifted much" in text
    assert "Most changed: `income`" in text
    (before,) = (box for box in page.selectbox if box.label == "Against")
    assert before.options == ["2026-01", "2026-02"]
    page.selectbox(key="explain.mix.by").set_value("year").run()
    assert "All rows fall into one period (2026)" in shown(page.info)


def test_decisions_are_followed_once_there_are_enough(trained: Workspace, opened: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    registry.register(trained, run.run_id, name="risk", actor="ana")
    scoring.set_policy(trained, "risk", scoring.default_policy(trained, "risk"), actor="ana")
    rows = datasets.page(trained, datasets.get(trained, run.version_id), limit=120)
    scoring.decide(trained, "risk", rows.iloc[:50], source="test", actor="ana")
    page = opened("This month against last")
    assert "has made 50 decisions with reasons; from 100 on" in shown(page.caption)

    scoring.decide(trained, "risk", rows.iloc[50:], source="test", actor="ana")
    page = opened("This month against last")
    page.segmented_control(key="explain.mix.of").set_value("Decisions").run()

    assert not page.exception
    assert not page.error
    assert "All rows fall into one period" in shown(page.info)
    assert "120 decisions with reasons, by the month of the decision" in shown(page.caption)
