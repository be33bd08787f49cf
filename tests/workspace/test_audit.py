"""Who did what is kept, in order, together with the act or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aimass_core.errors import SettingsError
from aimass_core.workspace import audit
from aimass_core.workspace.connection import Workspace, open_workspace


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home", memory_limit_mb=256, threads=1)
    yield workspace
    workspace.close()


def test_events_come_back_newest_first_with_their_detail(ws: Workspace) -> None:
    audit.record(ws, "dataset.import", "loans", {"rows": 12, "file": "kredite-ä.csv"}, actor="ana")
    audit.record(ws, "policy.set", "retail", actor="ben")

    found = audit.events(ws)

    assert [(e.action, e.subject, e.actor) for e in found] == [
        ("policy.set", "retail", "ben"),
        ("dataset.import", "loans", "ana"),
    ]
    assert found[1].detail == {"rows": 12, "file": "kredite-ä.csv"}
    assert found[0].detail == {}


def test_events_can_be_narrowed_and_paged(ws: Workspace) -> None:
    for number in range(5):
        audit.record(ws, "decision.replay", "d1" if number % 2 else "d2", {"n": number}, actor="ana")
    audit.record(ws, "policy.set", "d2", actor="ana")

    assert [e.detail["n"] for e in audit.events(ws, subject="d1")] == [3, 1]
    assert [e.detail["n"] for e in audit.events(ws, subject="d2", action="decision.replay")] == [4, 2, 0]
    assert [e.detail["n"] for e in audit.events(ws, action="decision.replay", limit=2, offset=1)] == [3, 2]


def test_an_event_is_lost_with_the_act_that_failed(ws: Workspace) -> None:
    def interrupted() -> None:
        with ws.writing() as cursor:
            audit.record(cursor, "policy.set", "retail", actor="ana")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        interrupted()

    assert audit.events(ws) == []


def test_values_json_cannot_hold_are_kept_as_text(ws: Workspace) -> None:
    detail = {"auc": float("nan"), "loss": [float("inf")], "path": Path("a/b"), 3: (1, 2)}

    audit.record(ws, "run.finish", "r1", detail, actor="ana")

    assert audit.events(ws)[0].detail == {"auc": "nan", "loss": ["inf"], "path": "a/b", "3": [1, 2]}


def test_quotes_and_sql_are_only_text(ws: Workspace) -> None:
    nasty = "'); DROP TABLE audit; --"

    audit.record(ws, nasty, nasty, {nasty: nasty}, actor=nasty)

    assert audit.events(ws, subject=nasty)[0].detail == {nasty: nasty}


def test_an_act_without_an_actor_is_refused(ws: Workspace) -> None:
    with pytest.raises(SettingsError, match="who did it"):
        audit.record(ws, "policy.set", "retail", actor=" ")
    assert audit.events(ws) == []
