"""Which explained rows a view of the model as a whole is made of, and what to do where there are none."""

from __future__ import annotations

import streamlit as st

from aimass_core.workflows import explanation_views
from aimass_core.workflows.explanation_views import Source
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_explaining
from app.context import runner
from app.panels import explain_many
from app.text import code, count, prose, when


def explained(ws: Workspace, run: Run) -> tuple[Source, str] | None:
    """Return explained rows and the id they are kept under; None after offering to explain them."""
    key = explanation_views.newest(ws, run.run_id)
    source = cache_explaining.source(ws, run.run_id, key)
    if source is None:
        st.info(
            f"This view needs explained rows, and explaining them takes longer for {code(run.name)} than "
            "somebody waits. Start it here; the view opens when it is done.",
            icon=":material/info:",
        )
        explain_many.offer(ws, runner(), run)
        return None
    return source, key


def said(source: Source) -> str:
    """Return in words which rows these are, as markdown."""
    many, total = len(source.found), source.rows_total
    rows = (
        f"{count(total)} {source.part}" if many == total else f"{count(many)} of {count(total)} {source.part}"
    )
    origin = (
        f"the newest stored explanation ({when(source.stored.created_at)})"
        if source.stored is not None
        else "explained for this view"
        + ("" if many == total else "; explain all of them under Many rows to use them all")
    )
    return (
        f"Rows: {prose(rows)}, {origin}. Measured from: {prose(source.reference_text)}. "
        f"Method: {prose(source.method)}."
    )
