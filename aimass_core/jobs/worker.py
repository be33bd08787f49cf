"""The process that computes one job: ``python -m aimass_core.jobs.worker FOLDER [--nice N]``.

Files in, files out: it never opens the database. It says how it ended in ``outcome.json``; when it cannot
(killed, disk full) its exit code tells.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from aimass_core.errors import AimassError
from aimass_core.jobs.failure import disk_full, explained, to_json
from aimass_core.jobs.folder import JobFolder
from aimass_core.jobs.progress import Progress

EXIT_DISK_FULL = 28  # ENOSPC: not even the outcome could be written
EXIT_CLAIMED = 75  # EX_TEMPFAIL: another worker has this job


def main(arguments: list[str] | None = None) -> int:
    """Compute the job of a folder and return the exit code."""
    parser = argparse.ArgumentParser(prog="aimass_core.jobs.worker")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--nice", type=int, default=0, help="how much to give way to other processes, 0 to 19"
    )
    given = parser.parse_args(arguments)
    faulthandler.enable()
    if given.nice:
        os.nice(given.nice)
    folder = JobFolder(given.folder)
    if not folder.claim(pid=os.getpid(), started=_started()):
        return EXIT_CLAIMED
    began = time.monotonic()
    try:
        _compute(folder, began)
        folder.end({"state": "done", "seconds": time.monotonic() - began})
    except Exception as error:
        traceback.print_exc()
        folder.clear(output=True)  # makes room for the outcome on a full disk
        return _fail(folder, error, began)
    return 0


def _compute(folder: JobFolder, began: float) -> None:
    module, _, function = str(folder.spec()["compute"]).partition(":")
    compute = getattr(importlib.import_module(module), function)
    with folder.progress.open("a", encoding="utf-8", buffering=1) as lines:

        def report(message: Progress) -> None:
            timed = message.model_copy(update={"seconds": time.monotonic() - began})
            lines.write(timed.model_dump_json() + "\n")

        compute(folder.path, report)


def _fail(folder: JobFolder, error: Exception, began: float) -> int:
    reason: AimassError = explained(error, where=f"log.txt of job {folder.path.name}")
    outcome: dict[str, Any] = {
        "state": "failed",
        "error": to_json(reason),
        "seconds": time.monotonic() - began,
    }
    try:
        folder.end(outcome)
    except OSError as second:
        return EXIT_DISK_FULL if disk_full(second) else 1
    return 0


def _started() -> float:
    import psutil

    return float(psutil.Process().create_time())


if __name__ == "__main__":
    sys.exit(main())
