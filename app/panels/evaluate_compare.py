"""Compare two runs: is one better, or can they not be told apart?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.evaluate.compare import Difference
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_scrutiny, ui
from app.panels.evaluate_run import MEASURES
from app.tables import table
from app.text import count, counted, escape, measure


def other_run(ws: Workspace, run: Run, *, key: str) -> Run | None:
    """Show the selector of a second run that can be compared with the first; None while there is none."""
    wanted = _outcome(run)
    known = {
        found.run_id: found
        for found in runs.runs(ws, version_id=run.version_id)
        if found.run_id != run.run_id and _outcome(found) == wanted
    }
    if not known:
        ui.empty(
            "There is no second run to compare with",
            "Train another family, or other settings, on the same version of the data with the same target.",
            page="train",
            label="Train another model",
        )
        return None
    best = max(known, key=lambda run_id: known[run_id].metrics.get("test.auc", 0.0))
    chosen = st.selectbox(
        "Compare with",
        list(known),
        index=list(known).index(best),
        format_func=lambda run_id: known[run_id].name,
        key=f"{key}.{run.run_id}",
        filter_mode="contains",
        width=420,
    )
    return known[chosen or best]


def show(ws: Workspace, run: Run) -> None:
    """Show by how much a run differs from another on the rows both were tested on."""
    other = other_run(ws, run, key="evaluate.compare.other")
    if other is None:
        return
    found = cache_scrutiny.compared(ws, run.run_id, other.run_id)
    a, b = escape(found.a), escape(found.b)
    st.markdown(f"**{found.auc.sentence(a, b, unit='AUC')}**")
    st.caption(
        f"{count(found.rows)} rows that were test rows of both, {count(found.bads)} of them bad. AUC by "
        f"DeLong's paired test; {escape(found.others[0].method)} for the other measures."
    )
    if found.left_out:
        st.caption(
            f"{counted(found.left_out, 'test row')} left out: the other run has learnt from them or has not "
            "seen them."
        )
    table(_table(found.a, found.b, (found.auc, *found.others)), "Differences", key="evaluate.compare.table")
    st.caption("An interval that holds 0 means that chance alone may explain the difference.")


def _outcome(run: Run) -> tuple[object, list[str]]:
    return run.spec.get("target"), sorted(run.spec.get("positive") or ())


def _table(a: str, b: str, found: tuple[Difference, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Measure": [MEASURES[item.measure][0] for item in found],
            a: [measure(item.a, 4) for item in found],
            b if b != a else f"{b} (second)": [measure(item.b, 4) for item in found],
            "Difference": [_signed(item.value) for item in found],
            "95% interval": [f"{_signed(item.low)} to {_signed(item.high)}" for item in found],
            "p-value": [measure(item.p_value, 4) if item.p_value == item.p_value else "" for item in found],
            "Better": [{"a": a, "b": b}.get(item.verdict, "Cannot be told") for item in found],
        }
    )


def _signed(value: float) -> str:
    return f"{value:+.4f}" if value == value else "n/a"
