"""The commands that train, measure, explain and score."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aimass_core.errors import SettingsError
from aimass_core.settings import settings
from app.cli_reply import Reply, number, say, table
from app.cli_workspace import opened

if TYPE_CHECKING:
    from aimass_core.jobs.progress import Progress, Report
    from aimass_core.workflows.training import TrainingSpec
    from aimass_core.workspace.registry import Model

_MEASURES = ("auc", "gini", "ks", "average_precision", "brier", "log_loss")
_PAUSE_SECONDS = 2.0  # between two lines of progress where nobody watches


def train(
    dataset: str,
    *,
    model: str,
    note: str,
    kind: Literal["credit", "fraud"] | None,
    spec: dict[str, Any],
) -> Reply:
    """Train a model in a worker process and register it under a name."""
    from aimass_core.jobs.runner import run_now
    from aimass_core.workflows import evaluating, training
    from aimass_core.workspace import datasets, registry, runs
    from aimass_core.workspace.joblog import JobLog

    with opened() as ws:
        registry.checked_name(model)
        version = datasets.get(ws, dataset)
        asked = _spec({**spec, "dataset": version.ref}, kind, version.dataset)
        plan = training.plan(ws, asked)
        for text in plan.notes:
            say(text)
        guess = training.estimate(ws, asked)
        say(
            f"Training {plan.spec.family} on {plan.rows:,} rows; this takes about {_duration(guess.seconds)}."
        )
        job = run_now(
            ws,
            training.HANDLER,
            kind=training.KIND,
            title=training.title(plan.spec),
            spec=plan.spec.model_dump(mode="json"),
            store=JobLog(ws),
            actor=settings().user,
            on_progress=meter(),
            threads=settings().threads,
        )
        run = runs.get(ws, job.result["run_id"])
        registered = evaluating.register(ws, run.run_id, name=model, note=note, actor=settings().user)
    data = {
        "run": run.name,
        "run_id": run.run_id,
        "model": registered.name,
        "version": registered.version,
        "family": run.family,
        "dataset": version.ref,
        "target": plan.spec.target,
        "positive": list(plan.spec.positive or ()),
        "metrics": run.metrics,
        "seconds": run.seconds,
        "notes": list(plan.notes),
    }
    head = f"{registered.name}@{registered.version}: {run.family} on {version.ref}, {_duration(run.seconds)}."
    return Reply(data, f"{head}\n\n{_measures(run.metrics)}")


def evaluate(model: str) -> Reply:
    """Show how well a registered model separates and calibrates on its test rows."""
    from aimass_core.workspace import cases, datasets, registry, runs

    with opened() as ws:
        found = registry.get(ws, model)
        run = runs.get(ws, found.run_id)
        version = datasets.get(ws, run.version_id)
        policy = cases.policy(ws, found.name)
    data = {
        **_named(found),
        "run": run.name,
        "run_id": run.run_id,
        "family": run.family,
        "dataset": version.ref,
        "target": run.spec["target"],
        "metrics": run.metrics,
        "policy": None if policy is None else {**policy.policy, "version": policy.version},
    }
    head = f"{found.name}@{found.version}: {run.family} on {version.ref}, {_target(run.spec)}."
    return Reply(data, f"{head}\n\n{_measures(run.metrics)}")


def explain(
    model: str,
    *,
    row: str,
    reference: Literal["population", "applicants", "cutoff"],
    counterfactuals: bool = False,
    below: float | None = None,
) -> Reply:
    """Show why one row of the model's data set gets its score, and what would let it pass if asked."""
    from aimass_core.decide.policy import Policy
    from aimass_core.workflows import explaining
    from aimass_core.workspace import cases, datasets, registry, runs
    from app import cli_turned

    with opened() as ws:
        found = registry.get(ws, model)
        stored = cases.policy(ws, found.name)
        policy = None if stored is None else Policy.model_validate(stored.policy)
        number = datasets.row_number(ws, datasets.get(ws, runs.get(ws, found.run_id).version_id), row)
        answer = explaining.explain_row(
            ws, found.run_id, number, reference=reference, cutoff=None if policy is None else policy.high
        )
        turned = cli_turned.turned(ws, found.run_id, number, below) if counterfactuals else None
    ordered = sorted(answer.values.items(), key=lambda item: -abs(item[1]))
    data = {
        **_named(found),
        "run": answer.run,
        "row": number,
        "probability": answer.probability,
        "log_odds": answer.log_odds,
        "base": answer.base,
        "outcome": None if policy is None else policy.outcome(answer.probability),
        "contributions": dict(ordered),
        "values": answer.display,
        "reasons": [reason.model_dump(mode="json") for reason in answer.reasons.principal],
        "reference": answer.reference_text,
        "method": answer.method,
        "additivity": answer.additivity,
        "target": answer.target,
        "part": answer.part,
    }
    rows = [(name, answer.display.get(name, ""), f"{value:+.4f}") for name, value in ordered]
    text = [
        f"Row {number:,}: probability {answer.probability:.4f} (log-odds {answer.log_odds:+.4f}) "
        f"by {found.name}@{found.version}.",
        f"From {answer.base:+.4f} ({answer.reference_text}) by these contributions, in log-odds:",
        "",
        table(rows, heads=("feature", "value", "contribution")),
    ]
    if turned is not None:
        data["counterfactuals"] = turned.model_dump(mode="json")
        text += ["", cli_turned.text(turned)]
    return Reply(data, "\n".join(text))


