"""Data, as an analyst meets it: importing, findings, roles, rows, versions, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.workflows import importing
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from tests.pages.conftest import OpenPage

NASTY = "late **months** <b>"


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    """Give the page's uploader a file."""
    return page.file_uploader[0].set_value([(name, content, "text/csv")]).run()


def press(page: AppTest, label: str) -> AppTest:
    """Press the button of that label."""
    return next(button for button in page.button if button.label == label).click().run()


def test_without_data_the_import_is_open(open_page: OpenPage) -> None:
    page = open_page("data")

    assert not page.exception
    assert any("No data set yet." in item.value for item in page.markdown)
    assert page.file_uploader


def test_a_file_becomes_a_version(home: Path, open_page: OpenPage) -> None:
    from app import context

    page = upload(open_page("data"), "new loans.csv", b"id;income\n1;10,5\n2;20,5\n3;30,5\n")
    assert not page.exception
    assert any("3 rows" in item.value or "delimiter `;`" in item.value for item in page.markdown)

    press(page, "Import")

    assert not page.exception
    assert not page.error
    (version,) = datasets.versions(context.workspace())
    assert (version.ref, version.rows, version.source_name, version.created_by) == (
        "new loans@1",
        3,
        "new loans.csv",
        "ana",
    )
    assert page.selectbox(key="dataset").value == "new loans@1"
    assert any("`new loans@1`: 3 rows, 2 columns" in item.value for item in page.success)
    assert list((home / "uploads").iterdir()) == []


def test_an_unreadable_file_says_why_and_keeps_nothing(imported: Workspace, open_page: OpenPage) -> None:
    page = upload(open_page("data"), "broken.parquet", b"PAR1 this is no parquet file PAR1")
    if not page.error:
        press(page, "Import")

    assert not page.exception
    assert page.error
    assert "incident" not in page.error[0].value.lower()
    assert [version.ref for version in datasets.versions(imported)] == ["loans@1"]
    assert page.selectbox(key="dataset").value == "loans@1", "the rest of the page stays"


def test_a_delimiter_can_be_named_when_it_is_not_found(home: Path, open_page: OpenPage) -> None:
    page = upload(open_page("data"), "odd.csv", b"a#b\n1#2\n3#4\n")
    next(item for item in page.toggle if item.label == "Read it differently").set_value(True).run()
    next(item for item in page.text_input if item.label == "Delimiter").set_value("#").run()

    assert not page.exception
    assert any("delimiter `#`" in item.value and "2 columns" in item.value for item in page.markdown)


def test_a_sheet_is_chosen_from_a_workbook(home: Path, tmp_path: Path, open_page: OpenPage) -> None:
    book = tmp_path / "book.xlsx"
    with pd.ExcelWriter(book) as writer:
        pd.DataFrame({"a": [1, 2]}).to_excel(writer, sheet_name="first", index=False)
        pd.DataFrame({"b": [1, 2, 3]}).to_excel(writer, sheet_name="second", index=False)

    page = upload(open_page("data"), "book.xlsx", book.read_bytes())
    next(item for item in page.selectbox if item.label == "Sheet of the workbook").select("second").run()
    press(page, "Import")

    assert not page.exception
    assert not page.error
    from app import context

    (version,) = datasets.versions(context.workspace())
    assert (version.rows, version.schema.names) == (3, ("b",))


def test_files_of_the_inbox_are_offered(home: Path, open_page: OpenPage) -> None:
    from app import context

    inbox = context.workspace().home / "inbox"
    (inbox / "monthly.csv").write_text("id,x\n1,2\n2,3\n", encoding="utf-8")
    page = open_page("data")
    page.button_group(key="data.import.way").set_value("Inbox on the server").run()
    page.selectbox(key="data.import.inbox").select("monthly.csv").run()
    press(page, "Import")

    assert not page.exception
    assert [version.ref for version in datasets.versions(context.workspace())] == ["monthly@1"]
    assert (inbox / "monthly.csv").is_file(), "the inbox is the owner's"


