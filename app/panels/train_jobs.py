"""The lower part of Train: trainings under way, live, and all that have been."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from aimass_core.errors import ConflictError
from aimass_core.jobs.job import Job, JobStatus
from aimass_core.jobs.progress import Progress
from aimass_core.jobs.runner import Runner
from aimass_core.models.catalog import FAMILIES
from aimass_core.settings import settings
from aimass_core.workspace import joblog, runs
from aimass_core.workspace.connection import Workspace
from app import nav, state, ui
from app.boundary import live, show_error
from app.charts import progress
from app.panels import address, train_live
from app.tables import table
from app.text import code, count, counted, duration, escape, measure, prose, share, when

JOB = "job"
"""Key of the selector of one training, also its name in the address."""

_OPENED = "train.opened"
_REFRESH = 1.0
_TAIL = 6_000
_TONES: dict[str, ui.Tone] = {
    "queued": "neutral",
    "running": "middle",
    "done": "good",
    "failed": "bad",
    "cancelled": "neutral",
    "killed": "bad",
}
_WHY = {
    "cancelled": "It was cancelled; the workspace is as it was.",
    "killed": "Its process was killed from outside, or ran out of memory; the workspace is as it was.",
    "failed": "It ended with an error; the workspace is as it was.",
}


def active(ws: Workspace, runner: Runner[Workspace]) -> None:
    """Show the trainings under way; they refresh themselves until the last has ended."""
    if joblog.jobs(ws, kind="training", active=True):
        ui.section("Under way")
        _watch(ws, runner)


@live(run_every=_REFRESH)
def _watch(ws: Workspace, runner: Runner[Workspace]) -> None:
    jobs = list(reversed(joblog.jobs(ws, kind="training", active=True)))
    present = [job.job_id for job in jobs]
    ended = [job_id for job_id in st.session_state.get("train.watched", []) if job_id not in present]
    st.session_state["train.watched"] = present
    if ended:  # the list below changes, and opens it: how good it is, or why it failed
        st.session_state[_OPENED] = ended[-1]
        st.rerun()
    for position, job in enumerate(jobs):
        _progress(runner, runner.status(job.job_id), ahead=position)


def _progress(runner: Runner[Workspace], status: JobStatus, *, ahead: int) -> None:
    job, last = status.job, status.progress
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(job.title)}**")
            ui.badge(job.state.capitalize(), _TONES[job.state])
            if ui.confirm(
                "Cancel",
                f"Cancel the training {code(job.title)}? What it has learnt so far is thrown away.",
                key=f"train.cancel.{job.job_id}",
                yes="Cancel the training",
                icon=":material/cancel:",
            ):
                _cancel(runner, job)
        if last is None:
            waiting = (
                f"Waits for {counted(ahead, 'training')} before it."
                if job.state == "queued" and ahead
                else ""
            )
            st.caption(waiting or "Writes its inputs and starts.")
            return
        text = f"{escape(last.message)} " if last.message else ""
        st.progress(min(1.0, last.step / last.steps) if last.steps else 0.0, text=text or "At work")
        detail = train_live.newest(status.history)
        part = share(last.step / last.steps if last.steps else 0.0, 0)
        facts = [
            ("Step", f"{count(last.step)} of {count(last.steps)}", "Epochs or trees; it may stop earlier")
            if detail is None
            else ("Used", part, "Of the time or the trials it was given")
        ]
        if last.loss is not None:
            facts.append(("Training loss", measure(last.loss, 4), "Mean log loss, natural logarithm"))
        if last.metric is not None:
            facts.append(
                (
                    f"Valid. {escape(last.metric_name.replace('_', ' '))}",
                    measure(last.metric, 4),
                    "On the validation rows",
                )
            )
        left = status.seconds_left
        facts.append(("Time left", _clock(left), "Minutes and seconds, at the pace of the last steps"))
        ui.metrics(facts)
        history = _curve(status.history)
        if len(history) > 1:
            _chart(history, job)
        if detail is not None:
            train_live.show(detail, job.job_id)


def _clock(seconds: float | None) -> str:
    """Return a time that is left, short enough for a narrow box: `12 s`, `1:05 min`."""
    if seconds is None or seconds < 60:
        return duration(seconds)
    return f"{round(seconds) // 60:,}:{round(seconds) % 60:02d} min"


def _curve(history: Sequence[Progress]) -> list[Progress]:
    """Return the messages of the present stage of the work that a curve is drawn of; none when it is flat."""
    stage = [item for item in history if item.steps == history[-1].steps]
    drawn = [item for item in stage if item.loss is not None or item.metric is not None]
    return drawn if len({(item.loss, item.metric) for item in drawn}) > 1 else []


def _chart(history: Sequence[Progress], job: Job) -> None:
    kept = _thinned(history)
    steps, losses = [item.step for item in kept], [item.loss for item in kept]
    metrics, name = [item.metric for item in kept], kept[-1].metric_name
    st.plotly_chart(
        progress.training(steps, losses, metrics, metric_name=name),
        key=f"train.chart.{job.job_id}",
        config={"displayModeBar": False},
        alt=f"Loss and validation {name} after each of {len(history)} steps",
    )


def history(ws: Workspace) -> None:
    """Show all trainings, newest first, and one of them in full."""
    jobs = joblog.jobs(ws, kind="training")
    if not jobs:
        return
    ui.section("Trainings so far")
    found = {run.job_id: run for run in runs.runs(ws)}
    table(
        pd.DataFrame(
            {
                "Training": [job.title for job in jobs],
                "State": [job.state for job in jobs],
                "Family": [_family(job) for job in jobs],
                "Data": [str(job.spec.get("dataset", "")) for job in jobs],
                "Test AUC": [
                    measure(found[job.job_id].metrics.get("test.auc")) if job.job_id in found else ""
                    for job in jobs
                ],
                "Took": [duration(found[job.job_id].seconds) if job.job_id in found else "" for job in jobs],
                "Started": [when(job.created_at) for job in jobs],
                "By": [job.created_by for job in jobs],
                "Reason": [_reason(job) for job in jobs],
            }
        ),
        "Trainings",
        key="train.history",
    )
    by_id = {job.job_id: job for job in jobs}
    if address.follow(JOB, _OPENED) not in by_id:
        st.session_state.pop(_OPENED, None)
    chosen = st.selectbox(
        "Open a training",
        list(by_id),
        index=None,
        placeholder="Choose one to see its settings, how it ended and its log",
        format_func=lambda job_id: _label(by_id[job_id]),
        key=_OPENED,
        persist_state="session",
        filter_mode="contains",
    )
    address.write(JOB, _OPENED, chosen)
    if chosen is not None:
        _detail(ws, by_id[chosen])


def _detail(ws: Workspace, job: Job) -> None:
    run = runs.by_job(ws, job.job_id)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(job.title)}**")
            ui.badge(job.state.capitalize(), _TONES[job.state])
        if run is not None:
            nav.link("evaluate", "See how good it is", {state.RUN: run.name})
        error = job.error
        if error is not None:
            st.error(prose(" ".join(error[part].rstrip(".") + "." for part in _PARTS if error.get(part))))
        if job.state in _WHY:
            by = f" By {escape(job.detail['by'])}." if job.detail.get("by") else ""
            st.markdown(f"{_WHY[job.state]}{by} Last change: {when(job.changed_at)}.")
        if st.toggle("Settings", key=f"train.spec.{job.job_id}"):
            st.json(job.spec, expanded=2)
        if st.toggle(
            "Log of the worker", key=f"train.log.{job.job_id}", value=job.state in ("failed", "killed")
        ):
            st.code(_log_tail(ws, job) or "The worker wrote nothing.", language=None, wrap_lines=True)


_PARTS = ("expected", "came", "todo")


def _reason(job: Job) -> str:
    if job.state == "cancelled":
        return f"cancelled by {job.detail.get('by') or 'nobody named'}"
    return (job.error or {}).get("came") or (job.error or {}).get("expected", "")


def _label(job: Job) -> str:
    return f"{job.title} · {job.state} · {when(job.created_at)}"


def _family(job: Job) -> str:
    family = FAMILIES.get(str(job.spec.get("family")))
    return family.title if family else str(job.spec.get("family", ""))


def _cancel(runner: Runner[Workspace], job: Job) -> None:
    try:
        runner.cancel(job.job_id, actor=settings().user)
    except ConflictError as error:
        show_error(error)
        return
    state.flash(f"{escape(job.title)} is being cancelled.", ":material/cancel:")
    st.rerun()


def _log_tail(ws: Workspace, job: Job) -> str:
    path = ws.jobs / job.job_id / "log.txt"
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode("utf-8", "replace").strip()


def _thinned(history: Sequence[Progress], most: int = 300) -> list[Progress]:
    """Keep every n-th message and the last, so that a long training stays a small chart."""
    every = -(-len(history) // most)
    return [*history[:-1:every], history[-1]]
