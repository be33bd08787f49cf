"""Overview, as an analyst meets it: an empty workspace, one with work in it, one that cannot be opened."""

from __future__ import annotations

from pathlib import Path

from aimass_core.workspace import joblog
from aimass_core.workspace.connection import Workspace, open_workspace
from tests.pages.conftest import OpenPage


def test_empty_workspace_says_how_to_begin(open_page: OpenPage) -> None:
    page = open_page("overview")

    assert not page.exception
    assert not page.error
    text = " ".join(item.value for item in page.markdown)
    assert "This workspace is empty." in text
    assert "`aimass demo`" in text
    assert page.button(key="empty.data.this-workspace-is-empty").label == "Import a file"


def test_the_button_of_an_empty_workspace_leads_to_data(open_page: OpenPage) -> None:
    page = open_page("overview")

    page.button(key="empty.data.this-workspace-is-empty").click().run()

    assert not page.exception
    assert page.title[0].value == "Data"


def test_counts_what_is_there_and_marks_the_next_step(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("overview")

    assert not page.exception
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures == {"Data sets": "1", "Rows": "600", "Runs": "0", "Models": "0", "Decisions": "0"}
    badges = [item.value for item in page.markdown if "badge[" in item.value]
    assert [next(word for word in ("Done", "Next", "Later") if word in badge) for badge in badges] == [
        "Done",
        "Next",
        "Later",
        "Later",
        "Later",
    ]


def test_shows_the_newest_runs_with_their_measures(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("overview")

    assert not page.exception
    runs = page.dataframe[1].value
    assert list(runs["Run"]) == ["loans boosting", "loans scorecard"]
    assert all(0.5 < float(auc) <= 1 for auc in runs["Test AUC"])


def test_shows_work_in_progress(home: Path, open_page: OpenPage) -> None:
    ws = open_workspace(home, memory_limit_mb=1_000, threads=1)
    joblog.JobLog(ws).add(kind="training", title="a **bold** run", spec={}, actor="ana")
    ws.close()

    page = open_page("overview")

    assert not page.exception
    assert any(r"a \*\*bold\*\* run" in item.value for item in page.markdown)


def test_a_newer_workspace_is_refused_in_a_box(home: Path, open_page: OpenPage) -> None:
    ws = open_workspace(home, memory_limit_mb=1_000, threads=1)
    with ws.writing() as cursor:
        cursor.execute("INSERT INTO migrations VALUES (999, now()::TIMESTAMP, 1)")
    ws.close()

    page = open_page("overview")

    assert not page.exception
    assert "newer than this program" in page.error[0].value
    assert "Update AI Mass" in page.error[0].value
