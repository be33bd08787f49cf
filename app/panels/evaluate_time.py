"""Over time: a run's scores, bad rate and quality, period by period."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from aimass_core.evaluate.drift import Drift
from aimass_core.schema import TEMPORAL
from aimass_core.workflows import scrutiny
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_scrutiny, ui
from app.charts import scrutiny as charts
from app.tables import table
from app.text import count, counted, escape, interval, measure, share

_PERIODS = {
    "auto": "Automatic",
    "week": "Weeks",
    "month": "Months",
    "quarter": "Quarters",
    "year": "Years",
    "quantile": "Ten equal parts",
}
_SHIFTS = {"none": "None", "moderate": "Moderate", "large": "Large", "unknown": "Unknown"}


def show(ws: Workspace, run: Run) -> None:
    """Show a run's test rows period by period."""
    known = scrutiny.time_columns(ws, run.run_id)
    if not known:
        ui.empty(
            "There is no column of time",
            "Give the column that says when a row came about the role `time`; scores are then followed "
            "over it.",
            page="data",
            label="Set roles",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        column = st.selectbox(
            "Time column", known, key=f"evaluate.time.{run.version_id}", persist_state="session", width=260
        )
        kind = datasets.get(ws, run.version_id).schema.column(column).kind
        by = "auto"
        if kind in TEMPORAL:
            by = st.selectbox(
                "Periods",
                list(_PERIODS),
                format_func=_PERIODS.__getitem__,
                key="evaluate.time.by",
                persist_state="session",
                width=180,
            )
    found, periods = cache_scrutiny.drift(ws, run.run_id, column, by)  # type: ignore[arg-type]
    if not found.periods:
        st.info("No test row has a time in this column.", icon=":material/info:")
        return
    st.markdown(f"**{in_words(found)}**")
    left, right = st.columns(2)
    data = pd.DataFrame([{**period.model_dump(), "shift": period.shift} for period in found.periods])
    with left:
        ui.chart(
            charts.quality(found),
            data,
            "AUC by period",
            note="95% DeLong intervals; a period with one class only has none.",
            alt=f"AUC of {len(found.periods)} periods",
        )
    with right:
        ui.chart(
            charts.rates(found),
            data,
            "Mean score and bad rate by period",
            note="Where the line leaves the bars, probabilities are off.",
            alt=f"Mean score and bad rate of {len(found.periods)} periods",
        )
    ui.chart(
        charts.shifts(found),
        data,
        "Shift of the scores (PSI) by period",
        note=f"Against {count(found.reference_rows)} rows the model was made on, in {found.bins} bins. From "
        "0.10 a shift is called moderate, from 0.25 large, unless chance alone may give as much.",
        alt=f"Population stability index of {len(found.periods)} periods",
    )
    table(_table(found), "Periods", key="evaluate.time.table")
    without = int((periods.period < 0).sum())
    if without:
        st.caption(f"{counted(without, 'test row')} without a time left out.")


def in_words(found: Drift) -> str:
    """Say in words whether scores and quality moved."""
    known = [period for period in found.periods if math.isfinite(period.auc)]
    moved = [period for period in found.periods if period.shift in ("moderate", "large")]
    if moved:
        worst = max(moved, key=lambda period: period.psi)
        text = (
            f"Scores shifted in {len(moved)} of {counted(len(found.periods), 'period')}, most in "
            f"{escape(worst.label)} (PSI {measure(worst.psi, 2)}). "
        )
    else:
        text = f"Scores are stable over {counted(len(found.periods), 'period')}. "
    if not known:
        return text + "AUC is undefined: each period holds one class only."
    lowest = min(known, key=lambda period: period.auc)
    if found.ranks_change:
        return (
            f"{text}Quality changes more than chance explains; lowest AUC {measure(lowest.auc)} in "
            f"{escape(lowest.label)}."
        )
    return f"{text}AUC does not change more than chance explains."


def _table(found: Drift) -> pd.DataFrame:
    items = found.periods
    return pd.DataFrame(
        {
            "Period": [item.label for item in items],
            "Rows": [count(item.rows) for item in items],
            "Bads": [count(item.bads) for item in items],
            "Mean score": [share(item.mean_score) for item in items],
            "Bad rate": [
                f"{share(item.bad_rate)} ({share(item.bad_rate_low)} to {share(item.bad_rate_high)})"
                for item in items
            ],
            "AUC": [f"{measure(item.auc)} ({interval(item.auc_low, item.auc_high)})" for item in items],
            "PSI": [measure(item.psi) for item in items],
            "Chance up to": [measure(item.psi_chance) for item in items],
            "Shift": [_SHIFTS[item.shift] for item in items],
        }
    )
