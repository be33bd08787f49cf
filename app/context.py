"""The workspace and the runner of this process, shared by its pages, its API and its command line."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aimass_core.settings import settings

if TYPE_CHECKING:
    from aimass_core.jobs.job import Handler
    from aimass_core.jobs.runner import Runner
    from aimass_core.workspace.connection import Workspace


@dataclass(slots=True)
class _Open:
    workspace: Workspace | None = None
    runner: Runner[Workspace] | None = None


_lock = threading.RLock()
_open = _Open()


def workspace() -> Workspace:
    """Return the workspace of this process; the first call opens it.

    Raises
    ------
    ConflictError
        When another process holds it.
    DataError
        When it cannot be written, or a newer program wrote it.
    """
    from aimass_core.workspace.connection import open_workspace

    with _lock:
        if _open.workspace is None:
            chosen = settings()
            _open.workspace = open_workspace(
                chosen.home, memory_limit_mb=chosen.memory_limit_mb, threads=chosen.threads
            )
        return _open.workspace


def runner() -> Runner[Workspace]:
    """Return the job runner of this process; the first call starts it and takes up what was left."""
    from aimass_core.jobs.runner import Runner
    from aimass_core.workspace.joblog import JobLog

    with _lock:
        if _open.runner is None:
            ws = workspace()
            _open.runner = Runner(ws, handlers(), store=JobLog(ws), workers=settings().workers)
            _open.runner.start()
        return _open.runner


def handlers() -> Mapping[str, Handler[Workspace]]:
    """Return the three parts of every kind of job this program knows, by kind."""
    from aimass_core.workflows import explanations, rerun, stability, training, validating

    found = (training, validating, explanations, rerun, stability)
    return {kind.KIND: kind.HANDLER for kind in found}


def close() -> None:
    """Leave running workers to the next server and let go of the workspace."""
    with _lock:
        runner, _open.runner = _open.runner, None
        ws, _open.workspace = _open.workspace, None
    if runner is not None:
        runner.stop()
    if ws is not None:
        ws.close()
