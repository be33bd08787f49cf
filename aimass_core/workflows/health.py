"""Whether a workspace is whole: every data set readable, every run with its unedited bundle."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from aimass_core.errors import AimassError
from aimass_core.workflows import evaluating
from aimass_core.workspace import cases, datasets, joblog, registry, runs
from aimass_core.workspace.connection import Workspace


@dataclass(frozen=True, slots=True)
class Health:
    """What a workspace holds and what is wrong with it."""

    datasets: int
    versions: int
    runs: int
    models: int
    decisions: int
    active_jobs: int
    bytes: int
    problems: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def check(ws: Workspace) -> Health:
    """Read one row of every data set version and load the bundle of every run."""
    versions, trained = datasets.versions(ws), runs.runs(ws)
    problems: list[str] = []
    for version in versions:
        try:
            datasets.page(ws, version, offset=0, limit=1)
        except Exception as error:  # whatever it is, the table cannot be read, and that is the finding
            problems.append(f"data set {version.ref} cannot be read ({_first_line(error)})")
    for run in trained:
        try:
            evaluating.bundle(ws, run.run_id)
        except AimassError as error:
            problems.append(f"run {run.name}: {error}")
    return Health(
        datasets=len({version.dataset for version in versions}),
        versions=len(versions),
        runs=len(trained),
        models=len(registry.models(ws)),
        decisions=sum(cases.counts(ws).values()),
        active_jobs=len(joblog.jobs(ws, active=True, limit=None)),
        bytes=sum(path.stat().st_size for path in ws.home.rglob("*") if path.is_file()),
        problems=tuple(problems),
    )


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
