"""A file of applicants: uploaded, decided row by row, taken away again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from aimass_core.decide.policy import OUTCOMES
from aimass_core.intake.readers import Limits
from aimass_core.settings import settings
from aimass_core.workflows import evaluating, scoring
from aimass_core.workflows.scoring import ScoreResult
from aimass_core.workspace.connection import Workspace, new_id
from aimass_core.workspace.registry import Model
from app import state, ui
from app.exports import file_name
from app.panels import decisions_find
from app.panels import decisions_views as views
from app.text import code, count, counted, escape, share

_KINDS = ["csv", "tsv", "txt", "gz", "parquet", "xlsx"]


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of the file that was scored last in this session."""

    result: ScoreResult
    name: str


def show(ws: Workspace, model: Model) -> None:
    """Show which columns are needed, the uploader, and the result to take away."""
    bundle = evaluating.bundle(ws, model.run_id)
    columns = bundle.input_columns
    listed = ", ".join(code(column.name) for column in columns[:40]) + (" …" if len(columns) > 40 else "")
    with st.expander(f"The file must have {counted(len(columns), 'column')}", icon=":material/view_column:"):
        st.markdown(f"{listed}. Other columns are ignored; empty cells count as missing.")
    key = f"score.{model.model_id}"
    file = st.file_uploader(
        "File of applicants or payments",
        type=_KINDS,
        key=f"{key}.file",
        help="CSV, Parquet or Excel, up to 200 MB. Larger ones: `aimass score`, on the server.",
    )
    left, right = st.columns(2)
    store = left.toggle(
        "Keep each row as a decision", value=True, key=f"{key}.store", persist_state="session",
        help="Kept decisions can be found, opened and replayed.",
    )  # fmt: skip
    ending = right.segmented_control(
        "Results as",
        [".csv", ".parquet"],
        default=".csv",
        required=True,
        key=f"{key}.ending",
        persist_state="session",
    )
    if file is not None and st.button(
        f"Decide {escape(file.name, longest=60)}", type="primary", icon=":material/gavel:", key=f"{key}.go"
    ):
        _forget(key)
        st.session_state[key] = _decide(ws, model, file.name, file.getvalue(), ending or ".csv", store=store)
    done = st.session_state.get(key)
    if done is not None:
        _result(model, done, key)


def _decide(ws: Workspace, model: Model, name: str, content: bytes, ending: str, *, store: bool) -> _Done:
    """Score an uploaded file; whatever happens, only the result stays on the disk."""
    folder = ws.home / "tmp" / f"score-{new_id()}"
    folder.mkdir(parents=True)
    path = folder / Path(name.replace("\\", "/")).name
    out = folder / f"{file_name(path.stem)}-decided{ending}"
    bar = st.progress(0.0, text="Reading the file")

    def report(done: int, total: int) -> None:
        share_done = min(1.0, done / total) if total else 1.0
        bar.progress(share_done, text=f"{count(done)} of {count(total)} rows decided")

    try:
        path.write_bytes(content)
        result = scoring.score_file(
            ws,
            state.model_ref(model),
            path,
            out,
            actor=settings().user,
            store=store,
            limits=Limits.of(settings()),
            progress=report,
        )
    finally:
        bar.empty()
        path.unlink(missing_ok=True)
        if not out.exists():
            folder.rmdir()
    return _Done(result, path.name)


def _result(model: Model, done: _Done, key: str) -> None:
    result = done.result
    st.success(
        f"{counted(result.rows, 'row')} of {escape(done.name)} decided by {code(result.model)}.",
        icon=":material/check_circle:",
    )
    order = [name for names in OUTCOMES.values() for name in names if name in result.outcomes]
    ui.metrics(
        [
            (
                name.capitalize(),
                count(result.outcomes[name]),
                f"{share(result.outcomes[name] / result.rows)} of rows.",
            )
            for name in order
        ]
    )
    if not result.explained:
        st.caption("Without reasons: with this model they would take more than ten minutes for so many rows.")
    if result.out.exists():
        kind = "text/csv" if result.out.suffix == ".csv" else "application/octet-stream"
        with st.container(horizontal=True):
            ui.download(
                "Download the results", result.out.read_bytes, result.out.name, key=f"{key}.take", mime=kind
            )
            if result.stored:
                # a link to the page one is on leaves its selectors as they are, so they are set here
                found = {views.VIEW: views.FIND, decisions_find.BATCH: result.batch_id}
                st.button(
                    "Find these decisions",
                    icon=":material/manage_search:",
                    key=f"{key}.find",
                    on_click=st.session_state.update,
                    args=(found,),
                )
    else:
        st.info("The results were cleared away; decide the file again.", icon=":material/info:")


def _forget(key: str) -> None:
    """Delete the result of the last file, which this one replaces."""
    done: _Done | None = st.session_state.pop(key, None)
    if done is not None and done.result.out.exists():
        done.result.out.unlink()
        done.result.out.parent.rmdir()
