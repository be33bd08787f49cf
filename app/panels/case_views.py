"""What can be asked about one case beyond its reasons: only the open question is worked out."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from aimass_core.workflows.case import Case
from aimass_core.workspace.connection import Workspace
from app import ui
from app.boundary import boundary
from app.panels import case_counterfactual, case_history, case_similar, case_stability, case_what_if

VIEW = "case_view"
"""Key of the selector of the question, also its name in the address."""

VIEWS: dict[str, Callable[[Workspace, Case], None]] = {
    "What if?": case_what_if.show,
    "What would turn it?": case_counterfactual.show,
    "Similar cases": case_similar.show,
    "Recent history": case_history.show,
    case_stability.QUESTION: case_stability.show,
}
"""The questions by what they are called, in this order."""
OFFERED: dict[str, Callable[[Workspace, Case], bool]] = {"Recent history": case_history.offered}
"""Questions that not every case can be asked, with whether this one can."""


def show(ws: Workspace, case: Case) -> None:
    """Show the questions and the answer to the open one; an error there leaves the rest alone."""
    names = [name for name in VIEWS if name not in OFFERED or OFFERED[name](ws, case)]
    if not names:
        return
    ui.section("Go further", help="The same model and the same row, asked in other ways.")
    view = ui.question(VIEW, names)
    if view is None:
        st.caption("Choose a question; it is worked out for this row.")
        return
    with boundary():
        VIEWS[view](ws, case)
