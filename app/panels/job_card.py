"""One job in the background: how far it is, a way to cancel it, and why it has no result."""

from __future__ import annotations

import streamlit as st

from aimass_core.errors import ConflictError
from aimass_core.jobs.job import Job
from aimass_core.jobs.runner import Runner
from aimass_core.settings import settings
from aimass_core.workspace.connection import Workspace
from app import ui
from app.boundary import show_error
from app.text import duration, escape, prose, when

_PARTS = ("expected", "came", "todo")


def progress(runner: Runner[Workspace], job_id: str, *, question: str, key: str) -> None:
    """Show a job that is queued or running; `question` asks before it is cancelled."""
    status = runner.status(job_id)
    job, last = status.job, status.progress
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(job.title)}**")
            ui.badge(job.state.capitalize(), "middle" if job.state == "running" else "neutral")
            if ui.confirm("Cancel", question, key=f"{key}.{job_id}", yes="Stop it", icon=":material/cancel:"):
                try:
                    runner.cancel(job_id, actor=settings().user)
                except ConflictError as error:  # it ended in the meantime
                    show_error(error)
        if last is None:
            st.caption("Waits for its turn, then writes its inputs and starts.")
            return
        st.progress(min(1.0, last.step / max(1, last.steps)), text=escape(last.message) or "At work")
        if status.seconds_left is not None:
            st.caption(f"About {duration(status.seconds_left)} left.")


def failure(job: Job) -> None:
    """Say why an ended job has no result; nothing where it has one or is still under way."""
    if job.state in ("done", "queued", "running"):
        return
    if job.state == "cancelled":
        st.caption(f"The last one was cancelled, {when(job.changed_at)}; nothing of it was kept.")
        return
    error = job.error or {}
    text = " ".join(error[part].rstrip(".") + "." for part in _PARTS if error.get(part))
    st.error(prose(f"The last one failed, {when(job.changed_at)}. {text}"), icon=":material/error:")
