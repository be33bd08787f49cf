"""What it costs that a model can be read: the best readable run beside the best of all."""

from __future__ import annotations

import streamlit as st

from aimass_core.workflows import shapes
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app.text import count, escape, interval, measure

QUESTION = "What does interpretability cost here?"


def show(ws: Workspace, run: Run) -> None:
    """Answer in one line, among the runs on the same data, target and division; nothing without two kinds."""
    found = shapes.readable_cost(ws, run.run_id)
    if found is None:
        return
    readable, best = escape(found.readable.name), escape(found.best.name)
    if found.difference is None:
        st.markdown(
            f"**{QUESTION}** Nothing: the best of {count(found.others)} runs on these test rows, {readable} "
            f"(AUC {measure(found.readable_auc)}), can be read as a sum of curves or points."
        )
        return
    loss = found.difference
    verdict = (
        "chance alone may explain the difference" if loss.verdict == "open" else "more than chance explains"
    )
    span = interval(-loss.high, -loss.low, 4)
    st.markdown(
        f"**{QUESTION}** {-loss.value:.4f} AUC (95% interval {span}; {verdict}): the best run that can "
        f"be read, {readable}, has {measure(found.readable_auc, 4)}, the best "
        f"of all, {best}, {measure(found.best_auc, 4)}."
    )
    st.caption(
        f"{count(found.others)} runs with this data set version, target and division; "
        f"{count(loss.rows)} test rows; interval by DeLong's paired test."
    )
