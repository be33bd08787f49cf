"""One job from its preparation to its record, whoever runs it: the server's runner or a command."""

from __future__ import annotations

import logging
import threading
from typing import Any

from aimass_core.errors import AimassError, ConflictError
from aimass_core.jobs import process
from aimass_core.jobs.failure import explained, from_json, to_json
from aimass_core.jobs.folder import JobFolder, ProgressReader
from aimass_core.jobs.job import ENDED, Handler, Job, JobStore, State, W
from aimass_core.jobs.process import Share, WorkerProcess
from aimass_core.jobs.progress import Report

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 0.1


class Control:
    """How others steer a job that runs: cancel it, or leave its worker alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._recording = False
        self.cancelled_by: str | None = None
        self.left = False

    def cancel(self, actor: str) -> None:
        """Ask for the job to be cancelled.

        Raises
        ------
        ConflictError
            When its result is already being recorded.
        """
        with self._lock:
            if self._recording:
                raise ConflictError("a job can be cancelled while it works", "its result is being recorded")
            self.cancelled_by = actor
        self._wake.set()

    def leave(self) -> None:
        """Stop watching; the worker goes on and is found again by the next runner."""
        self.left = True
        self._wake.set()

    def start_recording(self) -> bool:
        """Pass the point after which the job cannot be cancelled; False when it was cancelled before."""
        with self._lock:
            self._recording = self.cancelled_by is None
            return self._recording

    def wait(self) -> None:
        """Wait a moment, or less when somebody steers."""
        self._wake.wait(_POLL_SECONDS)


def carry_out(
    ws: W,
    job: Job,
    *,
    handler: Handler[W],
    store: JobStore,
    share: Share,
    control: Control,
    on_progress: Report | None = None,
) -> None:
    """Bring a job to its end, from wherever it is, and add the event that says how it ended.

    A job that has a worker from an earlier server is watched on. When `control` says leave, the job stays as
    it is.
    """
    folder = JobFolder(store.folder(job.job_id))
    worker: WorkerProcess | None = None
    try:
        worker = process.attach(folder)
        if worker is None and not control.cancelled_by and not control.left:
            worker = _begin(ws, job, handler=handler, store=store, share=share, folder=folder)
        if worker is not None and not _watch(worker, folder, control, on_progress):
            return
        if worker is not None and process.another_has_it(worker):
            # an earlier server died just after starting one: that one was first, so its result counts
            worker.sweep()
            worker = process.attach(folder)
            if worker is not None and not _watch(worker, folder, control, on_progress):
                return
    except Exception as error:
        if worker is not None:
            worker.end()
        _end(store, job, "failed", {"error": _told(error, job)}, folder)
        return
    if worker is None and control.left:
        return
    if not control.start_recording():
        if worker is not None:
            worker.sweep()
        _end(store, job, "cancelled", {"by": control.cancelled_by}, folder)
        return
    _conclude(ws, job, handler=handler, store=store, folder=folder, worker=worker)


def _begin(
    ws: W, job: Job, *, handler: Handler[W], store: JobStore, share: Share, folder: JobFolder
) -> WorkerProcess:
    if job.state == "queued":
        store.change(job.job_id, "running", {})
    folder.make({"job_id": job.job_id, "kind": job.kind, "compute": handler.compute, "spec": job.spec})
    handler.prepare(ws, job.spec, folder.path)
    return process.start(folder, share)


def _watch(worker: WorkerProcess, folder: JobFolder, control: Control, on_progress: Report | None) -> bool:
    """Wait for the worker to end; False when it is to be left running."""
    reader = ProgressReader(folder.progress)
    while worker.running:
        if control.left:
            return False
        if control.cancelled_by:
            worker.end()
            break
        _pass_on(reader, on_progress)
        control.wait()
    _pass_on(reader, on_progress)
    return True


def _pass_on(reader: ProgressReader, on_progress: Report | None) -> None:
    if on_progress is not None:
        for message in reader.read():
            on_progress(message)


def _conclude(
    ws: W, job: Job, *, handler: Handler[W], store: JobStore, folder: JobFolder, worker: WorkerProcess | None
) -> None:
    try:
        outcome = folder.outcome()
        if outcome is None and worker is not None:
            killed, reason = process.why_it_ended(worker, folder)
            worker.sweep()
            _end(store, job, "killed" if killed else "failed", {"error": to_json(reason)}, folder)
            return
        if worker is not None:
            worker.sweep()
        if outcome is None or outcome["state"] != "done":
            error = to_json(from_json((outcome or {}).get("error", {})))
            _end(store, job, "failed", {"error": error}, folder)
            return
        with store.transaction():
            if store.get(job.job_id).state in ENDED:
                return  # another runner has recorded it
            result = handler.record(ws, job, folder.path)
            store.change(job.job_id, "done", {"result": result or {}, "seconds": outcome.get("seconds")})
        folder.clear(output=False)
    except Exception as error:
        _end(store, job, "failed", {"error": _told(error, job)}, folder)


def _end(store: JobStore, job: Job, state: State, detail: dict[str, Any], folder: JobFolder) -> None:
    with store.transaction():
        if store.get(job.job_id).state not in ENDED:
            store.change(job.job_id, state, detail)
    folder.clear(output=True)


def _told(error: Exception, job: Job) -> dict[str, str]:
    if not isinstance(error, AimassError):
        _LOGGER.exception("job %s (%s) met an unexpected error", job.job_id, job.kind)
    return to_json(explained(error, where=f"the server's log, under job {job.job_id},"))
