"""Validations of a run under way: started here, watched live, cancelled, and told of when they fail."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from aimass_core.errors import ConflictError
from aimass_core.evaluate.validation import Method
from aimass_core.jobs.job import Job, JobStatus
from aimass_core.jobs.runner import Runner
from aimass_core.settings import settings
from aimass_core.workflows import validating
from aimass_core.workflows.validation_spec import ValidationSpec
from aimass_core.workspace import joblog
from aimass_core.workspace.connection import Workspace
from app import context, state, ui
from app.boundary import live, show_error
from app.panels import job_card
from app.text import code, counted, duration, escape, measure, prose

_REFRESH = 1.0


def start(ws: Workspace, spec: ValidationSpec, *, key: str) -> None:
    """Show what a validation would take and start it when asked; or how far it is when it is under way.

    Raises
    ------
    UserError
        When it does not fit the run or its data; nothing is started then.
    """
    if _active(ws, spec.run, spec.method):
        _watch(ws, context.runner(), spec.run, spec.method)
        return
    plan = validating.plan(ws, spec)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = st.button(
            f"Start {counted(plan.fits, 'training')}",
            type="primary",
            icon=":material/play_arrow:",
            key=f"{key}.start",
        )
        st.caption(
            f"About {duration(plan.seconds)} at most, in the background: pages stay usable. "
            "Cleaning and encoding are learnt anew from each training's own rows."
        )
    for note in plan.notes:
        st.caption(prose(note))
    if pressed:
        context.runner().submit(
            validating.KIND,
            validating.title(ws, plan.spec),
            plan.spec.model_dump(mode="json"),
            actor=settings().user,
        )
        st.rerun()


def failure(ws: Workspace, run_id: str, method: Method) -> None:
    """Say why the newest validation of this method has no result, if it has none."""
    jobs = _jobs(ws, run_id, method)
    if jobs:
        job_card.failure(jobs[0])


def under_way(ws: Workspace, run_id: str, method: Method) -> bool:
    """Whether a validation of this run by this method is queued or running."""
    return bool(_active(ws, run_id, method))


def _jobs(ws: Workspace, run_id: str, method: Method, *, active: bool | None = None) -> list[Job]:
    found = joblog.jobs(ws, kind=validating.KIND, active=active, limit=None)
    return [job for job in found if (job.spec.get("run"), job.spec.get("method")) == (run_id, method)]


def _active(ws: Workspace, run_id: str, method: Method) -> list[Job]:
    return _jobs(ws, run_id, method, active=True)


@live(run_every=_REFRESH)
def _watch(ws: Workspace, runner: Runner[Workspace], run_id: str, method: Method) -> None:
    jobs = _active(ws, run_id, method)
    if not jobs:
        st.rerun()  # it has ended: what it found is shown by the page
    for job in reversed(jobs):
        _progress(runner, runner.status(job.job_id))


def _progress(runner: Runner[Workspace], status: JobStatus) -> None:
    job, last = status.job, status.progress
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(job.title)}**")
            ui.badge(job.state.capitalize(), "middle" if job.state == "running" else "neutral")
            if ui.confirm(
                "Cancel",
                f"Cancel {code(job.title)}? The trainings done so far are thrown away.",
                key=f"evaluate.cancel.{job.job_id}",
                yes="Cancel it",
                icon=":material/cancel:",
            ):
                _cancel(runner, job)
        if last is None:
            st.caption("Waits for its turn, or starts.")
            return
        st.progress(
            min(1.0, last.step / last.steps) if last.steps else 0.0, text=escape(last.message) or "At work"
        )
        if status.seconds_left is not None:
            st.caption(f"About {duration(status.seconds_left)} left.")
        _so_far((last.detail or {}).get("fits", []))


def _so_far(fits: Sequence[dict[str, object]]) -> None:
    if not fits:
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Training": [str(fit["label"]) for fit in fits],
                "AUC": [measure(_number(fit["auc"]), 4) for fit in fits],
                "Took": [duration(_number(fit["seconds"])) for fit in fits],
            }
        ),
        hide_index=True,
        alt="Trainings done so far",
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _cancel(runner: Runner[Workspace], job: Job) -> None:
    try:
        runner.cancel(job.job_id, actor=settings().user)
    except ConflictError as error:
        show_error(error)
        return
    state.flash(f"{escape(job.title)} is being cancelled.", ":material/cancel:")
    st.rerun()
