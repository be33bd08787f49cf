"""One row of the data set: which one, compared with what, and why it scores as it does."""

from __future__ import annotations

from typing import cast, get_args

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aimass_core.explain.references import ReferenceName
from aimass_core.settings import settings
from aimass_core.workflows import case, explaining, explanation_page, scoring
from aimass_core.workflows.explaining import RowExplanation
from aimass_core.workspace import datasets, registry
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from aimass_core.workspace.runs import Run
from app import cache, ui
from app.boundary import boundary, live
from app.panels import case_stability, case_views, explain_waterfall, papers
from app.panels.explain_model import additivity
from app.tables import paged
from app.text import code, count, escape, number, prose, share, short, when

ROW = "row"
"""Key of the row's number, also its name in the address."""
REFERENCES: dict[str, str] = {
    "population": "The average training row",
    "applicants": "The average of all applicants",
    "cutoff": "Applicants at or just above the cut-off",
}

_REALLY: dict[float, str] = {0: "good", 1: "bad"}


@live()
def show(ws: Workspace, run: Run) -> None:
    """Show the controls, and the explanation of the chosen row."""
    version = datasets.get(ws, run.version_id)
    tested = cache.tested(ws, run.run_id)
    _pick_from_table(ws, run, version, tested)
    left, right = st.columns(2)
    if ROW not in st.session_state and ROW not in st.query_params and len(tested):
        st.session_state[ROW] = int(tested["_row"].iloc[int(tested["probability"].argmax())])
    row = left.number_input(
        f"Row (1 to {count(cache.last_row(ws, version))})",
        min_value=1,
        step=1,
        key=ROW,
        bind="query-params",
        persist_state="session",
        help="Rows are numbered as in the file. At first: the test row with the highest score.",
    )
    reference, cutoff = _reference(ws, run, right)
    found = explaining.explain_row(ws, run.run_id, int(row), reference=reference, cutoff=cutoff)
    badges = _explained(run, version, found)
    papers.save(
        lambda: explanation_page.of_row(ws, found, actor=settings().user),
        f"{run.name} row {found.row_id}",
        key="explain.save",
    )
    asked = case.of_row(ws, run.run_id, int(row), reference=reference)
    with badges, boundary():  # after the reasons: refits may take a moment
        open_one = st.session_state.get(case_views.VIEW)
        case_stability.line(ws, asked, asked=open_one == case_stability.QUESTION)
    case_views.show(ws, asked)


def _reference(ws: Workspace, run: Run, place: DeltaGenerator) -> tuple[ReferenceName, float | None]:
    models = registry.of_runs(ws).get(run.run_id, [])
    stored = scoring.policy(ws, models[-1].name) if models else None
    known = [name for name in get_args(ReferenceName) if name != "cutoff" or stored is not None]
    chosen = place.selectbox(
        "Compared with",
        known,
        format_func=REFERENCES.__getitem__,
        key="explain.reference",
        persist_state="session",
        help="Contributions are measured from this. Comparing with the cut-off needs a registered model with "
        "a policy.",
    )
    cutoff = float(stored.policy["high"]) if stored is not None and chosen == "cutoff" else None
    return cast(ReferenceName, chosen), cutoff


def _pick_from_table(ws: Workspace, run: Run, version: Version, tested: pd.DataFrame) -> None:
    if not st.toggle("Pick from the table of test rows", key="explain.table", persist_state="session"):
        return
    order = st.segmented_control(
        "Order",
        ["Riskiest first", "Safest first", "As in the file"],
        default="Riskiest first",
        required=True,
        key="explain.order",
        persist_state="session",
    )
    ordered = ordered_rows(tested, order or "As in the file")

    def fetch(offset: int, limit: int) -> pd.DataFrame:
        part = ordered.iloc[offset : offset + limit]
        return pd.DataFrame(
            {
                "Row": part["_row"].astype(int),
                "Probability": [share(value, 2) for value in part["probability"]],
                "Log-odds": [number(value) for value in part["log_odds"]],
                "Really": [_REALLY.get(bad, "unknown") for bad in part["y"]],
            }
        )

    paged(len(ordered), fetch, "Test rows with their scores", key="explain.rows")
    st.caption("Type the number of a row below.")


def ordered_rows(tested: pd.DataFrame, order: str) -> pd.DataFrame:
    """Return the test rows in this order; ties by row number."""
    if order == "As in the file":
        return tested.sort_values("_row")
    return tested.sort_values(["log_odds", "_row"], ascending=[order == "Safest first", True])


def _explained(run: Run, version: Version, found: RowExplanation) -> DeltaGenerator:
    """Show the score and its reasons; return the place for badges below the figures."""
    positive = ", ".join(code(label) for label in run.spec.get("positive") or ())
    ui.metrics(
        [
            ("Probability", share(found.probability, 2), f"Of {found.outcome}."),
            ("Log-odds", number(found.log_odds), "Natural logarithm of p / (1 − p)."),
            ("Reference", share(_probability(found.base), 2), f"{found.reference_text}."),
            ("Outcome", found.target or "n/a", "The row's own target value."),
        ]
    )
    badges = st.container()
    part = f" It is one of the {found.part} rows." if found.part else ""
    known = (
        " The model has seen it, so its score says little about new cases."
        if found.part == "training"
        else ""
    )
    meaning = f" Bad means {positive}." if positive else " The model was trained without a target."
    st.caption(f"Row {count(found.row_id)} of {code(version.ref)}.{part}{known}{meaning}")
    left, right = st.columns([3, 2])
    with left:
        explain_waterfall.chart(
            found.reasons,
            base=found.base,
            log_odds=found.log_odds,
            probability=found.probability,
            key="explain.waterfall",
        )
    with right:
        explain_waterfall.ranked(found.reasons, key="explain.reasons")
    ui.facts(
        {
            "Measured from": prose(found.reference_text),
            "Method": prose(found.method),
            "Additivity": additivity(found.additivity),
            "Model": f"run {code(run.name)}, {escape(run.family)}, trained {when(run.created_at)} "
            f"by {escape(run.created_by)}",
            "Data": f"{code(version.ref)}, file {code(version.source_name)}, "
            f"SHA-256 {code(short(version.source_sha256))}",
        }
    )
    return badges


def _probability(log_odds: float) -> float:
    from scipy.special import expit

    return float(expit(log_odds))
