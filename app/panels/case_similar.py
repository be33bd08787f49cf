"""Past cases like this one: the nearest by features or by reasons, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from aimass_core.workflows import explanations
from aimass_core.workflows.case import Case, bundle_of
from aimass_core.workflows.similar import Neighbour, Similar
from aimass_core.workflows.similar_pool import PoolName, decided
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.explanations import Stored
from app import cache_case, nav, state, ui
from app.boundary import live
from app.tables import table
from app.text import code, count, counted, number, share, when

FEATURES = "By features"
REASONS = "By reasons"
_POOLS: dict[PoolName, str] = {"test": "Test rows", "all": "All rows", "decisions": "Past decisions"}
_REALLY = {0.0: "good", 1.0: "bad"}


@live()
def show(ws: Workspace, case: Case) -> None:
    """Show how to compare, what became of the nearest cases, and these one by one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.segmented_control(
            "Similar",
            [FEATURES, REASONS],
            default=FEATURES,
            required=True,
            key="similar.by",
            persist_state="session",
            help="By features: like this one in what the model sees. By reasons: scored as it is for like "
            "reasons, whatever the values.",
        )
        found = _by_features(ws, case) if by == FEATURES else _by_reasons(ws, case)
    if found is None:
        ui.empty(
            "No row of this run is explained yet",
            "Cases are alike by reasons when the same features moved their scores. That needs the "
            "contributions of many rows, which are worked out once, in the background.",
        )
        query = {state.RUN: runs.get(ws, case.run_id).name, "explain_view": "Many rows"}
        nav.link("explain", "Explain many rows", query)
        return
    _summary(ws, case, found)
    table(_frame(found), "Similar cases", key=f"similar.{by}.{found.pool}")
    _links(ws, case, found.neighbours)
    _method(found)


def _by_features(ws: Workspace, case: Case) -> Similar:
    known = [name for name in _POOLS if name != "decisions" or decided(ws, case.run_id)[0]]
    chosen = st.segmented_control(
        "Among",
        known,
        format_func=_POOLS.__getitem__,
        default=known[0],
        required=True,
        key="similar.among",
        persist_state="session",
        help="Test rows: the model has not learnt from their outcomes. All rows: those it learnt from too.",
    )
    return cache_case.similar_by_features(ws, case, chosen)


def _by_reasons(ws: Workspace, case: Case) -> Similar | None:
    found = {item.explanation_id: item for item in explanations.of_run(ws, case.run_id)}
    if not found:
        return None
    chosen: str = next(iter(found))
    if len(found) > 1:
        chosen = st.selectbox(
            "Among", list(found), format_func=lambda key: _named(found[key]), key=f"similar.{case.run_id}"
        )
    return cache_case.similar_by_contributions(ws, case, found[chosen])


def _named(item: Stored) -> str:
    return f"{count(item.row_count)} {item.part}, {when(item.created_at)}"


def _summary(ws: Workspace, case: Case, found: Similar) -> None:
    near, outcome = found.neighbours, bundle_of(ws, case).outcome
    nearest = f"the {count(len(near))} nearest" if len(near) > 1 else "the nearest"
    if found.known:
        low, high = found.interval
        lines = [
            f"**Of {nearest}, {count(found.known - found.bad)} turned out good and {count(found.bad)} bad**: "
            f"{share(found.bad / found.known)} bad, 95% interval {share(low)} to {share(high)}."
        ]
        if found.known < len(near):
            lines.append(f"What became of the other {count(len(near) - found.known)} is not known.")
        if found.pool_known:
            lines.append(f"Of all {count(found.pool_known)} searched: {share(found.pool_rate)} bad.")
    else:
        lines = [f"**What became of {nearest} is not known.**"]
    outcomes = [item.past.outcome for item in near if item.past is not None]
    if outcomes:
        parts = [f"{count(outcomes.count(name))} {name}" for name in dict.fromkeys(sorted(outcomes))]
        lines.append(f"Decided: {', '.join(parts)}.")
    mean = sum(item.probability for item in near) / len(near)
    lines.append(f"Their mean estimated probability of {outcome} is {share(mean)}.")
    st.markdown(" ".join(lines))
    ui.metrics(
        [
            ("Nearest", number(near[0].distance, 3), "Distance of the nearest case."),
            ("Furthest", number(near[-1].distance, 3), "Distance of the last one in the table."),
            ("Typical", number(found.typical, 3), "Median distance of all that were searched."),
        ]
    )
    if found.differing:
        most = ", ".join(f"{code(name)} (in {count(cases)})" for name, cases in found.differing[:4])
        st.caption(f"They differ most in {most}.")
    st.caption(
        "A handful of cases says little about the next one: they are alike in what the model sees, not "
        "in all that matters."
    )


def _frame(found: Similar) -> pd.DataFrame:
    near = found.neighbours
    data = {
        "Row": pd.array([item.row_id for item in near], dtype="Int64"),
        "Distance": [number(item.distance, 3) for item in near],
        "Probability": [share(item.probability, 2) for item in near],
        "Really": [_REALLY.get(item.y, "not known") for item in near],
        "Part": [item.part for item in near],
        "Decided": [
            "" if item.past is None else f"{item.past.outcome}, {when(item.past.decided_at)}" for item in near
        ],
        "Differs most in": [_differs(item) for item in near],
        "Decision": ["" if item.past is None else item.past.decision_id for item in near],
    }
    if all(item.row_id is None for item in near):
        del data["Row"], data["Part"]
    if all(item.past is None for item in near):
        del data["Decided"], data["Decision"]
    return pd.DataFrame(data)


def _differs(item: Neighbour) -> str:
    if not item.differs:
        return "nothing the model sees"
    return "; ".join(
        f"{one.feature} {one.there}" + ("" if one.here == one.there else f" (here {one.here})")
        for one in item.differs
    )


def _links(ws: Workspace, case: Case, near: Sequence[Neighbour]) -> None:
    from app.panels import decisions_find, decisions_views, explain_row  # they show this panel themselves

    run = runs.get(ws, case.run_id).name
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption("Open", width="content")
        for item in near:
            if item.row_id is not None:
                query = {state.RUN: run, "explain_view": "One row", explain_row.ROW: str(item.row_id)}
                nav.link("explain", f"Row {count(item.row_id)}", query)
            if item.past is not None:
                query = {
                    state.MODEL: item.past.model,
                    decisions_views.VIEW: decisions_views.FIND,
                    decisions_find.DECISION: item.past.decision_id,
                }
                what = item.past.decision_id[-8:] if item.row_id is None else f"on row {count(item.row_id)}"
                nav.link("decisions", f"Decision {what}", query)


def _method(found: Similar) -> None:
    if found.by == "features":
        st.caption(
            "Distance: mean over the features of how different they are, 0 (the same) to 1, after Gower "
            "(1971). Numbers: their distance over the range from the 5% to the 95% quantile, at most 1. "
            "Categories, and missing against not missing: 0 or 1."
        )
    else:
        st.caption(
            "Distance: root of the summed squared differences of the contributions, in log-odds. Differences "
            "named are those of the contributions."
        )
    of = "" if found.searched >= found.of - 1 else f", sampled from {count(found.of)}"
    skipped = (
        f" {counted(found.skipped, 'decision')} of other versions lack features of this one."
        if found.skipped
        else ""
    )
    st.caption(f"Searched: {counted(found.searched, 'case')}{of}; this one itself is not listed.{skipped}")
