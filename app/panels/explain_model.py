"""What drives a model as a whole: importance of each feature, and in which direction."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.explain.summary import Summary
from app import ui
from app.charts import shapley
from app.text import code, count, prose, share


def show(summary: Summary) -> None:
    """Show bar and beeswarm with the number of rows behind them."""
    left, right = st.columns(2)
    sampled = (
        f"{count(summary.rows)} {summary.part}"
        if summary.rows == summary.rows_total
        else f"a sample of {count(summary.rows)} of {count(summary.rows_total)} {summary.part}"
    )
    with left:
        ui.chart(
            shapley.bar(summary.features),
            pd.DataFrame([feature.model_dump() for feature in summary.features]),
            "Importance of the features",
            note=f"Mean |SHAP| over {sampled}; whiskers: 95% intervals.",
            alt="Bar chart of mean absolute SHAP values: " + _first(summary),
        )
    with right:
        ui.chart(
            shapley.beeswarm(summary.swarms),
            pd.DataFrame(
                {
                    "feature": [s.feature for s in summary.swarms for _ in s.contributions],
                    "contribution": [value for s in summary.swarms for value in s.contributions],
                    "level": [level for s in summary.swarms for level in s.levels],
                }
            ),
            "Direction of the features",
            note=f"One dot a row, {sampled}. Right of the line raises the risk.",
            alt=f"Beeswarm of the SHAP values of the {len(summary.swarms)} most important features",
        )
    top = summary.features[:3]
    if top:
        named = ", ".join(f"{code(feature.feature)} ({share(feature.share)})" for feature in top)
        st.markdown(f"Most of what moves the scores: {named} of all contributions.")
    st.caption(
        f"Measured from: {prose(summary.reference_text)}. Method: {prose(summary.method)}. "
        f"{additivity(summary.additivity)}"
    )


def additivity(gap: float) -> str:
    """Return in words whether base and contributions add up to the score."""
    return f"The contributions add up to the score exactly (largest gap {gap:.6f} log-odds)."


def _first(summary: Summary) -> str:
    return ", ".join(f"{feature.feature} {feature.mean_abs:.3f}" for feature in summary.features[:5])
