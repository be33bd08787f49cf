"""Clean, as an analyst meets it: no data, a suggested recipe, rules by form, a rule that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.workflows import cleaning, importing
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from tests.pages.conftest import OpenPage


@pytest.fixture
def faulty(home: Path, tmp_path: Path) -> Workspace:
    """A data set of 201 rows with 50 codes for missing and one duplicate."""
    from app import context

    path = tmp_path / "faulty.csv"
    lines = [f"{i},{'-999' if i % 4 == 0 else 1000 + i},{i % 2}" for i in range(1, 201)]
    path.write_text("\n".join(["id,income,default", *lines, lines[0]]) + "\n", encoding="utf-8")
    ws = context.workspace()
    importing.import_file(ws, path, name="faulty", actor="ana")
    return ws


def press(page: AppTest, label: str, which: int = 0) -> AppTest:
    """Press the button of that label."""
    return [button for button in page.button if button.label == label][which].click().run()


def rules(page: AppTest) -> list[str]:
    """Return the sentences of the recipe as shown."""
    return [item.value for item in page.markdown if item.value[:1].isdigit() and ". " in item.value]


def test_without_data_it_leads_to_the_import(open_page: OpenPage) -> None:
    page = open_page("clean")

    assert not page.exception
    assert any("no data set to clean" in item.value for item in page.markdown)
    press(page, "Import a file")
    assert page.title[0].value == "Data"


def test_a_new_version_has_no_recipe_and_can_be_taken_away(faulty: Workspace, open_page: OpenPage) -> None:
    page = open_page("clean")

    assert not page.exception
    assert rules(page) == []
    assert not page.metric


def test_suggested_recipe_shows_what_would_change_and_becomes_a_version(
    faulty: Workspace, open_page: OpenPage
) -> None:
    page = press(open_page("clean"), "Suggest a recipe")
    assert not page.exception
    assert not page.error
    assert any("`-999` become missing" in rule for rule in rules(page))
    figures = {metric.label: metric.value for metric in page.metric}
    assert (figures["Rows before"], figures["Rows after"], figures["Cells repaired"]) == ("201", "200", "50")
    counts = page.dataframe[0].value
    assert set(counts[counts["Rule"] == "Sentinel to missing"]["Cells"]) == {50}
    changes = page.dataframe[1].value
    assert set(changes[changes["Why"] == "Sentinel to missing"]["After"]) == {"(missing)"}

    press(page, "Make the next version")

    assert not page.exception
    assert page.selectbox(key="dataset").value == "faulty@2"
    made = datasets.get(faulty, "faulty")
    assert (made.rows, made.created_by, len(made.repairs)) == (200, "ana", 2)
    assert cleaning.recipe(faulty, made).steps
    assert datasets.get(faulty, "faulty@1").rows == 201


def test_a_rule_is_added_changed_moved_and_removed(faulty: Workspace, open_page: OpenPage) -> None:
    page = open_page("clean")
    page.selectbox(key="clean.repairs.0.kind").select("Duplicate rows").run()
    press(page, "Add", 0)
    assert rules(page) == ["1. Rows equal to an earlier one in every column are dropped."]
    page.selectbox(key="clean.repairs.1.kind").select("Impossible values").run()
    page.selectbox(key="clean.repairs.1.add.RangeRepair.column").select("income")
    page.text_input(key="clean.repairs.1.add.RangeRepair.low").set_value("0")
    press(page, "Add", 0)
    assert rules(page)[1] == "2. In `income`, values below `0` become missing."

    press(page, "Move up", 0)
    assert rules(page)[0] == "1. In `income`, values below `0` become missing."
    press(page, "Change", 0)
    page.text_input(key="clean.repairs.3.change.high").set_value("1100")
    press(page, "Save the change")
    assert rules(page)[0] == "1. In `income`, values outside `0` to `1,100` become missing."
    press(page, "Remove", 1)

    assert not page.exception
    assert len(rules(page)) == 1


def test_an_incomplete_rule_says_what_is_missing(faulty: Workspace, open_page: OpenPage) -> None:
    page = open_page("clean")
    page.selectbox(key="clean.repairs.0.kind").select("Impossible values").run()
    press(page, "Add", 0)

    assert not page.exception
    assert "a range needs a smallest or a largest value" in page.error[0].value
    assert rules(page) == []


def test_a_rule_that_does_not_fit_is_refused_and_can_be_removed(
    faulty: Workspace, open_page: OpenPage
) -> None:
    page = open_page("clean")
    page.selectbox(key="clean.repairs.0.kind").select("Labels").run()
    press(page, "Add", 0)
    assert page.error, "a mapping without labels is refused"
    page.selectbox(key="clean.repairs.0.kind").select("Impossible values").run()
    page.selectbox(key="clean.repairs.0.add.RangeRepair.column").select("income")
    page.text_input(key="clean.repairs.0.add.RangeRepair.low").set_value("2020-01-01")
    press(page, "Add", 0)

    assert not page.exception
    assert "must be given in numbers" in page.error[0].value
    press(page, "Remove", 0)
    assert not page.error


def test_the_draft_stays_when_another_page_was_open(faulty: Workspace, open_page: OpenPage) -> None:
    page = press(open_page("clean"), "Suggest a recipe")
    before = rules(page)
    root = Path(__file__).resolve().parents[2]
    page.switch_page(str(root / "pages" / "data.py")).run()
    page.switch_page(str(root / "pages" / "clean.py")).run()

    assert before
    assert rules(page) == before
