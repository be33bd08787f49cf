"""Work that the tests of the runner let a real worker process do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from aimass_core.errors import DataError
from aimass_core.jobs.progress import Progress, Report


def double(folder: Path, report: Report) -> None:
    """Double the number in the input."""
    number = json.loads((folder / "input" / "number.json").read_text())
    for step in (1, 2):
        report(Progress(step=step, steps=2, message=f"step {step}", loss=1 / step))
    (folder / "output" / "number.json").write_text(json.dumps(2 * number))


def hold(folder: Path, report: Report) -> None:
    """Say that work has begun, then work until the file `go` appears beside the workspace, then double."""
    report(Progress(step=1, steps=10, message="holding"))
    while not (folder.parent.parent / "go").exists():
        time.sleep(0.02)
    double(folder, report)


def stubborn(folder: Path, report: Report) -> None:
    """Ignore SIGTERM, as native code in a long call does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (folder.parent.parent / "child").write_text(str(child.pid))
    report(Progress(step=1, steps=10, message="holding"))
    while True:
        time.sleep(1)


def parent(folder: Path, report: Report) -> None:
    """Start a child that ignores SIGTERM, and work on."""
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(1, flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    if child.stdout is not None:
        child.stdout.readline()
    (folder.parent.parent / "child").write_text(str(child.pid))
    report(Progress(step=1, steps=10, message="holding"))
    time.sleep(600)


def refuse(folder: Path, report: Report) -> None:
    """Fail as a user's data does."""
    (folder / "output" / "half.bin").write_bytes(b"half")
    raise DataError("`income` must be numeric", "row 37 is 'n/a'", "Map it to missing")


def crash(folder: Path, report: Report) -> None:
    """Fail as a bug does."""
    raise ZeroDivisionError("a bug")


def vanish(folder: Path, report: Report) -> None:
    """End without a word, as native code that aborts does."""
    print("native library gave up", flush=True)
    os._exit(3)


def fill_disk(folder: Path, report: Report) -> None:
    """Meet a full disk; /dev/full is one."""
    with Path("/dev/full").open("w") as file:
        file.write("x")


def exhaust_memory(folder: Path, report: Report) -> None:
    """Ask for more memory than there is."""
    raise MemoryError
