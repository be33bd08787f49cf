"""Many rows explained in the background: started, watched, looked through and taken away."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal, cast

import pandas as pd
import streamlit as st

from aimass_core.explain.references import ReferenceName
from aimass_core.jobs.job import Job
from aimass_core.jobs.runner import Runner
from aimass_core.settings import settings
from aimass_core.workflows import explanations, scoring
from aimass_core.workflows.explanations import KIND, MOST_ROWS, ExplanationSpec
from aimass_core.workspace import explanations as stored
from aimass_core.workspace import joblog, registry
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.explanations import Stored
from aimass_core.workspace.runs import Run
from app import state, ui
from app.boundary import live
from app.exports import file_name
from app.panels import job_card
from app.panels.explain_model import additivity
from app.panels.explain_row import REFERENCES
from app.tables import paged, table
from app.text import code, count, counted, duration, escape, number, prose, share, when

_REFRESH = 1.0
_PARTS: dict[str, str] = {"test": "all test rows", "validation": "all validation rows", "all": "all rows"}
Part = Literal["test", "validation", "all"]


def show(ws: Workspace, runner: Runner[Workspace], run: Run) -> None:
    """Show what starts it, the job under way, and what was explained before."""
    offer(ws, runner, run)
    found = {item.explanation_id: item for item in explanations.of_run(ws, run.run_id)}
    if not found:
        return
    chosen = next(iter(found))
    if len(found) > 1:
        chosen = st.selectbox(
            "Explained before",
            list(found),
            format_func=lambda key: _named(found[key]),
            key=f"explain.many.{run.run_id}",
        )
    _result(ws, run, found[chosen])


def offer(ws: Workspace, runner: Runner[Workspace], run: Run) -> None:
    """Show the job under way, or what starts one."""
    if _active(ws, run) is not None:
        _watch(ws, runner, run)
    else:
        _start(ws, runner, run)


def _active(ws: Workspace, run: Run) -> Job | None:
    jobs = joblog.jobs(ws, kind=KIND, active=True)
    return next((job for job in jobs if job.spec.get("run") == run.run_id), None)


def _start(ws: Workspace, runner: Runner[Workspace], run: Run) -> None:
    left, right = st.columns(2)
    part = cast(
        Part,
        left.selectbox(
            "Rows",
            list(_PARTS),
            format_func=lambda key: _PARTS[key].capitalize(),
            key="explain.many.part",
            persist_state="session",
            help=f"Up to {count(MOST_ROWS)} rows, the first of the file.",
        ),
    )
    models = registry.of_runs(ws).get(run.run_id, [])
    policy = scoring.policy(ws, models[-1].name) if models else None
    reference = right.selectbox(
        "Compared with",
        [name for name in REFERENCES if name != "cutoff" or policy is not None],
        format_func=REFERENCES.__getitem__,
        key="explain.many.reference",
        persist_state="session",
    )
    spec = ExplanationSpec(
        run=run.run_id,
        part=part,
        reference=cast(ReferenceName, reference),
        cutoff=float(policy.policy["high"]) if policy is not None and reference == "cutoff" else None,
    )
    rows = explanations.count(ws, spec)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            f"Explain {_PARTS[part]}",
            type="primary",
            icon=":material/play_arrow:",
            key="explain.many.start",
            disabled=not rows,
        )
        st.caption(
            f"{counted(rows, 'row')}, about {duration(explanations.seconds(ws, spec))}, in the background."
            if rows
            else "There are no such rows."
        )
    if pressed:
        title = explanations.title(ws, spec)
        runner.submit(KIND, title, spec.model_dump(mode="json"), actor=settings().user)
        state.flash(f"{escape(title)}: queued.", ":material/play_circle:")
        st.rerun()


@live(run_every=_REFRESH)
def _watch(ws: Workspace, runner: Runner[Workspace], run: Run) -> None:
    job = _active(ws, run)
    if job is None:
        st.rerun()
    job_card.progress(
        runner, job.job_id, question="Stop explaining? Nothing of it is kept.", key="explain.many.cancel"
    )


def _named(item: Stored) -> str:
    return (
        f"{count(item.row_count)} {item.part}, {REFERENCES[item.reference].lower()}, {when(item.created_at)}"
    )


def _result(ws: Workspace, run: Run, found: Stored) -> None:
    st.markdown(
        f"**{count(found.row_count)} {escape(found.part)}** explained {when(found.created_at)} by "
        f"{escape(found.created_by)} in {duration(found.seconds)}."
    )
    key = f"explain.many.{found.explanation_id}"
    left, right = st.columns(2)
    with left:
        features = _by_feature(ws, found.explanation_id)
        table(
            pd.DataFrame(
                {
                    "Feature": features["feature"],
                    "Mean |SHAP|": [number(value) for value in features["mean_abs"]],
                    "Mean": [number(value) for value in features["mean"]],
                    "Standard error": [number(value) for value in features["error"]],
                    "Top reason in": [counted(int(rows), "row") for rows in features["top"]],
                }
            ),
            "What moves the scores",
            key=f"{key}.features",
        )
    with right:

        def fetch(offset: int, limit: int) -> pd.DataFrame:
            rows = stored.rows(ws, found.explanation_id, offset=offset, limit=limit)
            return pd.DataFrame(
                {
                    "Row": rows["_row"],
                    "Probability": [share(value, 2) for value in rows["probability"]],
                    "Strongest reason against": rows["top"].where(rows["by"] > 0, "none"),
                    "Log-odds it adds": [number(max(value, 0.0)) for value in rows["by"]],
                }
            )

        paged(found.row_count, fetch, "Explained rows, riskiest first", key=f"{key}.rows")
    with st.container(horizontal=True):
        for ending in ("csv", "parquet"):
            ui.download(
                f"All contributions as {'CSV' if ending == 'csv' else 'Parquet'}",
                lambda ending=ending: _file(ws, found.explanation_id, ending),  # type: ignore[misc]
                f"{file_name(run.name)}-contributions.{ending}",
                key=f"{key}.{ending}",
                mime="text/csv" if ending == "csv" else "application/octet-stream",
                small=True,
            )
    st.caption(
        f"Measured from: {prose(str(found.facts['reference_text']))}. "
        f"Method: {prose(str(found.facts['method']))}. {additivity(float(found.facts['additivity']))} "
        f"Kept in the tables {code('explanations')}, {code('explained_rows')} and {code('contributions')} "
        f"under {code(found.explanation_id)}."
    )


@st.cache_resource(max_entries=16, show_spinner="Adding up the contributions…")
def _by_feature(_ws: Workspace, explanation_id: str) -> pd.DataFrame:
    """Keep the sums of one explanation; it never changes."""
    return stored.by_feature(_ws, explanation_id)


def _file(ws: Workspace, explanation_id: str, ending: str) -> bytes:
    with tempfile.TemporaryDirectory(dir=ws.home) as folder:
        path = Path(folder) / f"contributions.{ending}"
        stored.export(ws, explanation_id, path)
        return path.read_bytes()
