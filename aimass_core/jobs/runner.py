"""The server's runner: a queue of jobs, one worker process each, at most so many at a time."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any, Generic

from aimass_core.errors import ConflictError, SettingsError
from aimass_core.jobs.failure import from_json
from aimass_core.jobs.folder import JobFolder, ProgressReader
from aimass_core.jobs.job import Handler, Job, JobStatus, JobStore, W
from aimass_core.jobs.lifecycle import Control, carry_out
from aimass_core.jobs.process import Share
from aimass_core.jobs.progress import Progress, Report

_LOGGER = logging.getLogger(__name__)
_BEHIND_THE_SERVER = 5  # nice level: pages answer first, work takes what is left
_READERS = 64  # jobs whose messages are kept in memory
_RATE_MESSAGES = 20  # messages that the estimate of the time left looks back


class Runner(Generic[W]):
    """Runs jobs in worker processes and keeps their history.

    Parameters
    ----------
    ws : handed to the handlers.
    handlers : the three parts of each kind of job.
    store : where jobs are kept.
    workers : jobs that run at the same time; further ones wait in order.
    threads : threads of one worker; default: the machine's cores but one, shared between the workers.
    """

    def __init__(
        self,
        ws: W,
        handlers: Mapping[str, Handler[W]],
        *,
        store: JobStore,
        workers: int = 1,
        threads: int | None = None,
    ) -> None:
        self._ws = ws
        self._handlers = dict(handlers)
        self._store = store
        self._workers = workers
        cores = os.cpu_count() or 1
        self._share = Share(threads=threads or max(1, (cores - 1) // workers), nice=_BEHIND_THE_SERVER)
        self._queue: deque[Job] = deque()
        self._controls: dict[str, Control] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._readers: OrderedDict[str, ProgressReader] = OrderedDict()
        self._changed = threading.Condition(threading.RLock())
        self._started = False

    def start(self) -> None:
        """Take up what an earlier server left, then run what is queued."""
        with self._changed:
            if self._started:
                return
            self._started = True
            waiting = {job.job_id for job in self._queue}
            left = [job for job in self._store.active() if job.job_id not in waiting]
            self._queue.extendleft(reversed([job for job in left if job.state == "queued"]))
            for job in left:
                if job.state == "running":  # its worker may be at work, so it has its place already
                    self._run(job)
            self._fill()

    def stop(self) -> None:
        """Stop watching; workers go on and are found again by the next start."""
        with self._changed:
            self._started = False
            self._queue.clear()
            for control in self._controls.values():
                control.leave()
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def submit(self, kind: str, title: str, spec: dict[str, Any], *, actor: str) -> Job:
        """Add a job to the queue and return it at once.

        Raises
        ------
        SettingsError
            When nothing handles this kind of job.
        """
        self._handler(kind)
        with self._changed:
            job = self._store.add(kind=kind, title=title, spec=spec, actor=actor)
            if self._started:
                self._queue.append(job)
                self._fill()
        return job

    def cancel(self, job_id: str, *, actor: str) -> None:
        """Cancel a job: a queued one at once, a running one within seconds.

        Raises
        ------
        NotFoundError
            When there is no such job.
        ConflictError
            When it has ended, or its result is being recorded.
        """
        with self._changed:
            control = self._controls.get(job_id)
            if control is not None:
                control.cancel(actor)
                return
            job = self._store.get(job_id)
            if job.ended:
                raise ConflictError("a job can be cancelled before it ends", f"this one is {job.state}")
            if job.state == "running":
                raise ConflictError(
                    "a running job is cancelled by the server that watches it", "the runner has not started"
                )
            self._queue = deque(waiting for waiting in self._queue if waiting.job_id != job_id)
            self._store.change(job_id, "cancelled", {"by": actor})
            self._changed.notify_all()

    def status(self, job_id: str) -> JobStatus:
        """Return a job with what its worker has said so far.

        Raises
        ------
        NotFoundError
            When there is no such job.
        """
        job = self._store.get(job_id)
        history = self._history(job_id)
        left = seconds_left(history) if job.state == "running" else None
        return JobStatus(job, history[-1] if history else None, history, left)

    def active(self) -> list[Job]:
        """Return the jobs that are queued or running, oldest first."""
        return self._store.active()

    def wait(self, job_id: str, *, timeout: float | None = None) -> Job:
        """Wait until a job has ended, at most `timeout` seconds, and return it as it then is."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not (job := self._store.get(job_id)).ended:
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    break
                self._changed.wait(remaining)
        return job

    def _handler(self, kind: str) -> Handler[W]:
        if kind not in self._handlers:
            known = ", ".join(sorted(self._handlers))
            raise SettingsError("the kind of a job must be known", f"came '{kind}', known: {known}")
        return self._handlers[kind]

    def _history(self, job_id: str) -> list[Progress]:
        with self._changed:
            reader = self._readers.pop(job_id, None)
            if reader is None:
                reader = ProgressReader(JobFolder(self._store.folder(job_id)).progress)
            self._readers[job_id] = reader
            while len(self._readers) > _READERS:
                self._readers.popitem(last=False)
            reader.read()
            return list(reader.history)

    def _fill(self) -> None:
        while self._started and self._queue and len(self._threads) < self._workers:
            self._run(self._queue.popleft())

    def _run(self, job: Job) -> None:
        control = self._controls[job.job_id] = Control()
        thread = threading.Thread(
            target=self._carry_out, args=(job, control), name=f"job-{job.job_id}", daemon=True
        )
        self._threads[job.job_id] = thread
        thread.start()

    def _carry_out(self, job: Job, control: Control) -> None:
        try:
            carry_out(
                self._ws,
                job,
                handler=self._handlers.get(job.kind) or _gone(job.kind),
                store=self._store,
                share=self._share,
                control=control,
            )
        except Exception:
            # the end could not be written (disk full); the job stays open and the next start takes it up
            _LOGGER.exception("job %s (%s) could not be brought to its end", job.job_id, job.kind)
        finally:
            with self._changed:
                del self._controls[job.job_id]
                del self._threads[job.job_id]
                self._fill()
                self._changed.notify_all()


