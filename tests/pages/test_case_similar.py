"""Similar cases: what became of the nearest, by features and by reasons."""

from __future__ import annotations

from aimass_core.workflows import case, explanations, scoring, similar, similar_pool
from aimass_core.workflows.explanations import ExplanationSpec
from aimass_core.workspace import datasets, registry, runs
from aimass_core.workspace.connection import Workspace
from tests.pages.conftest import OpenPage, shown

VIEW = {"run": "loans boosting", "row": "3", "case_view": "Similar cases"}


def test_nearest_test_rows_are_told_with_their_outcomes(trained: Workspace, open_page: OpenPage) -> None:
    run_id = runs.get(trained, "loans boosting").run_id
    found = similar.by_features(
        trained, case.of_row(trained, run_id, 3), similar_pool.pool(trained, run_id, "test")
    )

    page = open_page("explain", **VIEW)

    assert not page.exception
    assert not page.error
    assert f"{found.known - found.bad} turned out good and {found.bad} bad" in shown(page.markdown)
    table = next(frame.value for frame in page.dataframe if "Distance" in frame.value.columns)
    assert table["Row"].to_list() == [item.row_id for item in found.neighbours]
    assert set(table["Part"]) == {"test"}
    assert "Gower" in shown(page.caption)
    assert "Decided" not in table.columns

    page.segmented_control(key="similar.among").set_value("all").run()

    assert not page.exception
    assert "All rows" in str(page.segmented_control(key="similar.among").options)
    assert "Searched: 599 cases" in shown(page.caption)


def test_reasons_need_many_rows_and_offer_to_explain_them(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain", **VIEW)
    page.segmented_control(key="similar.by").set_value("By reasons").run()

    assert not page.exception
    assert "No row of this run is explained yet" in shown(page.markdown)
    links = [link.proto for link in page.get("page_link")]
    assert [link.label for link in links if "explain_view=Many" in link.query_string] == ["Explain many rows"]


def test_reasons_once_many_rows_are_explained(trained: Workspace, open_page: OpenPage) -> None:
    from aimass_core.jobs.runner import run_now
    from aimass_core.workspace.joblog import JobLog

    run_id = runs.get(trained, "loans boosting").run_id
    spec = ExplanationSpec(run=run_id)
    run_now(
        trained,
        explanations.HANDLER,
        kind=explanations.KIND,
        title="explain",
        spec=spec.model_dump(mode="json"),
        store=JobLog(trained),
        actor="ana",
        threads=1,
    )
    (among,) = explanations.of_run(trained, run_id)
    found = similar.by_contributions(trained, case.of_row(trained, run_id, 3), among)

    page = open_page("explain", **VIEW)
    page.segmented_control(key="similar.by").set_value("By reasons").run()

    assert not page.exception
    table = next(frame.value for frame in page.dataframe if "Distance" in frame.value.columns)
    assert table["Row"].to_list() == [item.row_id for item in found.neighbours]
    assert "log-odds" in shown(page.caption)


def test_decisions_are_compared_under_a_stored_decision(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    registry.register(trained, run.run_id, name="default-risk", actor="ana")
    scoring.set_policy(trained, "default-risk", scoring.default_policy(trained, "default-risk"), actor="ana")
    rows = datasets.frame(trained, datasets.get(trained, "loans")).drop(columns=["_row", "bad"]).head(4)
    made = scoring.decide(trained, "default-risk", rows, source="batch", actor="ana")

    page = open_page(
        "decisions", view="Find and replay", decision=made[0].decision_id, case_view="Similar cases"
    )
    page.segmented_control(key="similar.among").set_value("decisions").run()

    assert not page.exception
    assert not page.error
    table = next(frame.value for frame in page.dataframe if "Distance" in frame.value.columns)
    assert len(table) == 3
    assert all(text.startswith(tuple({item.outcome for item in made})) for text in table["Decided"])
    assert "Decided:" in shown(page.markdown)
