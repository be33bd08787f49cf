"""Weak spots, and noise: where a run is wrong, and how much its answers hang on values being right."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.evaluate.cutoff import best_cutoff
from aimass_core.evaluate.report import Report
from aimass_core.evaluate.segments import By, Segment, Segments
from aimass_core.evaluate.sensitivity import Sensitivity
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_scrutiny, ui
from app.charts import scrutiny as charts
from app.panels.evaluate_value import payoff_of
from app.tables import table
from app.text import code, count, counted, escape, interval, measure, number, share

_BY: dict[By, str] = {
    "surprise": "Where it is wrong more than it says",
    "loss": "Where it errs most",
}
_WEAK = {
    "underestimates": "Underestimates the risk",
    "overestimates": "Overestimates the risk",
    "overconfident": "Too sure of itself",
    "ranks poorly": "Ranks worse than it should",
}


def segments(ws: Workspace, run: Run, report: Report) -> None:
    """Show the groups of test rows for which a run is worst."""
    st.caption(
        "A shallow tree on each row's loss finds groups on one half of the test rows; they are measured on "
        "the other half, so that looking for them does not flatter. Protected columns take part, learnt from "
        "or not."
    )
    most = max(10, report.rows // 8)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        by = st.segmented_control(
            "Look for groups",
            list(_BY),
            default="surprise",
            required=True,
            format_func=_BY.__getitem__,
            key="evaluate.weak.by",
            persist_state="session",
            wrap=True,
        )
        depth = int(
            st.number_input(
                "Conditions at most", 1, 4, 2, key="evaluate.weak.depth", persist_state="session", width=150
            )
        )
        smallest = int(
            st.number_input(
                "Fewest rows",
                10,
                most,
                min(most, max(10, min(100, report.rows // 20))),
                step=10,
                key=f"evaluate.weak.rows.{run.run_id}",
                width=130,
                help="Of a group, in the half it is found on.",
            )
        )
    found = cache_scrutiny.weak_spots(ws, run.run_id, by, depth, smallest)
    _in_words(found)
    ui.chart(
        charts.segments(found.segments),
        pd.DataFrame(
            [{**item.model_dump(exclude={"weak"}), "weak": ", ".join(item.weak)} for item in found.segments]
        ),
        "Predicted and observed bad rate by segment",
        note=f"Numbered as in the table; {count(found.rows_measured)} rows that took no part in the search.",
        key="evaluate.weak.chart",
        alt=f"Predicted and observed bad rate of {len(found.segments)} segments",
    )
    table(_table(found), "Segments", key="evaluate.weak.table")


def _in_words(found: Segments) -> None:
    if not found.weak:
        st.success(
            f"No weak spot: in none of {counted(len(found.segments), 'group')} is the model clearly worse "
            "than its own probabilities say.",
            icon=":material/check_circle:",
        )
        return
    st.warning(f"**{counted(len(found.weak), 'weak spot')}.**", icon=":material/warning:")
    st.markdown("\n".join(f"- {_sentence(segment)}" for segment in found.weak))


def _sentence(segment: Segment) -> str:
    parts = []
    for kind in segment.weak:
        if kind == "ranks poorly":
            parts.append(
                f"ranks worse than it should: AUC {measure(segment.auc)} where "
                f"{measure(segment.auc_expected)} was to be expected"
            )
        elif kind == "overconfident":
            parts.append(
                f"is too sure of itself: log loss {measure(segment.loss)} where "
                f"{measure(segment.expected_loss)} was to be expected"
            )
        elif kind:
            parts.append(
                f"{kind} the risk: {share(segment.observed)} were bad "
                f"({share(segment.observed_low)} to {share(segment.observed_high)}) where "
                f"{share(segment.predicted)} was predicted"
            )
    return f"{code(segment.text, longest=160)} ({counted(segment.rows, 'row')}): {'; '.join(parts)}."


def _table(found: Segments) -> pd.DataFrame:
    items = found.segments
    return pd.DataFrame(
        {
            "No.": [str(place) for place in range(1, len(items) + 1)],
            "Segment": [item.text for item in items],
            "Finding": ["; ".join(_WEAK[kind] for kind in item.weak if kind) or "None" for item in items],
            "Rows": [count(item.rows) for item in items],
            "Predicted": [share(item.predicted) for item in items],
            "Observed": [
                f"{share(item.observed)} ({share(item.observed_low)} to {share(item.observed_high)})"
                for item in items
            ],
            "AUC": [f"{measure(item.auc)} ({interval(item.auc_low, item.auc_high)})" for item in items],
            "AUC expected": [measure(item.auc_expected) for item in items],
            "Log loss": [measure(item.loss) for item in items],
            "Log loss expected": [measure(item.expected_loss) for item in items],
        }
    )


def noise(ws: Workspace, run: Run, report: Report) -> None:
    """Show what noise and gaps in the values do to a run's answers."""
    st.caption(
        "Noise is added to each number, labels are swapped, values are blanked: one feature at a time and "
        "all at once. A decision flips when it lands on the other side of the cut-off."
    )
    pay = payoff_of(ws, run)
    best = best_cutoff(
        report.cutoffs,
        cost_false_positive=max(0.0, pay.good_passed - pay.good_flagged),
        cost_false_negative=max(0.0, pay.bad_flagged - pay.bad_passed),
    ).confusion.threshold
    key = f"evaluate.noise.{run.run_id}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        level = st.select_slider(
            "Disturbance of single features",
            [0.05, 0.1, 0.25, 0.5, 1.0],
            value=0.25,
            format_func=lambda value: f"{value:.0%}",
            key=f"{key}.level",
            width=300,
            help="25%: noise of 0.25 standard deviations; or 25% of the values swapped, or missing.",
        )
        cutoff = st.number_input(
            "Cut-off",
            0.0,
            1.0,
            float(round(best, 4)),
            step=0.01,
            format="%.4f",
            key=f"{key}.cutoff",
            width=150,
            help="Starts at the most profitable one.",
        )
    if not st.toggle("Disturb the test rows", key=f"{key}.go", persist_state="session"):
        st.info(
            "Scores each row some dozens of times: seconds, or a minute for a slow model.",
            icon=":material/info:",
        )
        return
    found = cache_scrutiny.sensitivity(ws, run.run_id, float(cutoff), float(level))
    st.markdown(f"**{_noise_in_words(found)}**")
    left, right = st.columns(2)
    rows = f"{count(found.rows)} test rows" + (
        f", a sample of {count(found.rows_total)}" if found.rows < found.rows_total else ""
    )
    with left:
        ui.chart(
            charts.flips(found.single),
            pd.DataFrame([item.model_dump() for item in found.single]),
            "Decisions that change, one feature disturbed",
            note=f"On {rows}; the 12 features that matter most.",
            alt="Share of decisions that change when one feature is disturbed",
        )
    with right:
        ui.chart(
            charts.levels(found.together, auc=found.auc),
            pd.DataFrame([item.model_dump() for item in found.together]),
            "AUC when all features are disturbed",
            note=f"Without noise it is {measure(found.auc)}.",
            alt="AUC by level of noise and of missing values in all features",
        )
    table(
        pd.DataFrame(
            {
                "Feature": [item.feature for item in found.single],
                "Disturbed by": ["Noise" if item.how == "noise" else "Missing" for item in found.single],
                "Decisions that change": [share(item.flipped) for item in found.single],
                "Change in AUC": [
                    f"{item.change:+.4f}" if item.change == item.change else "n/a" for item in found.single
                ],
                "Mean move of the probability": [number(item.moved, 3) for item in found.single],
            }
        ),
        "Noise, feature by feature",
        key=f"{key}.table",
    )


def _noise_in_words(found: Sensitivity) -> str:
    worst = found.single[0] if found.single else None
    if worst is None or worst.flipped == 0:
        return "No decision hangs on any single feature being right."
    how = "noise in" if worst.how == "noise" else "gaps in"
    return (
        f"Decisions hang most on {escape(worst.feature)}: {how} it changes {share(worst.flipped)} of them "
        f"and moves the AUC by {worst.change:+.3f}."
    )