def run_now(
    ws: W,
    handler: Handler[W],
    *,
    kind: str,
    title: str,
    spec: dict[str, Any],
    store: JobStore,
    actor: str,
    on_progress: Report | None = None,
    threads: int | None = None,
) -> Job:
    """Run a job to its end in the calling thread, for a command; Ctrl-C cancels it.

    Returns
    -------
    Job
        The job, done.

    Raises
    ------
    AimassError
        The error of a job that failed or was killed.
    KeyboardInterrupt
        After the job was cancelled by it.
    """
    job = store.add(kind=kind, title=title, spec=spec, actor=actor)
    control = Control()
    # not Thread.join, which after an interrupt takes a running thread for one that has ended
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"job-{job.job_id}") as pool:
        carried = pool.submit(
            carry_out,
            ws,
            job,
            handler=handler,
            store=store,
            share=Share(threads=threads or os.cpu_count() or 1),
            control=control,
            on_progress=on_progress,
        )
        try:
            while wait([carried], timeout=0.2).not_done:
                continue
        except (
            BaseException
        ):  # an interrupt, or anything else that ends the wait: the pool waits for its thread
            with suppress(ConflictError):  # its result is being recorded: that is over in a moment
                control.cancel(actor)
            raise
    carried.result()
    job = store.get(job.job_id)
    if job.error is not None:
        raise from_json(job.error)
    return job


def seconds_left(history: list[Progress]) -> float | None:
    """Estimate the seconds to the last planned step from the pace of the latest messages; None if unknown."""
    recent = history[-_RATE_MESSAGES:]
    if not recent:
        return None
    first, last = recent[0], recent[-1]
    steps, seconds = last.step - first.step, last.seconds - first.seconds
    if steps <= 0 or seconds <= 0:  # one message, or several of one step: the pace since the beginning
        steps, seconds = last.step, last.seconds
    if steps <= 0 or seconds <= 0 or last.steps < last.step:
        return None
    return (last.steps - last.step) * seconds / steps


def _gone(kind: str) -> Handler[Any]:
    def refuse(*_: object) -> None:
        raise SettingsError("the kind of a job must be known", f"this program has no '{kind}'")

    return Handler(prepare=refuse, compute="", record=refuse)
