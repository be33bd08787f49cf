"""What a job is: its record, the three parts of its kind, and where its history is kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from aimass_core.jobs.progress import Progress

State = Literal["queued", "running", "done", "failed", "cancelled", "killed"]
ENDED: frozenset[State] = frozenset({"done", "failed", "cancelled", "killed"})
"""States a job never leaves."""

W = TypeVar("W")
"""The workspace; this room passes it on and knows nothing of it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work and the newest thing known about it."""

    job_id: str
    kind: str
    title: str
    spec: dict[str, Any]
    state: State
    created_at: datetime
    created_by: str
    changed_at: datetime
    detail: dict[str, Any]

    @property
    def ended(self) -> bool:
        """Whether the job has reached a state it never leaves."""
        return self.state in ENDED

    @property
    def result(self) -> dict[str, Any]:
        """What `record` returned (ids of what was made); empty until the job is done."""
        return dict(self.detail.get("result") or {})

    @property
    def error(self) -> dict[str, str] | None:
        """Why it failed or was killed: type, expected, came, todo; None otherwise."""
        found = self.detail.get("error")
        return dict(found) if found else None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job with what its worker has said so far."""

    job: Job
    progress: Progress | None
    history: list[Progress]
    seconds_left: float | None
    """Estimated seconds to the last planned step; None when unknown. Work may stop earlier."""

    @property
    def detail(self) -> dict[str, Any] | None:
        """What the work last had to show besides its steps; None when it showed nothing."""
        return next((item.detail for item in reversed(self.history) if item.detail is not None), None)


@dataclass(frozen=True, slots=True)
class Handler(Generic[W]):
    """The three parts of one kind of job.

    Parameters
    ----------
    prepare : `(workspace, spec, folder)`, in the server: writes the inputs into `folder / "input"`.
    compute : "module:function" of `(folder, report)`, in the worker: reads `spec.json` and `input/`,
        writes `output/`, never opens the database.
    record : `(workspace, job, folder)`, in the server: reads `output/` back. It runs inside one transaction
        together with the end of the job. What it returns becomes the job's result. After a crash it may run
        again, so files that it moved before must not stop it.
    """

    prepare: Callable[[W, dict[str, Any], Path], None]
    compute: str
    record: Callable[[W, Job, Path], dict[str, Any] | None]


class JobStore(Protocol):
    """Where jobs and their events are kept; events are only ever added."""

    def folder(self, job_id: str) -> Path:
        """Return the folder of a job; it need not exist yet."""

    def add(self, *, kind: str, title: str, spec: dict[str, Any], actor: str) -> Job:
        """Add a job in state `queued`."""

    def change(self, job_id: str, state: State, detail: dict[str, Any]) -> None:
        """Add an event: the job is now in this state."""

    def get(self, job_id: str) -> Job:
        """Return a job as it is now, or raise NotFoundError."""

    def active(self) -> list[Job]:
        """Return the jobs that have not ended, oldest first."""

    def transaction(self) -> AbstractContextManager[object]:
        """Keep everything written inside, or on any error none of it."""
