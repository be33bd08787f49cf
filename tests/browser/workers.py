"""The worker processes of a server, for tests that stop, go on with or kill them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

Found = TypeVar("Found")


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
    """Wait for the server's worker and stop it (SIGSTOP), so that its job goes on until the test says."""

    def found() -> psutil.Process | None:
        for process in psutil.Process(server).children(recursive=True):
            try:
                if "aimass_core.jobs.worker" in process.cmdline():
                    return process
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return None

    worker = wait_for(found)
    worker.suspend()
    return worker
