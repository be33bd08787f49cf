"""The command that trains a run again to learn how good it really is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from aimass_core.errors import NotFoundError, SettingsError
from app.cli_models import meter
from app.cli_reply import Reply, number, say, table
from app.cli_workspace import opened

if TYPE_CHECKING:
    from aimass_core.evaluate.validation import Validation
    from aimass_core.workspace.connection import Workspace


def validate(run: str, *, groups: list[str], settings: dict[str, Any]) -> Reply:
    """Validate a run in a worker process and keep the result with it."""
    from aimass_core.jobs.runner import run_now
    from aimass_core.settings import settings as configured
    from aimass_core.workflows import validating
    from aimass_core.workflows.validation_spec import ValidationSpec
    from aimass_core.workspace.joblog import JobLog

    asked = {**settings, "groups": _groups(groups)}
    with opened() as ws:
        plan = validating.plan(ws, ValidationSpec(run=run_id(ws, run), **asked))
        for note in plan.notes:
            say(note)
        say(f"{plan.fits:,} trainings; about {max(1, round(plan.seconds)):,} s at most.")
        job = run_now(
            ws,
            validating.HANDLER,
            kind=validating.KIND,
            title=validating.title(ws, plan.spec),
            spec=plan.spec.model_dump(mode="json"),
            store=JobLog(ws),
            actor=configured().user,
            on_progress=meter(),
            threads=configured().threads,
        )
        found = next(
            result
            for result in validating.results(ws, plan.run.run_id, plan.spec.method)
            if result.job_id == job.job_id
        )
    result = found.validation
    data = {
        "run": plan.run.name,
        "run_id": plan.run.run_id,
        "validation_id": found.validation_id,
        "seconds": found.seconds,
        "settings": found.spec.model_dump(mode="json"),
        "test_auc": plan.run.metrics.get("test.auc"),
        "result": result.model_dump(mode="json"),
    }
    head = f"{validating.TITLES[result.method]} of {plan.run.name}: {result.fits:,} trainings."
    return Reply(data, "\n\n".join([head, *result.notes, _text(result)]))


def run_id(ws: Workspace, ref: str) -> str:
    """Return the run of that name or id, or that of a registered model."""
    from aimass_core.workspace import registry, runs

    try:
        return runs.get(ws, ref).run_id
    except NotFoundError:
        try:
            return registry.get(ws, ref).run_id
        except NotFoundError:
            pass
        raise


def _groups(texts: list[str]) -> dict[str, tuple[str, ...]] | None:
    found = {}
    for text in texts:
        name, equals, members = text.partition("=")
        if not equals or not name.strip():
            raise SettingsError("a group must be NAME=COLUMN,COLUMN", f"came '{text}'", "")
        found[name.strip()] = tuple(part.strip() for part in members.split(",") if part.strip())
    return found or None


def _text(found: Validation) -> str:
    if found.curve is not None:
        points = [
            (f"{point.rows:,}", number(point.mean), number(point.low), number(point.high), str(point.fits))
            for point in found.curve.points
        ]
        heads = ("training rows", "AUC", "lowest", "highest", "fits")
        return f"{table(points, heads=heads)}\n\n{found.curve.text}"
    if found.groups:
        gains = [
            (group.name, _signed(group.gain), _signed(group.low), _signed(group.high), group.verdict)
            for group in found.groups
        ]
        lost = ("without group", "AUC lost", "95% low", "high", "verdict")
        return f"{table(gains, heads=lost)}\n\nAUC with all features: {number(found.full_auc)}."
    folds = [
        (
            fold.label,
            number(fold.auc.value),
            number(fold.auc.low),
            number(fold.auc.high),
            f"{fold.rows:,}",
            f"{fold.bads:,}",
        )
        for fold in found.folds
    ]
    summary = found.summary["auc"]
    text = (
        f"AUC {number(summary.mean)}, standard deviation {number(summary.spread)} over {summary.folds} folds"
    )
    if math.isfinite(summary.low):
        text += f"; 95% interval of the mean {number(summary.low)} to {number(summary.high)}"
    return f"{table(folds, heads=('fold', 'AUC', '95% low', 'high', 'rows', 'bads'))}\n\n{text}."


def _signed(value: float) -> str:
    return f"{value:+.4f}" if math.isfinite(value) else "n/a"