def score(model: str, file: Path, *, out: Path, store: bool, reasons: bool | None) -> Reply:
    """Decide every row of a file and write a file of decisions."""
    from aimass_core.intake.readers import Limits
    from aimass_core.workflows import scoring

    with opened() as ws:
        done = scoring.score_file(
            ws,
            model,
            file,
            out,
            actor=settings().user,
            store=store,
            reasons=reasons,
            limits=Limits.of(settings()),
            progress=_counter(),
        )
    name, _, version = done.model.rpartition("@")
    data = {
        "rows": done.rows,
        "out": str(done.out),
        "model": name,
        "version": int(version),
        "outcomes": done.outcomes,
        "stored": done.stored,
        "batch_id": done.batch_id if done.stored else None,
    }
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(done.outcomes.items()))
    return Reply(data, f"{done.rows:,} rows scored by {done.model} into {done.out}: {outcomes}.")


def _spec(values: dict[str, Any], kind: Literal["credit", "fraud"] | None, dataset: str) -> TrainingSpec:
    from pydantic import ValidationError

    from aimass_core.workflows.training import TrainingSpec

    looks_like_fraud = "fraud" in f"{dataset} {values['target'] or ''}".lower()
    chosen = kind or ("fraud" if looks_like_fraud else "credit")
    try:
        return TrainingSpec(**values, kind=chosen, device=settings().device)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError("the settings of a training must fit", f"{place}: {first['msg']}", "") from error


def _target(spec: dict[str, Any]) -> str:
    return f"target `{spec['target']}`" if spec["target"] else "without a target"


def _named(model: Model) -> dict[str, Any]:
    return {"model": model.name, "version": model.version}


def _measures(metrics: dict[str, Any]) -> str:
    rows = [
        (
            name.replace("_", " "),
            number(metrics.get(f"test.{name}")),
            number(metrics.get(f"test.{name}.low")),
            number(metrics.get(f"test.{name}.high")),
        )
        for name in _MEASURES
    ]
    return table(rows, heads=("test measure", "value", "95% low", "high"))


def meter() -> Report:
    """Return a listener that shows progress: one line kept up to date, or a line now and then."""
    watched = sys.stderr.isatty()
    last = 0.0

    def show(message: Progress) -> None:
        nonlocal last
        ended = message.step >= message.steps
        if not watched and not ended and time.monotonic() - last < _PAUSE_SECONDS:
            return
        last = time.monotonic()
        measure = "" if message.metric is None else f"  {message.metric_name} {message.metric:.4f}"
        loss = "" if message.loss is None else f"  loss {message.loss:.4f}"
        line = f"{message.step:,} of {message.steps:,}  {message.message}{loss}{measure}"
        print(
            f"\r\033[K{line}" if watched else line, end="" if watched and not ended else "\n", file=sys.stderr
        )
        sys.stderr.flush()

    return show


def _counter() -> Any:
    last = time.monotonic()

    def show(done: int, rows: int) -> None:
        nonlocal last
        if done < rows and time.monotonic() - last > _PAUSE_SECONDS:
            last = time.monotonic()
            say(f"{done:,} of {rows:,} rows")

    return show


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
