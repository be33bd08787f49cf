"""Jobs and what happened to them, as the workspace keeps them."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from aimass_core.errors import NotFoundError
from aimass_core.jobs.job import Job, State
from aimass_core.workspace.connection import Workspace, new_id, now

# The newest event of each job. An end outranks what a clock that was set back may call newer.
_LATEST = """
    SELECT j.job_id, j.kind, j.title, CAST(j.spec AS VARCHAR) AS spec, j.created_at, j.created_by,
           e.state, CAST(e.detail AS VARCHAR) AS detail, e.happened_at AS changed_at
    FROM jobs j JOIN job_events e ON e.job_id = j.job_id
    QUALIFY row_number() OVER (
        PARTITION BY j.job_id
        ORDER BY (e.state IN ('done', 'failed', 'cancelled', 'killed')) DESC, e.happened_at DESC,
                 (e.state = 'queued')) = 1
"""


class JobLog:
    """The jobs of one workspace; what a runner needs of it."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws

    def folder(self, job_id: str) -> Path:
        """Return the folder of a job; it need not exist yet."""
        return self._ws.jobs / job_id

    def add(self, *, kind: str, title: str, spec: dict[str, Any], actor: str) -> Job:
        """Add a job in state `queued`."""
        job_id = new_id()
        text = json.dumps(spec, ensure_ascii=False)
        with self._ws.writing() as cursor:
            cursor.execute(
                "INSERT INTO jobs (job_id, kind, title, spec, created_at, created_by) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [job_id, kind, title, text, now(), actor],
            )
            self.change(job_id, "queued", {})
        return self.get(job_id)

    def change(self, job_id: str, state: State, detail: dict[str, Any]) -> None:
        """Add an event: the job is now in this state."""
        with self._ws.writing() as cursor:
            cursor.execute(
                "INSERT INTO job_events (job_id, state, detail, happened_at) VALUES (?, ?, ?, ?)",
                [job_id, state, json.dumps(detail, ensure_ascii=False), now()],
            )

    def get(self, job_id: str) -> Job:
        """Return a job as it is now.

        Raises
        ------
        NotFoundError
            When there is none of that id.
        """
        rows = self._ws.rows(f"SELECT * FROM ({_LATEST}) WHERE job_id = ?", [job_id])
        if not rows:
            raise NotFoundError("the job must exist", f"there is none with the id {job_id}")
        return _job(rows[0])

    def active(self) -> list[Job]:
        """Return the jobs that have not ended, oldest first."""
        return list(reversed(jobs(self._ws, active=True, limit=None)))

    def transaction(self) -> AbstractContextManager[object]:
        """Keep everything written inside, or on any error none of it."""
        return self._ws.writing()


def jobs(
    ws: Workspace, *, kind: str | None = None, active: bool | None = None, limit: int | None = 100
) -> list[Job]:
    """Return jobs as they are now, newest first.

    Parameters
    ----------
    kind : only those of this kind.
    active : True for those that are queued or running, False for those that have ended.
    limit : at most so many; None for all.
    """
    conditions, parameters = ["true"], list[Any]()
    if kind is not None:
        conditions.append("kind = ?")
        parameters.append(kind)
    if active is not None:
        conditions.append("(state IN ('queued', 'running')) = ?")
        parameters.append(active)
    sql = f"SELECT * FROM ({_LATEST}) WHERE {' AND '.join(conditions)} ORDER BY created_at DESC, job_id DESC"
    if limit is not None:
        sql += " LIMIT ?"
        parameters.append(limit)
    return [_job(row) for row in ws.rows(sql, parameters)]


def _job(row: dict[str, Any]) -> Job:
    return Job(**{**row, "spec": json.loads(row["spec"]), "detail": json.loads(row["detail"])})
