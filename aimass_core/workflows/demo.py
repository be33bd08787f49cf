"""The demo: the sample bank imported and cleaned, first models trained, policies set, rows decided.

Every step looks first whether it was done, so that a second call does nothing and one that was interrupted
goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aimass_core.errors import AimassError
from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.failure import from_json
from aimass_core.jobs.job import Job
from aimass_core.jobs.runner import Runner
from aimass_core.schema import Role
from aimass_core.workflows import cleaning, demo_words, evaluating, importing, scoring, training
from aimass_core.workspace import cases, datasets, joblog, registry, runs
from aimass_core.workspace.connection import Workspace

_POLL_SECONDS = 1.0
_DECISIONS = 60
_SOURCE = "demo"


@dataclass(frozen=True, slots=True)
class _Table:
    """One file of the sample bank."""

    name: str
    roles: dict[str, Role]
    clean: bool = False


@dataclass(frozen=True, slots=True)
class _Training:
    """One first model."""

    run: str
    dataset: str
    target: str
    kind: Literal["credit", "fraud"]
    family: str
    model: str


# What is made last is what the pages open with: the applications and their models.
_TABLES = (
    _Table("customers", {"customer_id": "id", "name": "ignore", "email": "ignore", "sex": "protected"}),
    _Table("purchases", {"purchase_id": "id", "customer_id": "group", "at": "time"}),
    _Table(
        "transactions",
        {"transaction_id": "id", "customer_id": "group", "at": "time", "fraud": "target"},
        clean=True,
    ),
    _Table(
        "applications",
        {
            "application_id": "id",
            "customer_id": "group",
            "applied_at": "time",
            "defaulted": "target",
            "sex": "protected",
            "age": "protected",
            # known only after the outcome: a model that used it would look better than it can be
            "collection_calls": "ignore",
        },
        clean=True,
    ),
)
_TRAININGS = (
    _Training("credit scorecard", "applications", "defaulted", "credit", "scorecard", "credit"),
    _Training("fraud boosting", "transactions", "fraud", "fraud", "boosting", "fraud"),
    _Training("credit dann", "applications", "defaulted", "credit", "dann", "credit"),
    _Training("credit boosting", "applications", "defaulted", "credit", "boosting", "credit"),
)
_MODELS = ("fraud", "credit")


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo workspace holds; `made` says what this call did."""

    datasets: tuple[str, ...]
    runs: tuple[str, ...]
    models: tuple[str, ...]
    decisions: int
    made: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "datasets": list(self.datasets),
            "runs": list(self.runs),
            "models": list(self.models),
            "decisions": self.decisions,
            "made": list(self.made),
        }


def ensure_demo(
    ws: Workspace, runner: Runner[Workspace], *, files: Path, actor: str, say: Callable[[str], None]
) -> Demo:
    """Bring the demo workspace to the state that the tour begins with.

    Parameters
    ----------
    files : folder with the sample bank's CSV files.
    say : told what is being done, in a person's words.

    Raises
    ------
    DataError
        When a sample file is absent or was edited so that it no longer fits.
    AimassError
        The error of a training that failed.
    """
    made: list[str] = []

    def doing(text: str) -> None:
        made.append(text)
        say(f"{text} …")

    for table in _TABLES:
        _import(ws, table, files / f"{table.name}.csv", actor=actor, doing=doing)
    _train(ws, runner, files, actor=actor, doing=doing, say=say)
    demo_words.ensure(ws, actor=actor, doing=doing)
    for model in _MODELS:
        if not _register(ws, model, actor=actor, doing=doing):
            continue
        _decide(ws, model, actor=actor, doing=doing)
    return Demo(
        datasets=tuple(version.ref for version in datasets.datasets(ws)),
        runs=tuple(run.name for run in runs.runs(ws)),
        models=tuple(f"{model.name}@{model.version}" for model in registry.models(ws)),
        decisions=sum(cases.counts(ws).values()),
        made=tuple(made),
    )


def _import(ws: Workspace, table: _Table, path: Path, *, actor: str, doing: Callable[[str], None]) -> None:
    if not datasets.versions(ws, table.name):
        doing(f"Importing {path.name}")
        importing.import_file(ws, path, name=table.name, actor=actor, note="The sample bank.")
    newest = datasets.get(ws, table.name)
    if newest.version == 1:  # later versions are the visitor's own, or cleaned below
        _give_roles(ws, newest, table, actor=actor)
        if table.clean:
            doing(f"Cleaning {table.name}")
            recipe = cleaning.suggest(ws, datasets.get(ws, table.name))
            cleaning.apply(ws, datasets.get(ws, table.name), recipe, actor=actor, note="Suggested repairs.")


def _give_roles(ws: Workspace, version: datasets.Version, table: _Table, *, actor: str) -> None:
    if any(version.schema.column(name).role != role for name, role in table.roles.items()):
        # roles that were guessed otherwise make room first: there is at most one target and one time
        cleared: dict[str, Role] = {
            column.name: "feature"
            for column in version.schema
            if column.role in ("target", "time") and column.name not in table.roles
        }
        importing.set_roles(ws, version, {**cleared, **table.roles}, actor=actor)


