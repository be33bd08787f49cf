"""The worker processes of a server, for tests that stop, go on with or kill them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

Found = TypeVar("Found")

_WORKER = "aimass_core.jobs.worker"


def wait_for(look: Callable[[], Found | None], *, seconds: float = 60) -> Found:
    """Return what `look` finds, as soon as it finds something.

    Raises
    ------
    TimeoutError
        When it found nothing in that time.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing was found within {seconds:g} s")
        time.sleep(0.02)
    return found


def held_worker(server: int) -> psutil.Process:
    """Wait until the server's worker is at work, then stop it (SIGSTOP): its job goes on when the test says.

    A worker that has not yet reported is let go on: killed so early, its job would rightly be begun again.
    """

    def found() -> psutil.Process | None:
        for process in psutil.Process(server).children(recursive=True):
            try:
                command = process.cmdline()
                if _WORKER in command and _has_reported(Path(command[command.index(_WORKER) + 1])):
                    return process
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return None

    worker = wait_for(found)
    worker.suspend()
    return worker


def _has_reported(folder: Path) -> bool:
    progress = folder / "progress.jsonl"
    return progress.is_file() and progress.stat().st_size > 0
