"""Two versions of one case side by side: score, outcome, reasons, and what the changes between them do."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from aimass_core.explain.reasons import Reason
from aimass_core.workflows import what_if
from aimass_core.workflows.case import Case, bundle_of
from aimass_core.workflows.explaining import RowExplanation
from aimass_core.workflows.what_if import Control, Difference
from aimass_core.workspace.connection import Workspace
from app import cache_case, ui
from app.charts import shapley
from app.panels import explain_waterfall
from app.panels.outcomes import TONES
from app.panels.what_if_state import Trial
from app.tables import table
from app.text import code, number, prose, share

AS_IS = "As it is"
KEPT = "Version A"
_REASONS = 3


def show(ws: Workspace, case: Case, found: Sequence[Control], trial: Trial) -> None:
    """Show the version that is compared with beside the present one."""
    key = f"whatif.{trial.case}"
    before_name, before_changes = AS_IS, {}
    if trial.kept is not None:
        before_name = st.segmented_control(
            "Compared with", [AS_IS, KEPT], default=KEPT, required=True, key=f"{key}.with"
        )
        before_changes = trial.kept if before_name == KEPT else {}
    before = cache_case.explained(ws, case, what_if.settled(before_changes, found))
    after = cache_case.explained(ws, case, what_if.settled(trial.changes, found))
    after_name = "As changed" if trial.kept is None else "Version B, now"
    left, right = st.columns(2, gap="small")
    with left:
        _version(ws, case, before_name, before, None, key=f"{key}.before")
    with right:
        _version(ws, case, after_name, after, before, key=f"{key}.after")
    if case.high is None:
        st.caption("No policy is set for this run, so there is no outcome.")
    steps = what_if.differences(before, after)
    if steps:
        _steps(steps, before, after, names=(before_name, after_name), key=key)
    else:
        st.caption("Both are the same.")
    if st.toggle("Both waterfalls", key=f"{key}.both", persist_state="session"):
        for name, version in ((before_name, before), (after_name, after)):
            st.markdown(f"**{name}**")
            explain_waterfall.chart(
                version.reasons,
                base=version.base,
                log_odds=version.log_odds,
                probability=version.probability,
                key=f"{key}.waterfall.{name}",
            )


def _version(
    ws: Workspace, case: Case, name: str, version: RowExplanation, other: RowExplanation | None, *, key: str
) -> None:
    outcome = what_if.outcome(bundle_of(ws, case), case, version.probability)
    with st.container(border=True, key=key):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{name}**", width="content")
            if outcome is not None:
                ui.badge(outcome.capitalize(), TONES.get(outcome, "neutral"))
        moved = None if other is None else version.probability - other.probability
        st.metric(
            f"Probability of {version.outcome}",
            share(version.probability, 2),
            None if moved is None else _points(moved),
            delta_color="off",
            delta_arrow="off" if not moved else "auto",
        )
        log_odds = number(version.log_odds)
        if other is not None and version.log_odds != other.log_odds:
            log_odds += f" ({version.log_odds - other.log_odds:+.3f})"
        st.caption(f"Log-odds {log_odds}.")
        top = explain_waterfall.every(version.reasons)[:_REASONS]
        st.markdown(
            "\n".join(
                f"{place}. {code(reason.feature)} is {code(reason.value)}: {reason.contribution:+.3f}"
                for place, reason in enumerate(top, start=1)
            )
            or "No feature moves this score."
        )


def _points(moved: float) -> str:
    return "no change" if abs(moved) < 5e-7 else f"{100 * moved:+.2f} percentage points"


def _steps(
    steps: Sequence[Difference],
    before: RowExplanation,
    after: RowExplanation,
    *,
    names: tuple[str, str],
    key: str,
) -> None:
    frame = pd.DataFrame(
        {
            "feature": [step.feature for step in steps],
            "before": [step.before for step in steps],
            "after": [step.after for step in steps],
            "added_before": [step.added_before for step in steps],
            "added_after": [step.added_after for step in steps],
            "difference": [step.by for step in steps],
            "standard_error": [step.error for step in steps],
        }
    )
    moved = [step for step in steps if abs(step.by) > 1e-9]
    if moved:
        others = sum(step.before == step.after for step in moved)
        ui.chart(
            shapley.waterfall(
                [_reason(step) for step in moved],
                base=before.log_odds,
                log_odds=after.log_odds,
                names=(names[0], names[1]),
            ),
            frame,
            "What the changes do to the score",
            note="Orange raises the risk, blue lowers it." + (f" {_others(others)}" if others else ""),
            key=f"{key}.steps",
            alt=f"Steps from {share(before.probability)} to {share(after.probability)}: "
            + "; ".join(f"{step.feature} {step.by:+.3f}" for step in moved[:5]),
        )
    else:
        st.caption("The changes do not move the score.")
    table(
        pd.DataFrame(
            {
                "Feature": frame["feature"],
                names[0]: frame["before"],
                names[1]: frame["after"],
                "Adds before": [f"{value:+.3f}" for value in frame["added_before"]],
                "Adds after": [f"{value:+.3f}" for value in frame["added_after"]],
                "Difference": [
                    f"{step.by:+.3f}" + (f" ± {1.96 * step.error:.3f}" if step.error > 0 else "")
                    for step in steps
                ],
            }
        ),
        "Difference by feature",
        key=f"{key}.differences",
        export=False,  # the chart has it
    )
    st.caption(f"Log-odds, measured from: {prose(after.reference_text)}. Method: {prose(after.method)}.")


def _others(number: int) -> str:
    return (
        "1 feature did not change, but counts otherwise beside those that did."
        if number == 1
        else f"{number:,} features did not change, but count otherwise beside those that did."
    )


def _reason(step: Difference) -> Reason:
    value = step.after if step.before == step.after else f"{step.before} → {step.after}"
    return Reason(
        feature=step.feature,
        value=value,
        typical=step.before,
        contribution=step.by,
        error=step.error if step.error == step.error else None,
        direction="raises" if step.by > 0 else "lowers",
        text="",
    )
