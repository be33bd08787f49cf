"""The reason dictionary on the Explain page: drafted, saved, refused, and read by the customer."""

from __future__ import annotations

from aimass_core.workflows import wording
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace
from tests.pages.conftest import OpenPage, shown

RUN = "loans boosting"
KEY = "explain.wording.loans"


def test_what_is_missing_is_named_first(trained: Workspace, open_page: OpenPage) -> None:
    overview = wording.of_run(trained, runs.get(trained, RUN).run_id)

    page = open_page("explain", run=RUN, explain_view="Wording")

    assert not page.exception
    assert "No customer can be told why" in shown(page.markdown)
    editor = page.dataframe[0].value
    assert sorted(editor["Feature"]) == sorted(overview.features)
    assert set(editor["Direction"]) == {"Speaks against"}


def test_drafts_are_saved_only_when_asked_and_then_read_by_the_customer(
    trained: Workspace, open_page: OpenPage
) -> None:
    page = open_page("explain", run=RUN, explain_view="Wording")
    page.button(key=f"{KEY}.draft").click().run()
    assert not page.exception
    assert all(page.dataframe[0].value["What the customer reads"])
    assert wording.dictionary(trained, "loans").version == 0

    page.button(key=f"{KEY}.save").click().run()

    assert not page.exception
    found = wording.dictionary(trained, "loans")
    assert found.version == len(found.sentences) == len(page.dataframe[0].value)
    assert "Every reason against a case has a sentence" in shown(page.markdown)
    row = open_page("explain", run=RUN)
    assert "without a sentence for" not in shown(row.caption)
    row.toggle(key="explain.reasons.customer").set_value(True).run()
    assert "speaks against this application" in shown(row.markdown).replace("\\", "")


def test_reasons_without_a_sentence_are_counted_beside_them(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain", run=RUN)

    assert "without a sentence for the customer" in shown(page.caption)


def test_what_another_person_saved_is_not_overwritten_unseen(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain", run=RUN, explain_view="Wording")
    page.button(key=f"{KEY}.draft").click().run()
    theirs = {
        "feature": "income",
        "direction": "raises",
        "customer": "Theirs",
        "reviewer": "",
        "owner": "ben",
    }
    wording.save(trained, "loans", [theirs], actor="ben")

    page.button(key=f"{KEY}.save").click().run()

    assert not page.exception
    assert "somebody else has saved" in shown(page.error).lower()
    assert wording.dictionary(trained, "loans").version == 1
    assert all(page.dataframe[0].value["What the customer reads"])  # what was written is still there

    page.button(key=f"{KEY}.save").click().run()

    assert wording.dictionary(trained, "loans").version > 1
