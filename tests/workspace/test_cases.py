"""Policies and decisions: kept whole, versioned, found from every side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.workspace import audit, cases
from aimass_core.workspace.cases import Decision
from aimass_core.workspace.cells import row_sha256, row_text
from aimass_core.workspace.connection import Workspace, new_id, open_workspace

NOON = datetime(2026, 3, 1, 12, 0, 0, 5)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home", memory_limit_mb=256, threads=1)
    yield workspace
    workspace.close()


def decision(**changes: Any) -> Decision:
    row = changes.pop("input", {"income": 1200.5, "name": "Zoë"})
    base = Decision(
        decision_id=new_id(),
        batch_id="batch-1",
        model_id="model-1",
        policy_id="policy-1",
        source="api",
        subject=None,
        input=row,
        input_sha256=row_sha256(row),
        probability=0.25,
        log_odds=-1.0986122886681098,
        outcome="approve",
        reasons={"principal": [], "tail": [], "base": -2.0},
        reference="population",
        decided_at=NOON,
        decided_by="ana",
        bundle_sha256="ab" * 32,
    )
    return replace(base, **changes)


def add_model(ws: Workspace, model_id: str, name: str, version: int) -> None:
    with ws.writing() as cursor:
        cursor.execute(
            "INSERT INTO models VALUES (?, ?, ?, 'run-1', '', ?, 'ana')", [model_id, name, version, NOON]
        )


def test_a_decision_comes_back_exactly(ws: Workspace) -> None:
    row = {
        '名前 "q" 😀': "<b>'; DROP TABLE decisions; --",
        "big": 2**70,
        "tiny": 5e-324,
        "third": 1 / 3,
        "inf": float("inf"),
        "none": None,
        "flag": False,
        "day": date(2024, 2, 29),
        "zero\x00": "nul \x00 inside",
    }
    given = decision(input=row, subject="C-17", reasons={"principal": [{"feature": "x", "value": "é"}]})

    cases.add_decisions(ws, [given])
    again = cases.get(ws, given.decision_id)

    assert again == given
    assert again.input_sha256 == hashlib.sha256(row_text(again.input).encode()).hexdigest()


def test_a_decision_names_its_model_and_policy_when_read(ws: Workspace) -> None:
    add_model(ws, "model-1", "retail", 3)
    policy = cases.set_policy(ws, "retail", {"kind": "credit", "low": 0.1, "high": 0.3}, actor="ana")
    known = decision(policy_id=policy.policy_id)
    orphan = decision(model_id="gone")

    cases.add_decisions(ws, [known, orphan])

    assert cases.get(ws, known.decision_id).model == "retail@3"
    assert cases.get(ws, known.decision_id).policy_version == 1
    assert cases.get(ws, orphan.decision_id).model == ""


def test_an_unknown_decision_is_said_to_be_unknown(ws: Workspace) -> None:
    with pytest.raises(NotFoundError, match="decision nope must exist"):
        cases.get(ws, "nope")


def test_decisions_and_their_event_are_kept_together_or_not_at_all(ws: Workspace) -> None:
    good = decision()
    bad = replace(decision(), input={"x": [1, 2]})  # type: ignore[dict-item]

    with pytest.raises(DataError, match="`x` must be"):
        cases.add_decisions(ws, [good, bad])
    assert cases.find(ws) == ([], 0)
    assert audit.events(ws) == []

    cases.add_decisions(ws, [good, decision(batch_id="batch-2", decided_by="ben")])
    events = audit.events(ws, action="decision.score")
    assert {(e.subject, e.actor, e.detail["rows"]) for e in events} == {
        ("batch-1", "ana", 1),
        ("batch-2", "ben", 1),
    }


def test_no_decision_is_kept_without_its_event(ws: Workspace) -> None:
    with pytest.raises(SettingsError, match="who did it"):
        cases.add_decisions(ws, [decision(decided_by="")])

    assert cases.find(ws) == ([], 0)


def test_decisions_of_a_file_are_stored_like_the_others(ws: Workspace, tmp_path: Path) -> None:
    many = [decision(subject=str(n), input={"n": n, "x": n / 7}) for n in range(250)]
    pq.write_table(cases.decisions_table(many), tmp_path / "it's.parquet")

    assert cases.add_decisions_from(ws, tmp_path / "it's.parquet") == 250

    assert cases.get(ws, many[137].decision_id) == many[137]
    assert audit.events(ws)[0].detail["rows"] == 250


def test_decisions_are_found_from_every_side(ws: Workspace) -> None:
    add_model(ws, "m1", "retail", 1)
    add_model(ws, "m2", "retail", 2)
    add_model(ws, "m3", "cards", 1)
    made = [
        decision(model_id="m1", outcome="approve", subject="C-1", input={"city": "Köln"}),
        decision(model_id="m2", outcome="refer", subject="C-2", input={"city": "100%"}),
        decision(model_id="m2", outcome="decline", subject="C-1", input={"city": "1000"}),
        decision(model_id="m3", outcome="block", subject=None, source="form", input={"city": "a_b"}),
    ]
    made = [replace(d, decided_at=NOON + timedelta(hours=n)) for n, d in enumerate(made)]
    cases.add_decisions(ws, made)

    def found(**sides: Any) -> list[int]:
        page, total = cases.find(ws, **sides)
        assert total == len(page)
        return [made.index(d) for d in page]

    assert found() == [3, 2, 1, 0]
    assert found(model="retail") == [2, 1, 0]
    assert found(model="retail@2") == [2, 1]
    assert found(model="nothing") == []
    assert found(outcome="refer") == [1]
    assert found(subject="C-1") == [2, 0]
    assert found(source="form") == [3]
    assert found(batch_id="batch-1", outcome="block") == [3]
    assert found(text="KÖLN") == [0]
    assert found(text="100%") == [1]
    assert found(text="a_b") == [3]
    assert found(text=made[2].decision_id.upper()) == [2]
    assert found(since=NOON + timedelta(hours=2)) == [3, 2]
    assert found(until=NOON + timedelta(hours=2)) == [1, 0]
    assert found(text="' OR 1=1 --") == []
    assert cases.counts(ws) == {"approve": 1, "refer": 1, "decline": 1, "block": 1}
    assert cases.counts(ws, model="retail", subject="C-1") == {"approve": 1, "decline": 1}


def test_decisions_are_paged_and_the_total_is_of_all_pages(ws: Workspace) -> None:
    made = [decision(decided_at=NOON + timedelta(seconds=n), subject=str(n)) for n in range(7)]
    cases.add_decisions(ws, made)

    page, total = cases.find(ws, offset=2, limit=3)

    assert [d.subject for d in page] == ["4", "3", "2"]
    assert total == 7
    assert cases.find(ws, offset=50)[0] == []


@pytest.mark.parametrize("page", [{"offset": -1}, {"limit": 0}, {"limit": 10_001}])
def test_an_impossible_page_is_refused(ws: Workspace, page: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="a page of decisions"):
        cases.find(ws, **page)


def test_policies_are_versioned_by_model_and_never_lost(ws: Workspace) -> None:
    first = cases.set_policy(ws, "retail", {"kind": "credit", "low": 0.1, "high": 0.3}, actor="ana")
    second = cases.set_policy(ws, "retail", {"kind": "credit", "low": 0.2, "high": 0.4}, actor="ben")
    other = cases.set_policy(ws, "cards", {"kind": "fraud", "low": 0.0, "high": 1.0}, actor="ana")

    assert (first.version, second.version, other.version) == (1, 2, 1)
    assert cases.policy(ws, "retail") == second
    assert cases.policy(ws, "unknown") is None
    assert cases.policies(ws, "retail") == [second, first]
    assert cases.policy_by_id(ws, first.policy_id) == first
    assert (second.set_by, second.policy["low"]) == ("ben", 0.2)
    assert [e.actor for e in audit.events(ws, subject="retail", action="policy.set")] == ["ben", "ana"]
    with pytest.raises(NotFoundError, match="policy nope must exist"):
        cases.policy_by_id(ws, "nope")


def test_a_first_policy_does_not_replace_one_that_is_there(ws: Workspace) -> None:
    first = cases.set_policy(ws, "retail", {"low": 0.1}, actor="ana", only_if_none=True)
    again = cases.set_policy(ws, "retail", {"low": 0.9}, actor="ben", only_if_none=True)

    assert again == first
    assert len(audit.events(ws, action="policy.set")) == 1