def _train(
    ws: Workspace,
    runner: Runner[Workspace],
    files: Path,
    *,
    actor: str,
    doing: Callable[[str], None],
    say: Callable[[str], None],
) -> None:
    for wanted in _TRAININGS:
        if wanted.run in runs.names(ws):
            continue
        job = _under_way(ws, wanted)
        if job is None:
            spec = training.check(
                ws,
                training.TrainingSpec(
                    dataset=wanted.dataset,
                    target=wanted.target,
                    kind=wanted.kind,
                    family=wanted.family,
                    name=wanted.run,
                ),
            )
            doing(f"Training {wanted.run}")
            job = runner.submit(
                training.KIND, training.title(spec), spec.model_dump(mode="json"), actor=actor
            )
        else:
            doing(f"Waiting for {wanted.run}, which an earlier start began")
        _wait(runner, job, actor=actor, say=say)
        say(f"  {_compared(ws, wanted, files)}")


def _compared(ws: Workspace, wanted: _Training, files: Path) -> str:
    """Say how far a run is from the AUC of the true probabilities, which nobody can beat but by chance."""
    run = runs.get(ws, wanted.run)
    reached = f"test AUC {run.metrics['test.auc']:.3f}"
    best = best_possible_auc(ws, run, files)
    return reached if best is None else f"{reached}; the best possible on these rows is {best:.3f}"


def best_possible_auc(ws: Workspace, run: runs.Run, files: Path) -> float | None:
    """Return the AUC of the sample bank's true probabilities on a run's test rows; None without them."""
    import pandas as pd

    if not (files / "truth.parquet").is_file():
        return None
    version = datasets.get(ws, run.version_id)
    key = version.schema.by_role("id")[0].name
    truth = pd.read_parquet(files / "truth.parquet").set_index("id")["probability"]
    keys = datasets.frame(ws, version, [key]).set_index("_row")[key]
    scored = evaluating.scores(ws, run.run_id)
    tested = scored[scored["part"] == "test"]
    known = truth.reindex(keys.loc[tested["_row"]])
    if known.isna().any():
        return None
    return auc(tested["y"].to_numpy(), known.to_numpy())


def _under_way(ws: Workspace, wanted: _Training) -> Job | None:
    """Return the job that an interrupted call left at work on this model."""
    active = joblog.jobs(ws, kind=training.KIND, active=True)
    return next((job for job in active if job.spec.get("name") == wanted.run), None)


def _wait(runner: Runner[Workspace], job: Job, *, actor: str, say: Callable[[str], None]) -> None:
    said = -1
    try:
        while not (now := runner.wait(job.job_id, timeout=_POLL_SECONDS)).ended:
            progress = runner.status(job.job_id).progress
            if progress is not None and progress.steps and 10 * progress.step // progress.steps != said:
                said = 10 * progress.step // progress.steps
                say(f"  {progress.step:,} of {progress.steps:,}  {progress.message}")
    except KeyboardInterrupt:
        runner.cancel(job.job_id, actor=actor)
        runner.wait(job.job_id)
        raise
    if now.error is not None:
        raise from_json(now.error)
    if now.state != "done":
        raise AimassError("the demo's models must be trained", f"{now.title} was {now.state}", "Start again")


def _register(ws: Workspace, model: str, *, actor: str, doing: Callable[[str], None]) -> bool:
    """Register the best run of a model; False when none of its runs is wanted."""
    if any(known.name == model for known in registry.models(ws)):
        return True
    ours = {wanted.run for wanted in _TRAININGS if wanted.model == model}
    rows = [row for row in evaluating.leaderboard(ws) if row.run in ours]
    if not rows:
        return False
    best = max(rows, key=lambda row: row.validation_auc)
    doing(f"Registering {best.run} as model {model}")
    evaluating.register(
        ws, best.run_id, name=model, note="Highest validation AUC of the demo's runs.", actor=actor
    )
    return True


def _decide(ws: Workspace, model: str, *, actor: str, doing: Callable[[str], None]) -> None:
    if scoring.policy(ws, model) is None:
        doing(f"Setting the first policy of {model}")
        scoring.set_policy(ws, model, scoring.default_policy(ws, model), actor=actor)
    if sum(cases.counts(ws, model=model, source=_SOURCE).values()):
        return
    doing(f"Deciding {_DECISIONS} rows with {model}")
    run = runs.get(ws, registry.get(ws, model).run_id)
    original = datasets.get(ws, f"{datasets.get(ws, run.version_id).dataset}@1")  # rows as they came
    rows = datasets.sample(ws, original, rows=_DECISIONS).drop(columns="_row")
    scoring.decide(ws, model, rows, source=_SOURCE, actor=actor)
