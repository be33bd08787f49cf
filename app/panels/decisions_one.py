"""One applicant: a form made from the model's columns, and the decision it leads to."""

from __future__ import annotations

from typing import Any, cast, get_args

import streamlit as st

from aimass_core.bundle import Bundle
from aimass_core.explain.references import ReferenceName
from aimass_core.settings import settings
from aimass_core.workflows import evaluating, scoring
from aimass_core.workspace import datasets, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from aimass_core.workspace.registry import Model
from app import cache, state
from app.panels import decisions_show, feature_input
from app.panels.explain_row import REFERENCES
from app.text import code, count


def show(ws: Workspace, model: Model) -> None:
    """Show where the values come from, the form, and after it the decision."""
    bundle = evaluating.bundle(ws, model.run_id)
    version = datasets.get(ws, runs.get(ws, model.run_id).version_id)
    start, source = _start(ws, model, version)
    # The key carries where the values come from, so that another row refills the form.
    prefix = f"decide.{model.model_id}.{source}"
    with st.form(prefix, enter_to_submit=False):
        row = _row(bundle, start, prefix)
        left, right = st.columns(2)
        subject = left.text_input(
            "Applicant or payment",
            max_chars=200,
            placeholder="Number or name, to find the decision again",
            key=f"{prefix}.subject",
        )
        reference = right.selectbox(
            "Reasons compared with", list(get_args(ReferenceName)), format_func=REFERENCES.__getitem__,
            key=f"{prefix}.reference",
        )  # fmt: skip
        pressed = st.form_submit_button("Decide", type="primary", icon=":material/gavel:")
    latest = f"decide.latest.{model.model_id}"
    if pressed:
        made = scoring.decide(
            ws,
            state.model_ref(model),
            [row],
            source="form",
            actor=settings().user,
            subjects=[subject.strip() or None],
            reference=cast(ReferenceName, reference),
        )
        st.session_state[latest] = made[0]
    if latest in st.session_state:
        st.markdown("**The decision, stored**")
        with st.container(border=True):
            decisions_show.show(ws, st.session_state[latest])


def _start(ws: Workspace, model: Model, version: Version) -> tuple[dict[str, Any], str]:
    how = st.segmented_control(
        "Begin with",
        ["Typical values", "A row of the data"],
        default="Typical values",
        required=True,
        key=f"decide.start.{model.model_id}",
        persist_state="session",
    )
    if how == "A row of the data":
        row = int(
            st.number_input(
                f"Row of {code(version.ref)}",
                min_value=1,
                step=1,
                key=f"decide.row.{model.model_id}",
                persist_state="session",
                help=f"Rows are numbered as in the file; there are {count(version.rows)}.",
            )
        )
        return datasets.row(ws, version, row), f"row{row}"
    return typical(ws, version), "typical"


def typical(ws: Workspace, version: Version) -> dict[str, Any]:
    """Return the median of each number and the most frequent label of each category; None where unknown."""
    found: dict[str, Any] = {}
    for column in cache.profile(ws, version).columns:
        if column.kind in ("integer", "number"):
            found[column.name] = column.median
        elif column.kind in ("category", "boolean"):
            found[column.name] = next((label for label, _ in column.top if label), None)
        else:
            found[column.name] = column.max
    return found


def _row(bundle: Bundle, start: dict[str, Any], prefix: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    slots: list[Any] = []
    for position, column in enumerate(bundle.input_columns):
        if position % 3 == 0:
            slots = list(st.columns(3))
        with slots[position % 3]:
            row[column.name] = feature_input.control(
                column,
                bundle.encoder.labels.get(column.name, ()),
                start.get(column.name),
                f"{prefix}.{position}",
            )
    return row
