"""Decisions looked at again: found, opened, and replayed from what was stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.workflows.rows import checked
from aimass_core.workflows.scorer import Scorer
from aimass_core.workspace import audit, cases, registry, runs
from aimass_core.workspace.cases import Decision
from aimass_core.workspace.cells import row_sha256
from aimass_core.workspace.connection import Workspace

TOLERANCE = 1e-6
"""Largest difference, in probability and in log-odds, between a decision and its replay."""

_SIDES = ("principal", "tail", "favourable")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise, as text for a person."""

    what: str
    stored: str
    again: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What came out when a decision was made again from the archive.

    Attributes
    ----------
    agrees : everything stored came out again; False as well when it could not be tried.
    again : the decision as it came out now, with its reasons; None when it could not be tried.
    problem : why it could not be tried.
    reasons_compared : False when none had been stored.
    """

    stored: Decision
    agrees: bool
    differences: tuple[Difference, ...]
    again: Decision | None
    problem: str = ""
    reasons_compared: bool = True


def decision(ws: Workspace, decision_id: str) -> Decision:
    """Open one decision.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    return cases.get(ws, decision_id)


def find(
    ws: Workspace,
    *,
    model: str | None = None,
    outcome: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    source: str | None = None,
    batch_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Decision], int]:
    """Return one page of decisions, newest first, and how many there are; filters as :func:`cases.find`."""
    return cases.find(
        ws,
        model=model,
        outcome=outcome,
        subject=subject,
        text=text,
        source=source,
        batch_id=batch_id,
        since=since,
        until=until,
        offset=offset,
        limit=limit,
    )


def counts(
    ws: Workspace,
    *,
    model: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    source: str | None = None,
    batch_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, int]:
    """Return how many decisions there are of each outcome; filters as :func:`find`."""
    return cases.counts(
        ws,
        model=model,
        subject=subject,
        text=text,
        source=source,
        batch_id=batch_id,
        since=since,
        until=until,
    )


def replay(ws: Workspace, decision_id: str, *, actor: str) -> Replay:
    """Make a stored decision again and compare; who asked and what came out is recorded.

    Input, model version and policy version are those that were stored. The model's files are read anew and
    checked against their seals, so a model that was replaced or edited since is found.

    Raises
    ------
    NotFoundError
        When there is no such decision.
    """
    stored = cases.get(ws, decision_id)
    result = _replayed(ws, stored)
    detail = {
        "agrees": result.agrees,
        "differences": [d.what for d in result.differences],
        "problem": result.problem,
    }
    audit.record(ws, "decision.replay", decision_id, detail, actor=actor)
    return result


def _replayed(ws: Workspace, stored: Decision) -> Replay:
    from aimass_core.bundle import Bundle

    spoilt = tuple(_spoilt_input(stored))
    try:
        model = registry.get(ws, stored.model_id)
        bundle = Bundle.load(ws.bundles / runs.get(ws, model.run_id).bundle)
        scorer = Scorer.of(ws, model, bundle, cases.policy_by_id(ws, stored.policy_id))
        (again,) = scorer.decide(
            checked([stored.input], bundle.input_columns),
            batch_id=stored.batch_id,
            source=stored.source,
            actor=stored.decided_by,
            reference=stored.reference,  # type: ignore[arg-type]  # only its names are ever stored
            subjects=[stored.subject],
            stored=False,
        )
    except (NotFoundError, DataError, SettingsError) as error:
        return Replay(stored, False, spoilt, None, str(error), reasons_compared=False)
    explained = bool(stored.reasons.get("explained"))
    differences = (*spoilt, *_differences(stored, again, explained))
    return Replay(stored, not differences, differences, again, reasons_compared=explained)


def _spoilt_input(stored: Decision) -> Iterator[Difference]:
    digest = row_sha256(stored.input)
    if digest != stored.input_sha256:
        yield Difference("SHA-256 of the input", stored.input_sha256, digest)


def _differences(stored: Decision, again: Decision, explained: bool) -> Iterator[Difference]:
    if stored.bundle_sha256 != again.bundle_sha256:
        yield Difference("SHA-256 of the model", stored.bundle_sha256, again.bundle_sha256)
    for what in ("probability", "log_odds"):
        before, after = getattr(stored, what), getattr(again, what)
        if not _same(before, after):
            yield Difference(what.replace("_", "-"), repr(before), repr(after))
    if stored.outcome != again.outcome:
        yield Difference("outcome", stored.outcome, again.outcome)
    if explained:
        try:
            yield from _reason_differences(stored.reasons, again.reasons)
        except (KeyError, TypeError, ValueError) as error:
            yield Difference("reasons", f"not readable ({error})", "readable")


def _reason_differences(stored: dict[str, Any], again: dict[str, Any]) -> Iterator[Difference]:
    if not _same(stored["base"], again["base"]):
        yield Difference("base of the reasons", repr(stored["base"]), repr(again["base"]))
    before, after = _principal(stored), _principal(again)
    if before != after:
        yield Difference("principal reasons", ", ".join(before) or "none", ", ".join(after) or "none")
    old, new = _by_feature(stored), _by_feature(again)
    for feature in dict.fromkeys([*old, *new]):
        value, contribution = old.get(feature, ("no reason", 0.0))
        value_again, contribution_again = new.get(feature, ("no reason", 0.0))
        if not _same(contribution, contribution_again):
            yield Difference(f"contribution of `{feature}`", repr(contribution), repr(contribution_again))
        elif value != value_again and feature in old and feature in new:
            yield Difference(f"value of `{feature}`", value, value_again)


def _principal(reasons: dict[str, Any]) -> list[str]:
    return [reason["feature"] for reason in reasons["principal"]]


def _by_feature(reasons: dict[str, Any]) -> dict[str, tuple[str, float]]:
    return {
        reason["feature"]: (reason["value"], float(reason["contribution"]))
        for side in _SIDES
        for reason in reasons[side]
    }


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE
