"""Measuring how stable reasons are: started here, watched live, cancelled, and told of when it fails."""

from __future__ import annotations

import streamlit as st

from aimass_core.jobs.job import Job
from aimass_core.jobs.runner import Runner
from aimass_core.settings import settings
from aimass_core.workflows import stability
from aimass_core.workflows.stability import KIND, StabilitySpec
from aimass_core.workspace import joblog
from aimass_core.workspace.connection import Workspace
from app import context, state
from app.boundary import live
from app.panels import job_card
from app.text import counted, duration, escape, prose

_REFRESH = 1.0


def start(ws: Workspace, run_id: str, *, key: str) -> None:
    """Show what a measurement would take and start it when asked; or how far it is when it is under way.

    Raises
    ------
    UserError
        When the run cannot be fitted again.
    """
    jobs = _jobs(ws, run_id)
    if any(not job.ended for job in jobs):
        _watch(ws, context.runner(), run_id)
        return
    if jobs:
        job_card.failure(jobs[0])
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    fields = StabilitySpec.model_fields["refits"]
    refits = left.number_input(
        "Refits", min_value=stability.FEWEST, max_value=50, value=fields.default, step=5, key=f"{key}.refits"
    )
    plan = stability.plan(ws, StabilitySpec(run=run_id, refits=int(refits)))
    with right.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = st.button(
            f"Start {counted(plan.spec.refits, 'training')}",
            type="primary",
            icon=":material/play_arrow:",
            key=f"{key}.start",
        )
        st.caption(f"About {duration(plan.seconds)} at most, in the background: pages stay usable.")
    for note in plan.notes:
        st.caption(prose(note))
    if pressed:
        title = stability.title(ws, plan.spec)
        context.runner().submit(KIND, title, plan.spec.model_dump(mode="json"), actor=settings().user)
        state.flash(f"{escape(title)}: queued.", ":material/play_circle:")
        st.rerun()


def under_way(ws: Workspace, run_id: str) -> bool:
    """Whether a measurement of this run is queued or running."""
    return any(not job.ended for job in _jobs(ws, run_id))


def _jobs(ws: Workspace, run_id: str) -> list[Job]:
    return [job for job in joblog.jobs(ws, kind=KIND, limit=None) if job.spec.get("run") == run_id]


@live(run_every=_REFRESH)
def _watch(ws: Workspace, runner: Runner[Workspace], run_id: str) -> None:
    job = next((job for job in _jobs(ws, run_id) if not job.ended), None)
    if job is None:
        st.rerun()  # it has ended: what it found is shown by the page
    job_card.progress(
        runner,
        job.job_id,
        question="Stop measuring? The trainings done so far are thrown away.",
        key="stability.cancel",
    )
