"""A run that learnt without a target: how its scores are spread, and the rows it finds most unusual."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.evaluate.report import Report
from aimass_core.schema import ROW_ID
from aimass_core.workflows import unusual
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import ui
from app.charts import curves
from app.tables import table
from app.text import count, share

_SHOWN = (10, 20, 50, 100)
_SHARES = (0.5, 0.9, 0.99, 0.999)


def show(ws: Workspace, run: Run, report: Report) -> None:
    """Show what can be said without outcomes, and say what cannot."""
    st.info(
        "No outcome is known for these rows, so nothing can be measured. The score says how unusual a row "
        "is: the share of training rows that are less unusual. It is not a probability of fraud.",
        icon=":material/info:",
    )
    left, right = st.columns([3, 2])
    with left:
        counts = report.histogram_log_odds
        ui.chart(
            curves.unlabelled_histogram(counts),
            {"from": counts.edges[:-1], "to": counts.edges[1:], "rows": counts.goods},
            "Scores of the test rows",
            note=f"{count(report.rows)} test rows in {len(counts.goods)} bins of equal width; log-odds of "
            "the share of training rows that are less unusual.",
            alt="Histogram of the scores of the test rows on the scale of log-odds",
        )
    with right:
        st.markdown("**Rows above a score**")
        found = [report.cutoffs.at(level) for level in _SHARES]
        st.table(
            pd.DataFrame(
                {
                    "Test rows": [count(item.flagged) for item in found],
                    "Share of rows": [share(item.flagged / (item.rows or 1), 2) for item in found],
                },
                index=[share(item.threshold, 2) for item in found],
            ),
            alt="How many test rows score at least so much",
        )
        st.caption(
            "If the test rows are like the training rows, about 1% of them score 99% or more. Many more "
            "say that the rows have changed."
        )
    _rows(ws, run)


def _rows(ws: Workspace, run: Run) -> None:
    st.markdown("**The most unusual rows**")
    limit = st.segmented_control(
        "Rows to show",
        _SHOWN,
        default=20,
        required=True,
        key="evaluate.unusual.rows",
        persist_state="session",
    )
    found = unusual.rows(ws, run.run_id, limit=int(limit or _SHOWN[0]))
    shown = pd.DataFrame(
        {
            "Row": [count(int(value)) for value in found[ROW_ID]],
            "Part": found["part"].tolist(),
            "More unusual than": [share(float(value), 3) for value in found["probability"]],
        }
    )
    values = found.drop(columns=[ROW_ID, "part", "probability", "log_odds"])
    # A column of the data may be called as one of ours.
    values.columns = [name if name not in shown.columns else f"{name} (data)" for name in values.columns]
    table(pd.concat([shown, values], axis=1), "The most unusual rows", key="evaluate.unusual")
    st.caption(
        "Validation and test rows, which the model has not learnt from. "
        "Explain says what makes a row unusual."
    )
