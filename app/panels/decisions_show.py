"""One decision in full: outcome, score, reasons, input, versions, and its replay."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from aimass_core.errors import NotFoundError
from aimass_core.explain.reasons import Reasons
from aimass_core.settings import settings
from aimass_core.workflows import case, explanation_page, reviewing
from aimass_core.workflows.reviewing import Replay
from aimass_core.workspace import cases, datasets, registry, runs
from aimass_core.workspace.cases import Decision
from aimass_core.workspace.connection import Workspace
from app import ui
from app.boundary import boundary
from app.panels import case_stability, case_views, explain_waterfall, papers
from app.panels.explain_row import REFERENCES
from app.panels.outcomes import TONES
from app.tables import table
from app.text import code, escape, number, prose, share, short, when

_SIDES = ("principal", "tail", "favourable")


def show(ws: Workspace, decision: Decision) -> None:
    """Show one stored decision with everything it rests on, and replay it when asked."""
    _head(ws, decision)
    badges = st.container()
    _reasons(decision)
    if decision.reasons.get("explained"):
        papers.save(
            lambda: explanation_page.of_decision(ws, decision, actor=settings().user),
            f"decision {decision.decision_id}",
            key=f"decision.save.{decision.decision_id}",
        )
    left, right = st.columns(2)
    with left:
        st.markdown("**What came in**")
        table(
            pd.DataFrame(
                {
                    "Column": list(decision.input),
                    "Value": [_cell(value) for value in decision.input.values()],
                }
            ),
            f"Input of decision {decision.decision_id}",
            key=f"decision.input.{decision.decision_id}",
        )
    with right:
        st.markdown("**What decided**")
        ui.facts(
            {
                "Model": code(decision.model),
                "Learnt from": _data(ws, decision),
                "Policy": f"version {decision.policy_version}",
                "Decided": f"{when(decision.decided_at)} by {escape(decision.decided_by)}",
                "Source": escape(decision.source),
                "Decision": code(decision.decision_id),
                "Model SHA-256": code(short(decision.bundle_sha256)),
                "Input SHA-256": code(short(decision.input_sha256)),
            }
        )
        _replay(ws, decision)
    asked = case.of_decision(ws, decision)
    with badges, boundary():  # after the reasons: refits may take a moment
        open_one = st.session_state.get(case_views.VIEW)
        case_stability.line(ws, asked, asked=open_one == case_stability.QUESTION)
    case_views.show(ws, asked)


def _head(ws: Workspace, decision: Decision) -> None:
    policy = cases.policy_by_id(ws, decision.policy_id).policy
    with st.container(horizontal=True, vertical_alignment="center"):
        ui.badge(decision.outcome.capitalize(), TONES.get(decision.outcome, "neutral"))
        st.markdown(f"**{escape(decision.subject)}**" if decision.subject else "No subject named")
    ui.metrics(
        [
            ("Probability", share(decision.probability, 2), "Of the bad outcome."),
            ("Log-odds", number(decision.log_odds), "Natural logarithm of p / (1 − p)."),
            ("Lower cut-off", share(policy["low"], 2), "Below it the case passes."),
            ("Upper cut-off", share(policy["high"], 2), "From it on the case is turned away."),
        ]
    )


def _reasons(decision: Decision) -> None:
    if not decision.reasons.get("explained"):
        st.info(
            "This decision was made without reasons. A replay computes its score again, not the reasons.",
            icon=":material/info:",
        )
        return
    found = stored_reasons(decision.reasons)
    left, right = st.columns([3, 2])
    with left:
        explain_waterfall.chart(
            found,
            base=float(decision.reasons["base"]),
            log_odds=decision.log_odds,
            probability=decision.probability,
            key=f"decision.waterfall.{decision.decision_id}",
        )
    with right:
        explain_waterfall.ranked(found, key=f"decision.reasons.{decision.decision_id}")
        st.caption(
            f"Compared with: {REFERENCES.get(decision.reference, decision.reference)} "
            f"({prose(decision.reasons['reference_text'])}). Method: {prose(decision.reasons['method'])}."
        )


def _data(ws: Workspace, decision: Decision) -> str:
    try:
        run = runs.get(ws, registry.get(ws, decision.model_id).run_id)
        version = datasets.get(ws, run.version_id)
    except NotFoundError:
        return "not in this workspace any more"
    return f"{code(version.ref)}, SHA-256 {code(short(version.source_sha256))}, by run {code(run.name)}"


def stored_reasons(stored: dict[str, Any]) -> Reasons:
    """Return the reasons as they were stored with a decision."""
    sides = {side: stored[side] for side in _SIDES}
    return Reasons.model_validate({**sides, "wording_version": stored.get("wording_version", 0)})


def _cell(value: object) -> str:
    """Return a value as it came in; JSON writes whole numbers of a number column with a point."""
    if value is None:
        return "missing"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _replay(ws: Workspace, decision: Decision) -> None:
    key = f"decision.replay.{decision.decision_id}"
    if st.button(
        "Replay this decision",
        icon=":material/replay:",
        key=key,
        help="Computes it again from the archive: same input, same model version, same policy version.",
    ):
        _verdict(reviewing.replay(ws, decision.decision_id, actor=settings().user))


def _verdict(replay: Replay) -> None:
    if replay.problem:
        st.error(f"It could not be replayed. {prose(replay.problem)}", icon=":material/error:")
    elif replay.agrees and replay.again is not None:
        compared = "score, outcome and reasons" if replay.reasons_compared else "score and outcome"
        st.success(
            f"Replayed: {compared} are the same. Probability {share(replay.again.probability, 4)}, "
            f"outcome {replay.again.outcome}.",
            icon=":material/verified:",
        )
    else:
        st.error("Replayed, and it came out otherwise.", icon=":material/error:")
    if replay.differences:
        table(
            pd.DataFrame(
                {
                    "What": [item.what for item in replay.differences],
                    "Stored": [item.stored for item in replay.differences],
                    "Now": [item.again for item in replay.differences],
                }
            ),
            "Differences of the replay",
            key=f"decision.differences.{replay.stored.decision_id}",
        )
