"""The reason dictionary in the workspace: set, taken back, kept apart by data set, and used everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aimass_core.errors import ConflictError, DataError, SettingsError
from aimass_core.workflows import case, explaining, reviewing, scoring, wording
from aimass_core.workspace import audit, registry
from aimass_core.workspace import wording as kept
from aimass_core.workspace.connection import Workspace, open_workspace
from app.exports import csv_bytes
from tests.trained import Trained


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home", threads=1)
    yield workspace
    workspace.close()


def row(feature: str = "income", **changes: str) -> dict[str, str]:
    made = {
        "feature": feature,
        "direction": "raises",
        "customer": f"{feature} too low",
        "reviewer": "",
        "owner": "ana",
    }
    return {**made, **changes}


def test_newest_is_in_force_and_the_others_are_history(ws: Workspace) -> None:
    assert wording.save(ws, "loans", [row(), row("age")], actor="ana") == 2
    assert wording.save(ws, "loans", [row(customer="Income {value}"), row("age")], actor="ben", seen=2) == 1

    found = wording.dictionary(ws, "loans")

    assert found.version == 3
    assert found.sentences["income", "raises"].customer == "Income {value}"
    assert [entry.set_by for entry in kept.history(ws, "loans", "income")] == ["ben", "ana"]
    events = [event for event in audit.events(ws) if event.action == "wording.set"]
    assert {event.actor for event in events} == {"ana", "ben"}


def test_emptied_entry_is_taken_back(ws: Workspace) -> None:
    wording.save(ws, "loans", [row()], actor="ana")
    wording.save(ws, "loans", [row(customer="")], actor="ana")

    found = wording.dictionary(ws, "loans")

    assert (found.version, found.sentences) == (2, {})
    assert wording.save(ws, "loans", [row("age", customer="")], actor="ana") == 0


def test_data_sets_have_dictionaries_of_their_own(ws: Workspace) -> None:
    wording.save(ws, "loans", [row()], actor="ana")

    assert wording.dictionary(ws, "cards").version == 0


def test_two_people_cannot_overwrite_each_other_unseen(ws: Workspace) -> None:
    wording.save(ws, "loans", [row()], actor="ana", seen=0)

    with pytest.raises(ConflictError, match="1 entries"):
        wording.save(ws, "loans", [row("age")], actor="ben", seen=0)

    assert wording.dictionary(ws, "loans").version == 1


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (row("age", customer="{salary}"), "age"),
        (row("", customer="x"), "no feature"),
        (row("age", direction="up"), "direction"),
        (row("age", customer="x" * 401), "customer"),
    ],
)
def test_bad_sentence_is_named_and_nothing_is_kept(ws: Workspace, bad: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        wording.save(ws, "loans", [row(), bad], actor="ana")

    assert wording.dictionary(ws, "loans").version == 0


def test_protected_column_is_never_told_to_a_customer(ws: Workspace) -> None:
    with pytest.raises(SettingsError, match="protected"):
        wording.save(ws, "loans", [row("sex")], actor="ana", protected=("sex",))


def test_file_gives_back_what_it_was_made_of(ws: Workspace) -> None:
    import pandas as pd

    rows = [
        row("=SUM(A1)"),
        row("收入", customer='Ihr Einkommen, "zu" niedrig: {value}'),
        row("-age", owner="+ben"),
    ]

    again = wording.read_csv(csv_bytes(pd.DataFrame(rows)))

    assert again == rows


@pytest.mark.parametrize("direction", ["up", "", "Raises"])
def test_row_of_a_file_that_names_no_direction_is_refused(direction: str) -> None:
    import pandas as pd

    with pytest.raises(DataError, match="row 2"):
        wording.read_csv(csv_bytes(pd.DataFrame([row(), row("age", direction=direction)])))


@pytest.mark.parametrize("content", [b"", b"feature,direction\nincome,raises\n", b"\xff\xfe\x00", b'a,"b\nc'])
def test_file_that_is_no_dictionary_is_refused(content: bytes) -> None:
    with pytest.raises(DataError):
        wording.read_csv(content)


@pytest.fixture
def worded(trained: Trained) -> Iterator[Any]:
    """The workspace of all families with two sentences, which are taken back afterwards."""
    overview = wording.of_run(trained.ws, registry.get(trained.ws, "boosting").run_id)
    rows = [
        row(
            feature,
            customer=f"Told: {feature} {{value}}",
            reviewer=f"Seen: {feature} {{value}}",
            direction=direction,
        )
        for feature in overview.features
        for direction in ("raises", "lowers")
    ]
    wording.save(trained.ws, overview.dataset, rows, actor="ana")
    yield trained
    gone = [{**item, "customer": "", "reviewer": ""} for item in rows]
    wording.save(trained.ws, overview.dataset, gone, actor="ana")


def test_page_decision_and_replay_say_the_same(worded: Trained) -> None:
    ws = worded.ws
    (decision,) = scoring.decide(ws, "boosting", worded.rows(1, 3), source="form", actor="ana")
    shown = explaining.explain_case(ws, case.of_decision(ws, decision))

    stored = decision.reasons["principal"]
    assert stored
    assert [r["customer"] for r in stored] == [r.customer for r in shown.reasons.principal]
    assert all(r["customer"].startswith("Told: ") and r["text"].startswith("Seen: ") for r in stored)
    assert decision.reasons["wording_version"] == shown.reasons.wording_version > 0
    wording.save(ws, "loans", [row(stored[0]["feature"], customer="Otherwise")], actor="ana")
    assert reviewing.replay(ws, decision.decision_id, actor="ana").agrees
    assert (
        reviewing.decision(ws, decision.decision_id).reasons["principal"][0]["customer"]
        == stored[0]["customer"]
    )
