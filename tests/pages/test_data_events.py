"""Joining events on the Data page."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.workflows import importing, joining
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from app import context
from tests.pages.conftest import OpenPage, shown

HOSTILE = "<b>*paid* 💶"


@pytest.fixture
def two_tables(home: Path, tmp_path: Path) -> Workspace:
    """The app's workspace with events `paid` and, chosen first, the rows `asked`."""
    ws = context.workspace()
    for name, text in (
        ("paid", f"who_id,paid_on,{HOSTILE}\na1,2024-02-20,5.5\na1,2024-03-05,99.5\na2,2024-02-25,1.5\n"),
        ("asked", "who_id,asked_on,bad\na1,2024-03-01,0\na2,2024-03-02,1\na3,2024-03-03,0\n"),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_text(text, "utf-8")
        version = importing.import_file(ws, path, name=name, actor="ana")
        importing.set_roles(ws, version, {"who_id": "id"}, actor="ana")
    return ws


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_without_events_the_page_says_what_to_import(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("data", data_view="Join events")

    assert not page.exception
    assert "No table of events yet." in shown(page.markdown)


def test_a_preview_counts_and_keeps_nothing(two_tables: Workspace, open_page: OpenPage) -> None:
    page = press(open_page("data", dataset="asked@1", data_view="Join events"), "Preview")

    assert not page.exception
    assert not page.error
    assert {item.label: item.value for item in page.metric} | {
        "Rows": "3",
        "Known customer": "2",
        "With events": "2",
    } == {item.label: item.value for item in page.metric}
    assert page.dataframe[0].value[f"{HOSTILE}_1"].tolist() == [5.5, 1.5, 0.0]
    assert len(datasets.versions(two_tables, "asked")) == 1


def test_the_button_makes_the_next_version_and_opens_it(two_tables: Workspace, open_page: OpenPage) -> None:
    page = press(open_page("data", dataset="asked@1", data_view="Join events"), "Make the next version")

    made = datasets.get(two_tables, "asked")
    assert not page.exception
    assert page.selectbox(key="dataset").value == made.ref == "asked@2"
    assert joining.joins(made)[0]["events"] == "paid@1"
    assert made.created_by == "ana"

    versions = open_page("data", dataset="asked@2", data_view="Versions").dataframe[0].value
    assert versions["How"].tolist() == ["Join of events", "Import"]
