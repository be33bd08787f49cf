"""How stable the reasons of one case are: would the model give them again, had it seen other rows?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.explain.stability import MOSTLY, STABLE, RowStability, Verdict
from aimass_core.workflows import stability
from aimass_core.workflows.case import Case, bundle_of
from aimass_core.workflows.stability import Result
from aimass_core.workspace.connection import Workspace
from app import cache_stability, ui
from app.panels import stability_jobs
from app.tables import table
from app.text import code, count, counted, duration, escape, number, prose, share, when

QUESTION = "How stable?"
_AT_ONCE = 0.1  # nominal seconds that may be spent without being asked
TONES: dict[Verdict, ui.Tone] = {"stable": "good", "mostly stable": "middle", "unstable": "bad"}
WHAT = (
    "Each refit learns from a bootstrap sample: training rows drawn at random with replacement, each class "
    "by itself. Settings, cleaning and calibration stay. "
    "A reason that comes back does not depend on a few rows."
)
THRESHOLDS = (
    f"Stable: the top reason is the same in at least {STABLE:.0%} of the refits. "
    f"Mostly stable: in at least {MOSTLY:.0%}. Unstable: in fewer."
)


def show(ws: Workspace, case: Case) -> None:
    """Show how often the reasons of a case come back, or what measures it."""
    found = stability.latest(ws, case.run_id)
    if found is None:
        st.markdown("It has not been measured yet how far the reasons of this model depend on its rows.")
        st.caption(f"{WHAT} The refits are kept: after that, every row is compared at once.")
        stability_jobs.start(ws, case.run_id, key="stability")
        return
    one = cache_stability.of_case(ws, found, case)
    _row(one.row)
    _reasons(one.row, key=f"stability.{found.stability_id}.{case.key}")
    st.caption(" ".join(part for part in (WHAT, THRESHOLDS, prose(one.note)) if part))
    _model(found)
    if stability_jobs.under_way(ws, case.run_id) or st.toggle(
        "Measure again, with another number of refits", key=f"stability.again.{found.stability_id}"
    ):
        stability_jobs.start(ws, case.run_id, key="stability")


def line(ws: Workspace, case: Case, *, asked: bool) -> None:
    """Show in one line how often the top reason comes back; nothing while it has not been measured.

    Parameters
    ----------
    asked : the question is open. Where explaining under the refits is slow, nothing is worked out before.
    """
    found = stability.latest(ws, case.run_id)
    if found is None:
        return
    if not asked and stability.seconds_a_row(bundle_of(ws, case)) * found.refits_explained > _AT_ONCE:
        st.caption(f"Whether its reasons come back over refits: ask “{QUESTION}” below.")
        return
    row = cache_stability.of_case(ws, found, case).row
    ui.badge(top_text(row), TONES[row.verdict])


def model_line(ws: Workspace, run_id: str) -> None:
    """Show in one line how stable the reasons of a model are on its test rows; nothing while unknown."""
    found = stability.latest(ws, run_id)
    if found is None:
        return
    model = found.model
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        ui.badge(f"Reasons {model.verdict}", TONES[model.verdict])
        st.caption(
            f"Over {counted(found.spec.refits, 'refit')} the top reason of a row came back in "
            f"{share(model.top)} of them, mean of {counted(model.rows, 'test row')}. {THRESHOLDS}"
        )


def top_text(row: RowStability) -> str:
    """Return how often the top reason came back, as a short sentence."""
    times = f"{row.top} of {counted(row.refits, 'refit')}"
    if not row.principal:
        return f"No reason against in {times} either"
    return f"Top reason came back in {times}"


def _row(row: RowStability) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        ui.badge(row.verdict.capitalize(), TONES[row.verdict])
        st.markdown(f"{top_text(row)}.")
    reasons = {0: "no reason against", 1: "the same single reason"}.get(
        row.principal, f"the same top {row.principal}"
    )
    ui.metrics(
        [
            ("Top reason", f"{row.top} of {row.refits}", "Refits whose strongest reason is the same."),
            ("Same set", f"{row.same_set} of {row.refits}", f"Refits that give {reasons}, in any order."),
            ("Probability", share(row.probability, 2), "Of the model itself."),
            ("Lowest", share(row.low, 2), "Smallest probability over the refits."),
            ("Highest", share(row.high, 2), "Greatest probability over the refits."),
            ("Spread", share(row.spread, 2), "Standard deviation of the probability over the refits."),
        ]
    )


def _reasons(row: RowStability, *, key: str) -> None:
    table(
        pd.DataFrame(
            {
                "Feature": [item.feature for item in row.reasons],
                "Reason": [f"number {item.rank}" if item.rank else "further down" for item in row.reasons],
                "Among the top four": [f"{item.principal} of {row.refits}" for item in row.reasons],
                "Same direction": [f"{item.sign} of {row.refits}" for item in row.reasons],
                "Log-odds": [number(item.contribution) for item in row.reasons],
                "Over the refits": [f"{number(item.low)} to {number(item.high)}" for item in row.reasons],
            }
        ),
        "Principal reasons over the refits",
        key=key,
    )


def _model(found: Result) -> None:
    model = found.model
    st.markdown("**The model as a whole**")
    ui.facts(
        {
            "Same top reason": f"{share(model.top)} of the refits, mean of {counted(model.rows, 'test row')}",
            "Same set": share(model.same_set),
            "Principal reasons that come back": share(model.kept),
            "Probability": f"standard deviation {share(model.spread, 2)} over the refits, mean of the rows",
            "Rows": ", ".join(f"{count(rows)} {verdict}" for verdict, rows in model.verdicts.items()),
            "Measured": f"{when(found.created_at)} by {escape(found.created_by)}, "
            f"{counted(found.spec.refits, 'refit')} in {duration(found.seconds)}, {code(found.stability_id)}",
        }
    )
