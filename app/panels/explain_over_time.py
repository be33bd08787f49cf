"""This month against last: the mix of reasons over time, of test rows or of decisions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.explain.contributions import LEAST_ROWS
from aimass_core.explain.mix import NO_REASON, ReasonMix, Shift, shift
from aimass_core.schema import TEMPORAL
from aimass_core.workflows import explanation_views, scrutiny
from aimass_core.workflows.explanation_views import LEAST_DECISIONS
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_explaining, ui
from app.boundary import live
from app.charts import reasons as charts
from app.panels import explain_source
from app.panels.explain_row import REFERENCES
from app.tables import table
from app.text import code, count, counted, escape, measure, share

_ROWS, _DECISIONS = "Explained rows", "Decisions"
_PERIODS = {"month": "Months", "week": "Weeks", "quarter": "Quarters", "year": "Years"}
_DRAWN = 6
_LISTED = 15
_VERDICTS = {
    "none": "did not shift",
    "moderate": "shifted moderately",
    "large": "shifted much",
    "unknown": f"cannot be judged with fewer than {LEAST_ROWS} rows",
}


def show(ws: Workspace, run: Run) -> None:
    """Show the mix of reasons over time, and what changed between two periods."""
    made = explanation_views.decisions(ws, run.run_id)
    of = _ROWS
    if made >= LEAST_DECISIONS:
        of = st.segmented_control(
            "Of",
            [_ROWS, _DECISIONS],
            default=_ROWS,
            required=True,
            key="explain.mix.of",
            persist_state="session",
        )
    if of == _DECISIONS:
        _decisions(ws, run, made)
        return
    if 0 < made < LEAST_DECISIONS:
        st.caption(
            f"The model has made {counted(made, 'decision')} with reasons; from {LEAST_DECISIONS} on they "
            "can be followed here too."
        )
    _rows(ws, run)


def _rows(ws: Workspace, run: Run) -> None:
    known = scrutiny.time_columns(ws, run.run_id)
    if not known:
        ui.empty(
            "There is no column of time",
            "Give the column that says when a row came about the role `time`; reasons are then followed over "
            "it. Decisions are followed by the day on which they were made.",
            page="data",
            label="Set roles",
        )
        return
    found = explain_source.explained(ws, run)
    if found is None:
        return
    source, key = found
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        column = st.selectbox(
            "Time column",
            known,
            key=f"explain.mix.column.{run.version_id}",
            persist_state="session",
            width=260,
        )
        by = "month"
        if datasets.get(ws, run.version_id).schema.column(column).kind in TEMPORAL:
            by = st.selectbox(
                "Periods",
                list(_PERIODS),
                format_func=_PERIODS.__getitem__,
                key="explain.mix.by",
                persist_state="session",
                width=160,
            )
    mix, without = cache_explaining.mix(ws, source, run.run_id, key, column, by)  # type: ignore[arg-type]
    _view(mix, f"{run.run_id}.{column}.{by}")
    if without:
        st.caption(f"{counted(without, 'row')} without a time left out.")
    st.caption(explain_source.said(source))


def _decisions(ws: Workspace, run: Run, made: int) -> None:
    found = cache_explaining.decision_mix(ws, run.run_id, made)
    _view(found.mix, f"{run.run_id}.decisions")
    left_out = (
        f" {counted(found.left_out, 'decision')} measured from something else left out."
        if found.left_out
        else ""
    )
    st.caption(
        f"{counted(found.rows, 'decision')} with reasons, by the month of the decision (UTC). Measured from: "
        f"{escape(REFERENCES.get(found.reference, found.reference).lower())}.{left_out}"
    )


@live()
def _view(mix: ReasonMix, key: str) -> None:
    labels = [period.label for period in mix.periods]
    if not labels:
        st.info("No explained row has a time in this column.", icon=":material/info:")
        return
    drawn = _frequent(mix)
    ui.chart(
        charts.over_time(mix, drawn),
        _long(mix),
        "Top reasons over time",
        note=f"The {len(drawn)} most frequent on their own; "
        f"{count(sum(period.rows for period in mix.periods))} rows.",
        key="explain.mix.chart",
        alt=f"Share of rows by top reason in {len(labels)} periods",
    )
    if len(labels) < 2:
        st.info(
            f"All rows fall into one period ({escape(labels[0])}): there is none to compare it with. "
            "Choose shorter periods.",
            icon=":material/info:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        now = st.selectbox(
            "This period", labels, index=len(labels) - 1, key=f"explain.mix.now.{key}", width=220
        )
        earlier = [label for label in labels if label != now]
        place = labels.index(now)
        before = st.selectbox(
            "Against",
            earlier,
            index=max(0, place - 1) if place else 0,
            key=f"explain.mix.before.{key}.{place}",
            width=220,
        )
    _shift(shift(mix, before, now))


def _shift(found: Shift) -> None:
    st.markdown(f"**{in_words(found)}**")
    ui.metrics(
        [
            ("Rows before", count(found.rows_before), f"In {escape(found.before)}."),
            ("Rows now", count(found.rows_after), f"In {escape(found.after)}."),
            ("PSI", measure(found.psi), "Population stability index of the mix of top reasons."),
            ("Chance up to", measure(found.psi_chance), "PSI that chance alone exceeds in 5% of cases."),
            ("Distance", measure(found.distance), "Jensen-Shannon distance of the two mixes, 0 to 1."),
        ]
    )
    listed = found.changes[:_LISTED]
    ui.chart(
        charts.changes(listed),
        pd.DataFrame([_record(item) for item in found.changes]),
        "What changed",
        note="Share of rows by top reason. Diamonds: the 95% interval leaves out 0 (Newcombe).",
        key="explain.mix.changes",
        alt="Change of each top reason's share with 95% intervals",
    )
    table(
        pd.DataFrame(
            {
                "Reason": [item.feature for item in listed],
                "Top reason": [_arrow(i.top_before, i.top_after) for i in listed],
                "Change": [_points(i.top_gap, i.top_low, i.top_high) for i in listed],
                "Weight": [_arrow(i.weight_before, i.weight_after) for i in listed],
                "Change of weight": [_points(i.weight_gap, i.weight_low, i.weight_high) for i in listed],
            }
        ),
        "What changed",
        key="explain.mix.table",
    )
    st.caption(
        "Top reason: share of rows against which the feature speaks most. Weight: its share of all absolute "
        "contributions. Changes in percentage points with 95% intervals. From 0.10 a PSI is called moderate, "
        "from 0.25 large, by convention, unless chance alone may give as much with so many rows."
    )


def in_words(found: Shift) -> str:
    """Say in words whether the mix of reasons moved, and what moved most."""
    verdict = (
        f"From {escape(found.before)} to {escape(found.after)} the mix of reasons {_VERDICTS[found.verdict]}"
    )
    text = f"{verdict} (PSI {measure(found.psi, 3)}; chance alone up to {measure(found.psi_chance, 3)})."
    moved = next((item for item in found.changes if item.moved), None)
    if moved is None or found.verdict == "unknown":
        return text
    return (
        f"{text} Most changed: {code(moved.feature)}, the top reason in {share(moved.top_before)} of "
        f"the rows before and {share(moved.top_after)} after."
    )


def _frequent(mix: ReasonMix) -> list[str]:
    rows = sum(period.top for period in mix.periods)
    order = sorted(range(len(mix.names)), key=lambda j: (-int(rows[j]), j))  # type: ignore[index]
    return [mix.names[j] for j in order[:_DRAWN]]


def _arrow(before: float, after: float) -> str:
    return "n/a" if before != before and after != after else f"{share(before)} → {share(after)}"


def _points(gap: float, low: float, high: float) -> str:
    return "n/a" if gap != gap else f"{100 * gap:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _record(item: object) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__slots__}  # type: ignore[attr-defined]


def _long(mix: ReasonMix) -> pd.DataFrame:
    names = (*mix.names, NO_REASON)
    return pd.DataFrame(
        [
            {"period": period.label, "rows": period.rows, "reason": name, "top_reason_in": int(period.top[j])}
            for period in mix.periods
            for j, name in enumerate(names)
        ],
        columns=["period", "rows", "reason", "top_reason_in"],
    )
