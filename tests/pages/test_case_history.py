"""Recent history: what is unusual for the card, and what is said where it cannot be told."""

from __future__ import annotations

import pytest

from aimass_core.workflows import evaluating, scoring
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace
from app import context
from tests.made import add_dataset, train_here
from tests.pages.conftest import OpenPage, shown
from tests.workflows.test_history import COLUMNS_HERE, ODD, RARE, payments

VIEW = {"run": "cards", "case_view": "Recent history"}


@pytest.fixture
def cards(home: object) -> Workspace:
    """The app's workspace with payments and a registered model on them."""
    ws = context.workspace()
    add_dataset(ws, payments(), columns=COLUMNS_HERE)
    run = train_here(ws, "scorecard", target="y", kind="fraud", name="cards")
    evaluating.register(ws, run.run_id, name="cards", actor="ann")
    scoring.set_policy(ws, "cards", scoring.default_policy(ws, "cards"), actor="ann")
    return ws


def test_odd_payment_is_told_what_is_odd_about_it(cards: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain", row=str(ODD), **VIEW)

    assert not page.exception
    assert not page.error
    text = shown([*page.markdown, *page.caption])
    assert "60 rows** of `card` `daily` before" in text
    assert "The last 50 are looked at" in text
    assert "sooner than usual: 30 s after the row before" in text
    assert "`amount` is `500`; usually `10`" in text
    assert "`shop` is `jeweller`, never seen before" in text
    table = next(frame.value for frame in page.dataframe if "When" in frame.value.columns)
    assert table[""].to_list() == ["this one", *(f"row {row}" for row in range(ODD - 1, ODD - 11, -1))]

    page.toggle(key="history.every").set_value(True).run()

    assert not page.exception
    compared = next(frame.value for frame in page.dataframe if "Modified z-score" in frame.value.columns)
    assert compared["Unusual"].to_list() == ["yes", "yes"]


def test_ordinary_payment_and_one_with_little_history(cards: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain", row="31", **VIEW)
    assert "Nothing about it is unusual" in shown(page.markdown)

    page = open_page("explain", row=str(RARE[2]), **VIEW)
    assert not page.exception
    assert "Too little history" in shown(page.info)
    assert "unusual" not in shown(page.markdown)

    page = open_page("explain", row=str(RARE[0]), **VIEW)
    assert not page.exception
    assert "No history" in shown(page.info)


def test_decision_without_card_and_time_says_what_is_missing(cards: Workspace, open_page: OpenPage) -> None:
    (made,) = scoring.decide(cards, "cards", [{"amount": 12.0, "shop": "fuel"}], source="form", actor="ann")

    page = open_page(
        "decisions", view="Find and replay", decision=made.decision_id, case_view="Recent history"
    )

    assert not page.exception
    assert not page.error
    assert "no value of `card` and `at`" in shown(page.markdown)


def test_view_is_not_offered_without_a_card(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")

    page = open_page("explain", run=run.name, row="3", case_view="Recent history")

    assert not page.exception
    assert not page.error
    options = page.segmented_control(key="case_view").options
    assert "Similar cases" in options
    assert "Recent history" not in options
