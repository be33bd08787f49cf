"""A workspace with a runner whose work is done by real worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aimass_core.jobs.job import Handler
from aimass_core.jobs.runner import Runner
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.joblog import JobLog
from tests.jobs.handlers import HANDLERS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    workspace = open_workspace(tmp_path / "home")
    with workspace.writing() as cursor:
        cursor.execute("CREATE TABLE numbers (job_id VARCHAR, number BIGINT)")
    yield workspace
    workspace.close()


@pytest.fixture
def new_runner(ws: Workspace) -> Iterator[Callable[..., Runner[Workspace]]]:
    """Give a function that makes and starts a runner; each is stopped, and its jobs ended, afterwards."""
    made: list[Runner[Workspace]] = []

    def make(workers: int = 1, handlers: dict[str, Handler[Workspace]] | None = None) -> Runner[Workspace]:
        runner = Runner(ws, handlers or HANDLERS, store=JobLog(ws), workers=workers)
        made.append(runner)
        runner.start()
        return runner

    yield make
    for runner in made:
        runner.stop()
    last = Runner(ws, HANDLERS, store=JobLog(ws), workers=8)
    last.start()
    for job in last.active():
        last.cancel(job.job_id, actor="test")
        last.wait(job.job_id, timeout=30)
    last.stop()
