"""Starting, watching and ending the process of a worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from aimass_core.errors import AimassError, JobError
from aimass_core.jobs.failure import disk_full_error
from aimass_core.jobs.folder import JobFolder
from aimass_core.jobs.worker import EXIT_CLAIMED, EXIT_DISK_FULL

GRACE_SECONDS = 5.0
"""How long a worker may take to end after SIGTERM before it gets SIGKILL."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SECRETS = ("AIMASS_API_KEY",)
_CLOCK_SLACK_SECONDS = 5.0  # a start time is read against the wall clock, which may be set meanwhile

# Children of this process by id. Kept here, not by whoever started them: a job may be left by one runner and
# found again by the next in the same process, which then still learns the exit code.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Share:
    """What part of the machine a worker may use."""

    threads: int
    nice: int = 0


class WorkerProcess:
    """One running worker, a child of this process or one that an earlier server left."""

    def __init__(self, pid: int, folder: JobFolder) -> None:
        self.pid = pid
        self._folder = folder

    @property
    def running(self) -> bool:
        """Whether it still works."""
        child = _children.get(self.pid)
        if child is not None:
            return child.poll() is None
        return _is_worker(self.pid, self._folder)

    @property
    def exit_code(self) -> int | None:
        """Its exit code once it has ended, negative for a signal; None if it is no child of this process."""
        child = _children.get(self.pid)
        return None if child is None else child.returncode

    def end(self) -> None:
        """End it and all it started: SIGTERM, then SIGKILL."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while self.running and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.running:
            self._signal(signal.SIGKILL)
            while self.running:
                time.sleep(0.02)
        self._signal(signal.SIGKILL)  # what it started may have ignored SIGTERM

    def sweep(self) -> None:
        """End processes that the ended worker left in its group."""
        if self.pid in _children:
            self._signal(signal.SIGKILL)
            _children.pop(self.pid)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)  # a worker leads its own session, so its id is the group's
        except (ProcessLookupError, PermissionError):
            return  # it ended meanwhile


def start(folder: JobFolder, share: Share) -> WorkerProcess:
    """Start the worker of a job in a session of its own, so that it outlives this process."""
    environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    for name in _THREAD_VARIABLES:
        environment.setdefault(name, str(share.threads))
    command = [
        sys.executable,
        "-u",
        "-m",
        "aimass_core.jobs.worker",
        str(folder.path),
        "--nice",
        str(share.nice),
    ]
    with folder.log.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    _children[child.pid] = child
    return WorkerProcess(child.pid, folder)


def attach(folder: JobFolder) -> WorkerProcess | None:
    """Return the worker that an earlier server started for this job, running or not, or None."""
    claim = folder.claimed_by()
    return None if claim is None else WorkerProcess(claim[0], folder)


def another_has_it(process: WorkerProcess) -> bool:
    """Tell whether a worker ended because another one works on the same job."""
    return process.exit_code == EXIT_CLAIMED


def why_it_ended(process: WorkerProcess, folder: JobFolder) -> tuple[bool, AimassError]:
    """Explain a worker that left no outcome: (it was killed, the error)."""
    code = process.exit_code
    log = f"log.txt of job {folder.path.name}"
    last = folder.last_words()
    if code == EXIT_DISK_FULL:
        return False, disk_full_error()
    if code is None:
        return True, JobError(
            "the worker must end with a result",
            "it ended without one while no server watched it (killed, out of memory, or the machine stopped)",
            "Start the job again; the workspace is as it was",
        )
    if code == -signal.SIGKILL:
        return True, JobError(
            "the worker must end with a result",
            "it was killed (SIGKILL), which is what the system does when memory runs out",
            "Look at the free memory, use fewer rows, columns or a smaller model, and start the job again; "
            "the workspace is as it was",
        )
    if code < 0:
        return True, JobError(
            "the worker must end with a result",
            f"it was ended by {_signal_name(-code)}" + (f" (last words: {last})" if last else ""),
            f"Start the job again; the workspace is as it was; {log} may tell more",
        )
    return False, JobError(
        "the worker must end with a result",
        f"it ended with code {code}" + (f" (last words: {last})" if last else ""),
        f"This is a fault of the program; {log} has the details",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _is_worker(pid: int, folder: JobFolder) -> bool:
    claim = folder.claimed_by()
    if claim is None or claim[0] != pid:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        # a process id is used again by the system, so the start and the command must fit too
        same_start = abs(process.create_time() - claim[1]) < _CLOCK_SLACK_SECONDS
        return same_start and str(Path(folder.path)) in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