def test_findings_come_with_severity_and_what_to_do(home: Path, tmp_path: Path, open_page: OpenPage) -> None:
    from app import context

    path = tmp_path / "faulty.csv"
    lines = [f"{i},{'-999' if i % 4 == 0 else 1000 + i},{i % 2}" for i in range(1, 201)]
    path.write_text("\n".join(["id,income,default", *lines, lines[0]]) + "\n", encoding="utf-8")
    importing.import_file(context.workspace(), path, name="faulty", actor="ana")

    page = open_page("data")

    assert not page.exception
    text = "\n".join(item.value for item in page.markdown)
    assert "**Codes that seem to mean missing**" in text
    assert "**Duplicate rows**" in text
    assert {metric.label: metric.value for metric in page.metric}["Duplicate rows"] == "1"


@pytest.mark.parametrize("view", ["Findings", "Roles", "Columns", "Distributions", "Rows", "Versions"])
def test_every_view_draws_names_as_they_are(imported: Workspace, open_page: OpenPage, view: str) -> None:
    page = open_page("data", data_view=view)

    assert not page.exception
    assert not page.error
    shown = [item.value for item in page.markdown if NASTY in item.value]
    assert all(f"`{NASTY}`" in text for text in shown), "a name of the file must never be markdown"


def test_rows_are_paged_and_sorted_by_the_database(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("data", data_view="Rows")
    page.selectbox(key="data.rows.order").select("income").run()
    page.toggle(key="data.rows.falling").set_value(True).run()

    assert not page.exception
    shown = page.dataframe[0].value["income"]
    assert len(shown) == 25
    assert list(shown) == sorted(shown, reverse=True)
    page.number_input(key="data.rows.page").set_value(2).run()
    assert page.dataframe[0].value["income"].max() <= shown.min()

    page.toggle(key="data.rows.falling").set_value(False).run()
    assert page.number_input(key="data.rows.page").value == 1
    assert page.dataframe[0].value["income"].min() <= shown.min()


def test_a_page_beyond_the_last_becomes_the_last(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("data", data_view="Rows")
    page.number_input(key="data.rows.page").set_value(24).run()
    page.selectbox(key="data.rows.size").select(200).run()

    assert not page.exception
    assert page.number_input(key="data.rows.page").value == 3


def edit_roles(monkeypatch: pytest.MonkeyPatch, roles: dict[str, str]) -> None:
    """Edit the table of roles as a person would; AppTest cannot type into a table."""

    def edited(frame: pd.DataFrame, **_: object) -> pd.DataFrame:
        return frame.assign(
            Role=[roles.get(n, r) for n, r in zip(frame["Column"], frame["Role"], strict=True)]
        )

    monkeypatch.setattr("streamlit.data_editor", edited)


def test_roles_are_saved_by_the_button(
    imported: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_roles(monkeypatch, {"region": "ignore", "sex": "feature"})
    page = open_page("data", data_view="Roles")
    assert datasets.get(imported, "loans").schema.column("region").role == "feature"

    press(page, "Save roles")

    assert not page.exception
    schema = datasets.get(imported, "loans").schema
    assert (schema.column("region").role, schema.column("sex").role) == ("ignore", "feature")
    assert any("Saved 2 roles" in item.value for item in page.success)


def test_two_targets_are_refused(
    imported: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_roles(monkeypatch, {"region": "target", "bad": "target"})
    page = press(open_page("data", data_view="Roles"), "Save roles")

    assert not page.exception
    assert "at most one column can have the role" in page.error[0].value.lower()
    assert datasets.get(imported, "loans").schema.column("region").role == "feature"


def test_roles_that_somebody_else_changed_meanwhile_are_not_overwritten(
    imported: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_roles(monkeypatch, {"sex": "feature"})
    page = open_page("data", data_view="Roles")
    importing.set_roles(imported, datasets.get(imported, "loans"), {"region": "ignore"}, actor="bo")

    press(page, "Save roles")

    assert not page.exception
    assert "`region` from feature to ignore" in page.error[0].value
    schema = datasets.get(imported, "loans").schema
    assert (schema.column("region").role, schema.column("sex").role) == ("ignore", "protected")
    assert not page.success

    press(page, "Save roles")  # having seen them as they are now

    assert datasets.get(imported, "loans").schema.column("sex").role == "feature"


def test_a_link_to_a_version_that_is_gone_shows_the_newest(imported: Workspace, open_page: OpenPage) -> None:
    page = open_page("data", dataset="nothing@9")

    assert not page.exception
    assert page.selectbox(key="dataset").value == "loans@1"
