"""One run in full: its measures, how its scores are spread, its decile table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.evaluate.report import Report
from app import ui
from app.charts import curves
from app.tables import table
from app.text import count, escape, interval, measure, number, share

MEASURES: dict[str, tuple[str, str]] = {
    "auc": ("AUC", "Chance that a bad row scores above a good one; 0.5 is a coin. Higher is better."),
    "gini": ("Gini", "2 × AUC − 1. Higher is better."),
    "ks": ("KS", "Widest gap between the shares of bads and goods flagged. Higher is better."),
    "average_precision": (
        "Avg. precision",
        "Average precision: area under precision and recall. Higher is better.",
    ),
    "brier": ("Brier score", "Mean squared error of the probability. Lower is better."),
    "log_loss": ("Log loss", "Mean negative log likelihood, natural logarithm. Lower is better."),
}
"""Measures by key: name and what it means."""
LOWER_IS_BETTER = frozenset({"brier", "log_loss"})


def measures(report: Report) -> None:
    """Show the measures with their intervals."""
    found = []
    for key, (name, meaning) in MEASURES.items():
        item = report.measures.get(key)
        if item is not None:
            found.append(
                (name, measure(item.value), f"{meaning} 95% interval: {interval(item.low, item.high)}.")
            )
    ui.metrics(found)
    texts = [
        f"{MEASURES[key][0]} {interval(item.low, item.high)}"
        for key, item in report.measures.items()
        if key in MEASURES
    ]
    st.caption(f"95% intervals: {', '.join(texts)}. {escape(report.intervals)}")
    st.caption(
        f"{count(report.rows)} test rows, {count(report.bads)} of them bad ({share(report.bad_rate)}); "
        f"mean predicted probability {share(report.mean_probability)}."
    )


def spread(report: Report) -> None:
    """Show how the scores of both classes are spread, and the decile table with its chart."""
    left, right = st.columns(2)
    with left:
        scale = st.segmented_control(
            "Scale of the scores",
            ["Probability", "Log-odds"],
            default="Probability",
            required=True,
            key="evaluate.scale",
            persist_state="session",
        )
        odds = scale == "Log-odds"
        counts = report.histogram_log_odds if odds else report.histogram
        ui.chart(
            curves.histogram(counts, log_odds=odds),
            {
                "from": counts.edges[:-1],
                "to": counts.edges[1:],
                "goods": counts.goods,
                "bads": counts.bads,
            },
            "Scores by class",
            note=f"{len(counts.goods)} bins of equal width, each class as shares of itself.",
            alt="Histogram of the predicted scores of goods and of bads on the test rows",
        )
    with right:
        st.caption("Sorted by score and cut into ten equal parts. The steeper the steps, the better.")
        ui.chart(
            curves.deciles(report.deciles, bad_rate=report.bad_rate),
            pd.DataFrame([item.model_dump() for item in report.deciles]),
            "Bad rate by tenth",
            note="Equal scores are never parted, so tenths may differ in size.",
            alt="Observed bad rate of each tenth of the test rows, riskiest first",
        )
    st.markdown("**Decile table**")
    table(_deciles(report), "Decile table", key="evaluate.deciles")


def _deciles(report: Report) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Tenth": [item.number for item in report.deciles],
            "Probability": [f"{number(item.low, 3)} to {number(item.high, 3)}" for item in report.deciles],
            "Rows": [count(item.rows) for item in report.deciles],
            "Bads": [count(item.bads) for item in report.deciles],
            "Goods": [count(item.goods) for item in report.deciles],
            "Bad rate": [share(item.bad_rate) for item in report.deciles],
            "Bads found so far": [share(item.capture) for item in report.deciles],
            "Lift": [measure(item.lift, 2) for item in report.deciles],
            "Lift so far": [measure(item.cumulative_lift, 2) for item in report.deciles],
            "KS": [share(item.ks) for item in report.deciles],
        }
    )
