"""A stored decision comes out again, and whatever was changed since is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aimass_core.decide.policy import Policy
from aimass_core.errors import NotFoundError
from aimass_core.workflows import evaluating, reviewing, scoring
from aimass_core.workspace import audit, cases, registry
from aimass_core.workspace.cases import Decision
from tests.trained import FAMILIES, Trained


def decided(trained: Trained, model: str = "boosting", **options: Any) -> Decision:
    return scoring.decide(trained.ws, model, trained.rows(3), source="form", actor="ana", **options)[2]


def altered(trained: Trained, decision: Decision, **changes: Any) -> str:
    """Store a decision as somebody would have it who changed the record."""
    forged = replace(decision, decision_id=f"forged-{decision.decision_id}", **changes)
    cases.add_decisions(trained.ws, [forged])
    return forged.decision_id


@pytest.fixture
def bundle_file(trained: Trained) -> Iterator[Path]:
    """A file of the boosting model that is put back as it was."""
    run_id = registry.get(trained.ws, "boosting").run_id
    path = evaluating.bundle_path(trained.ws, run_id) / "steps.json"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


@pytest.mark.parametrize("model", list(FAMILIES))
@pytest.mark.parametrize("reference", ["population", "applicants", "cutoff"])
def test_a_decision_comes_out_again(trained: Trained, model: str, reference: Any) -> None:
    stored = decided(trained, model, reference=reference)

    found = reviewing.replay(trained.ws, stored.decision_id, actor="ben")

    assert found.agrees
    assert (found.differences, found.problem, found.reasons_compared) == ((), "", True)
    assert found.again is not None
    again, first = found.again.reasons["principal"], stored.reasons["principal"]
    assert [(item["feature"], item["text"]) for item in again] == [(i["feature"], i["text"]) for i in first]
    assert [item["contribution"] for item in again] == pytest.approx([i["contribution"] for i in first])
    assert found.stored == stored == reviewing.decision(trained.ws, stored.decision_id)


def test_a_replay_uses_the_policy_of_its_day(trained: Trained) -> None:
    name = "replay-policy"
    registry.register(trained.ws, registry.get(trained.ws, "boosting").run_id, name=name, actor="ana")
    scoring.set_policy(trained.ws, name, Policy(kind="credit", low=0, high=0), actor="ana")
    stored = decided(trained, name)
    scoring.set_policy(trained.ws, name, Policy(kind="credit", low=1, high=1), actor="ana")

    found = reviewing.replay(trained.ws, stored.decision_id, actor="ben")

    assert stored.outcome == "decline"
    assert found.agrees


def test_each_replay_is_recorded_with_who_and_what_came_out(trained: Trained) -> None:
    stored = decided(trained)
    forged = altered(trained, stored, outcome="approve" if stored.outcome != "approve" else "decline")

    reviewing.replay(trained.ws, stored.decision_id, actor="ben")
    reviewing.replay(trained.ws, forged, actor="cleo")

    (event,) = audit.events(trained.ws, subject=stored.decision_id)
    assert (event.action, event.actor) == ("decision.replay", "ben")
    assert event.detail == {"agrees": True, "differences": [], "problem": ""}
    (event,) = audit.events(trained.ws, subject=forged)
    assert (event.actor, event.detail["differences"]) == ("cleo", ["outcome"])


def reason_changed(reasons: dict[str, Any], **values: Any) -> dict[str, Any]:
    copy = json.loads(json.dumps(reasons))
    copy["favourable"][0].update(values)
    return dict(copy)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda d: {"probability": d.probability + 2e-6}, ["probability"]),
        (lambda d: {"log_odds": d.log_odds - 2e-6}, ["log-odds"]),
        (lambda d: {"outcome": "approve" if d.outcome != "approve" else "decline"}, ["outcome"]),
        (lambda d: {"bundle_sha256": "00" * 32}, ["SHA-256 of the model"]),
        (lambda d: {"input_sha256": "00" * 32}, ["SHA-256 of the input"]),
        (lambda d: {"input": {**d.input, "branch": "Nord"}}, ["SHA-256 of the input"]),
        (lambda d: {"reasons": {**d.reasons, "base": d.reasons["base"] + 1e-5}}, ["base of the reasons"]),
        (lambda d: {"reasons": {**d.reasons, "principal": []}}, ["principal reasons", "contribution of"]),
        (lambda d: {"reasons": reason_changed(d.reasons, contribution=-9.0)}, ["contribution of"]),
        (lambda d: {"reasons": reason_changed(d.reasons, value="none of it")}, ["value of"]),
        (lambda d: {"reasons": {"explained": True}}, ["reasons"]),
    ],
)
def test_a_changed_record_is_found_and_named(trained: Trained, change: Any, expected: list[str]) -> None:
    stored = next(
        d
        for d in scoring.decide(trained.ws, "boosting", trained.rows(20), source="t", actor="ana")
        if d.reasons["favourable"] and len(d.reasons["principal"]) >= 1
    )
    forged = altered(trained, stored, **change(stored))

    found = reviewing.replay(trained.ws, forged, actor="ben")

    assert not found.agrees
    whats = [d.what for d in found.differences]
    assert whats[0].startswith(expected[0])
    assert all(what.startswith(tuple(expected)) for what in whats)
    assert all(d.stored != d.again for d in found.differences)


def test_differences_within_rounding_are_none(trained: Trained) -> None:
    stored = decided(trained)
    near = altered(trained, stored, probability=stored.probability + 5e-7, log_odds=stored.log_odds - 5e-7)

    assert reviewing.replay(trained.ws, near, actor="ben").agrees


def test_an_input_that_was_changed_gives_another_score(trained: Trained) -> None:
    stored = decided(trained)
    forged = altered(trained, stored, input={**stored.input, "income": 100_000.0})

    found = reviewing.replay(trained.ws, forged, actor="ben")

    assert {"SHA-256 of the input", "probability", "log-odds"} <= {d.what for d in found.differences}


def test_a_decision_without_reasons_is_replayed_and_explained(trained: Trained) -> None:
    stored = decided(trained, reasons=False)

    found = reviewing.replay(trained.ws, stored.decision_id, actor="ben")

    assert found.agrees
    assert not found.reasons_compared
    assert found.again is not None
    assert found.again.reasons["explained"]


def test_an_edited_model_is_said_to_be_edited(trained: Trained, bundle_file: Path) -> None:
    stored = decided(trained)
    bundle_file.write_bytes(bundle_file.read_bytes() + b" ")

    found = reviewing.replay(trained.ws, stored.decision_id, actor="ben")

    assert not found.agrees
    assert found.again is None
    assert "steps.json" in found.problem
    assert "was edited or torn" in found.problem
    assert audit.events(trained.ws, subject=stored.decision_id)[0].detail["problem"] == found.problem


def test_a_missing_model_is_said_to_be_missing(trained: Trained, bundle_file: Path) -> None:
    stored = decided(trained)
    folder = bundle_file.parent
    away = folder.rename(folder.with_name("away"))
    try:
        found = reviewing.replay(trained.ws, stored.decision_id, actor="ben")
    finally:
        away.rename(folder)

    assert (found.agrees, found.again) == (False, None)
    assert "it has no manifest.json" in found.problem


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_id": "gone"}, "model `gone` must be registered"),
        ({"policy_id": "gone"}, "policy gone must exist"),
    ],
)
def test_a_lost_model_or_policy_is_named(trained: Trained, change: dict[str, str], message: str) -> None:
    forged = altered(trained, decided(trained), **change)

    found = reviewing.replay(trained.ws, forged, actor="ben")

    assert (found.agrees, found.again) == (False, None)
    assert message in found.problem


def test_a_decision_that_is_not_there_cannot_be_replayed(trained: Trained) -> None:
    with pytest.raises(NotFoundError, match="decision nope must exist"):
        reviewing.replay(trained.ws, "nope", actor="ben")
    assert audit.events(trained.ws, subject="nope") == []


def test_decisions_are_found_and_counted(trained: Trained) -> None:
    name = "review-find"
    registry.register(trained.ws, registry.get(trained.ws, "scorecard").run_id, name=name, actor="ana")
    scoring.set_policy(trained.ws, name, Policy(kind="credit", low=0.3, high=0.4), actor="ana")
    made = scoring.decide(trained.ws, name, trained.rows(60), source="form", actor="ana")
    expected = {o: sum(d.outcome == o for d in made) for o in {d.outcome for d in made}}

    assert reviewing.counts(trained.ws, model=name) == expected
    for outcome, count in expected.items():
        page, total = reviewing.find(trained.ws, model=name, outcome=outcome, limit=5)
        assert total == count
        assert {d.outcome for d in page} == {outcome}
    (one,), total = reviewing.find(trained.ws, model=name, subject="C-00042")
    assert (one.subject, total) == ("C-00042", 1)
