"""A closer look at one run: one question a view, and only the open one is worked out."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from aimass_core.evaluate.report import Report
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import ui
from app.boundary import boundary
from app.panels import (
    evaluate_compare,
    evaluate_more_data,
    evaluate_time,
    evaluate_validation,
    evaluate_value,
    evaluate_weak,
)

VIEW = "evaluate_view"
"""Key of the selector of the view, also its name in the address."""

VIEWS: dict[str, Callable[[Workspace, Run, Report], None]] = {
    "How good is it really?": evaluate_validation.show,
    "Compare two runs": lambda ws, run, report: evaluate_compare.show(ws, run),
    "Value": evaluate_value.show,
    "Weak spots": evaluate_weak.segments,
    "Over time": lambda ws, run, report: evaluate_time.show(ws, run),
    "Noise": evaluate_weak.noise,
    "Would more data help?": lambda ws, run, report: evaluate_more_data.learning_curve(ws, run),
    "Feature groups": lambda ws, run, report: evaluate_more_data.groups(ws, run),
}
"""The views by what they are called, in this order."""


def show(ws: Workspace, run: Run, report: Report) -> None:
    """Show the views and what the open one has to say; an error there leaves the rest of the page alone."""
    if not run.spec.get("target"):
        st.info(
            "This run was trained without a target: nothing says how its rows turned out.",
            icon=":material/info:",
        )
        return
    view = ui.views(VIEW, list(VIEWS), label="Question")
    with boundary():
        VIEWS[view](ws, run, report)
