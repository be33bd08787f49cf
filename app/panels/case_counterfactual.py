"""What would turn a case: the nearest changes after which it passes, and the rules they keep to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from aimass_core.bundle import Bundle
from aimass_core.explain.counterfactual import Change, Counterfactual, Turned
from aimass_core.features.values import number as plain_number
from aimass_core.workflows import counterfactuals
from aimass_core.workflows.case import Case, bundle_of
from aimass_core.workspace.connection import Workspace
from app import cache_turned, ui
from app.exports import csv_bytes
from app.panels import case_rules
from app.tables import table
from app.text import counted, number, prose, share

PASSES = {"credit": "approved", "fraud": "allowed"}
_CAUTION = (
    "This describes the model, not a promise: it says what the model would have answered to another row. In "
    "real life a change may bring others with it, and the model may be another by then."
)


def show(ws: Workspace, case: Case) -> None:
    """Show up to four ways in which the case would pass, or why there is none, and the rules on demand."""
    bundle = bundle_of(ws, case)
    goal = case.low if case.low is not None else _goal(bundle, case)
    rules = counterfactuals.in_force(ws, bundle)
    found = cache_turned.turned(ws, case, goal=goal, rules=rules)
    _answer(found, bundle, key=f"turn.{case.key}")
    if st.toggle(
        "Rules: what may change",
        key="turn.rules",
        persist_state="session",
        help="Fixed values, directions, limits, whole numbers and linked columns.",
    ):
        case_rules.show(ws, case, bundle, rules)


def _goal(bundle: Bundle, case: Case) -> float:
    scores = 1 / (1 + np.exp(-bundle.applicants_log_odds))
    typical = min(0.99, max(0.01, round(float(np.median(scores)), 2)))
    return float(
        st.number_input(
            "Probability to come below",
            min_value=0.001,
            max_value=1.0,
            value=typical,
            step=0.01,
            format="%.3f",
            key=f"turn.goal.{case.run_id}",
            persist_state="session",
            help="No policy is set for this model, so there is no cut-off to come below. At first: the "
            "median of all applicants.",
        )
    )


def _answer(found: Turned, bundle: Bundle, *, key: str) -> None:
    passed = PASSES[bundle.manifest.kind]
    ui.metrics(
        [
            ("Now", share(found.probability, 2), f"Probability of {bundle.outcome} as the row is."),
            ("Must be below", share(found.goal, 2), f"Below it the row is {passed}."),
            ("Outcome now", found.outcome.capitalize(), "What the cut-offs make of the row as it is."),
        ]
    )
    if found.status == "passes":
        st.success(f"Already {passed}: nothing would have to change.", icon=":material/check_circle:")
        return
    if found.impossible is not None:
        st.warning(
            f"**No allowed change turns it.** {prose(found.impossible.reason)}", icon=":material/block:"
        )
        return
    for place, answer in enumerate(found.answers, start=1):
        _way(place, answer, key=f"{key}.{place}")
    ui.download(
        "All ways as CSV", lambda: csv_bytes(as_frame(found)), "what-would-turn-it.csv", key=f"{key}.csv"
    )
    st.caption(
        f"{_CAUTION} Distance: each change in median absolute deviations of the data; another label counts "
        "1. Every way was scored again from the raw row."
    )


def _way(place: int, answer: Counterfactual, *, key: str) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Way {place}: {counted(len(answer.changes), 'change')}**")
            ui.badge(answer.outcome.capitalize(), "good")
            st.markdown(f"probability {share(answer.probability, 2)}, distance {number(answer.distance, 3)}")
        table(_changes(answer), f"Way {place}", key=key, export=False)


def _changes(answer: Counterfactual) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Feature": [change.feature for change in answer.changes],
            "Now": [change.before_text for change in answer.changes],
            "Would have to be": [change.after_text for change in answer.changes],
            "Changed by": [changed_by(change) for change in answer.changes],
        }
    )


def as_frame(found: Turned) -> pd.DataFrame:
    """Return all ways as one table, a row for each change."""
    parts = []
    for place, answer in enumerate(found.answers, start=1):
        part = _changes(answer)
        part.insert(0, "Way", place)
        parts.append(
            part.assign(Probability=answer.probability, Outcome=answer.outcome, Distance=answer.distance)
        )
    return pd.concat(parts, ignore_index=True)


def changed_by(change: Change) -> str:
    """Return the difference of a change for people: "+2", "−20,000", "+30 days", "another label"."""
    if change.by is None:
        return "filled in" if change.before is None else "another label"
    dated = hasattr(change.after, "year")
    return f"{'+' if change.by > 0 else '−'}{plain_number(abs(change.by))}{' days' if dated else ''}"
