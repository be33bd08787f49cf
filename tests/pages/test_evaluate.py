"""Evaluate: without runs, with runs, and with requests that do not fit."""

from __future__ import annotations

from aimass_core.evaluate.cutoff import best_cutoff
from aimass_core.workflows import evaluating
from aimass_core.workspace import registry, runs
from aimass_core.workspace.connection import Workspace
from tests.pages.conftest import OpenPage, shown


def test_without_runs_it_says_what_to_do_next(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("evaluate")

    assert not page.exception
    assert "no run yet" in shown(page.markdown)


def test_marks_the_best_run_of_each_measure_once(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("evaluate")

    board = page.dataframe[0].value
    assert set(board["Run"]) == {"loans scorecard", "loans boosting"}
    values = {row.run: row.measures for row in evaluating.leaderboard(trained)}
    lowest = min(values, key=lambda run: values[run]["brier"].value)
    marked = board.loc[board["Brier score"].str.endswith("★"), "Run"]
    assert list(marked) == [lowest]


def test_cut_off_starts_at_the_best_and_follows_the_costs(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    table = evaluating.report(trained, run.run_id).cutoffs
    page = open_page("evaluate", run=run.name)
    key = f"evaluate.cutoff.{run.run_id}"
    best = best_cutoff(table, cost_false_positive=1, cost_false_negative=5).confusion.threshold
    assert page.select_slider(key=key).value == best

    page.number_input(key="cost.credit.false_negative").set_value(1.0).run()
    page.button(key=f"{key}.best").click().run()

    dearer = best_cutoff(table, cost_false_positive=1, cost_false_negative=1).confusion.threshold
    assert page.select_slider(key=key).value == dearer
    assert "cheapest cut-off for these costs" in shown(page.caption)


def test_registering_needs_a_name_and_leads_on(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    page = open_page("evaluate", run=run.name)
    page.text_input(key=f"register.name.{run.run_id}").set_value("")
    register = next(button for button in page.button if button.label == "Register")
    register.click().run()
    assert "name first" in shown(page.warning)

    page.text_input(key=f"register.name.{run.run_id}").set_value("default-risk")
    next(button for button in page.button if button.label == "Register").click().run()

    assert not page.error
    assert registry.get(trained, "default-risk@1").run_id == run.run_id
    assert "Next: set its policy" in shown(page.success)


def test_registering_twice_is_refused_and_nothing_changes(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    registry.register(trained, run.run_id, name="default-risk", actor="ana")
    page = open_page("evaluate", run=run.name)

    page.text_input(key=f"register.name.{run.run_id}").set_value("default-risk")
    next(button for button in page.button if button.label == "Register").click().run()

    assert "registered twice" in shown(page.error)
    assert len(registry.history(trained, "default-risk")) == 1


def test_address_that_names_no_run_shows_the_newest(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("evaluate", run="gone")

    assert not page.exception
    assert page.selectbox(key="run").value == "loans boosting"
