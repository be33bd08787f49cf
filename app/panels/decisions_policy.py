"""A model's policy: two cut-offs, what they do, who set which version when."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.decide.default import LOOKED_AT, STOPPED, policy_by_share
from aimass_core.decide.policy import OUTCOMES, Policy, PolicyKind
from aimass_core.evaluate.report import Report
from aimass_core.settings import settings
from aimass_core.workflows import evaluating, scoring
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.registry import Model
from app import cache, state
from app.panels import evaluate_cutoff
from app.tables import table
from app.text import code, count, escape, share, when


def show(ws: Workspace, model: Model) -> None:
    """Show the policy in force, a form for the next version with its effect, and the earlier versions."""
    kind: PolicyKind = evaluating.bundle(ws, model.run_id).manifest.kind
    report = cache.report(ws, model.run_id)
    stored = scoring.policies(ws, model.name)
    if stored:
        newest = stored[0]
        st.markdown(
            f"In force for {code(model.name)}: version {newest.version}, set {when(newest.set_at)} "
            f"by {escape(newest.set_by)}. {_sentence(Policy.model_validate(newest.policy))}"
        )
    else:
        st.info(
            "No policy has been set yet. The first decision would set the one suggested below.",
            icon=":material/info:",
        )
    prefix = f"policy.{model.model_id}"
    if report.labelled:
        _suggest(ws, model, kind, prefix, fresh=not stored)
    else:
        _share_of_rows(kind, prefix, fresh=not stored)
    start = Policy.model_validate(stored[0].policy) if stored else scoring.default_policy(ws, model.name)
    low, high = _cutoffs(kind, start, prefix)
    note = st.text_input(
        "Note",
        max_chars=2_000,
        placeholder="Why these cut-offs",
        key=f"{prefix}.note",
        persist_state="session",
    )
    if low > high:
        st.error("The lower cut-off must not be above the upper one.", icon=":material/error:")
        return
    _effect(report, kind, low, high)
    if st.button(
        f"Save as version {count((stored[0].version if stored else 0) + 1)}",
        type="primary",
        icon=":material/save:",
        key=f"{prefix}.save",
    ):
        policy = Policy(kind=kind, low=low, high=high, note=note.strip())
        made = scoring.set_policy(ws, model.name, policy, actor=settings().user)
        state.flash(
            f"Policy version {made.version} of {code(model.name)} is in force. Next: score an applicant."
        )
        st.rerun()
    if stored:
        st.markdown("**All versions**")
        table(
            pd.DataFrame(
                {
                    "Version": [item.version for item in stored],
                    f"{_name(kind, 0)} below": [share(item.policy["low"], 2) for item in stored],
                    f"{_name(kind, 2)} from": [share(item.policy["high"], 2) for item in stored],
                    "Set": [when(item.set_at) for item in stored],
                    "By": [item.set_by for item in stored],
                    "Note": [item.policy.get("note", "") for item in stored],
                }
            ),
            f"Policies of {model.name}",
            key=f"{prefix}.versions",
        )


def _suggest(ws: Workspace, model: Model, kind: PolicyKind, prefix: str, *, fresh: bool) -> None:
    with st.expander("Suggest cut-offs from costs", icon=":material/payments:", expanded=fresh):
        stated, _ = evaluate_cutoff.costs(kind)
        st.caption(
            "The cheapest cut-offs on the validation rows if the cost of a missed bad is wrong by a factor "
            "of two either way: cases that hinge on that doubt go to a person."
        )
        if st.button("Use the suggestion", icon=":material/auto_fix_high:", key=f"{prefix}.suggest"):
            policy = scoring.default_policy(ws, model.name, costs=stated)
            st.session_state[f"{prefix}.low"] = 100 * policy.low
            st.session_state[f"{prefix}.high"] = 100 * policy.high
            st.session_state[f"{prefix}.note"] = policy.note


def _share_of_rows(kind: PolicyKind, prefix: str, *, fresh: bool) -> None:
    """Let cut-offs be set by the share of rows they flag, where no outcome is known."""
    with st.expander("Set cut-offs by share of rows", icon=":material/percent:", expanded=fresh):
        st.caption(
            "No outcome is known, so errors and costs cannot be counted. The score is the share of training "
            "rows that are less unusual: a cut-off of 99% flags about 1% of rows that are like them."
        )
        shares = []
        for place, name, value, label in zip(
            st.columns(2),
            ("looked", "stopped"),
            (LOOKED_AT, STOPPED),
            (f"{_name(kind, 1)} or {_name(kind, 2).lower()} (% of rows)", f"{_name(kind, 2)} (% of rows)"),
            strict=True,
        ):
            shares.append(
                place.number_input(
                    label,
                    min_value=0.0,
                    max_value=100.0,
                    value=100 * value,
                    step=0.1,
                    format="%.3f",
                    key=f"{prefix}.{name}",
                    persist_state="session",
                )
                / 100
            )
        if shares[1] > shares[0]:
            st.error("The second share must not be above the first.", icon=":material/error:")
        elif st.button("Use these shares", icon=":material/auto_fix_high:", key=f"{prefix}.suggest"):
            policy = policy_by_share(kind=kind, looked_at=shares[0], stopped=shares[1])
            st.session_state[f"{prefix}.low"] = 100 * policy.low
            st.session_state[f"{prefix}.high"] = 100 * policy.high
            st.session_state[f"{prefix}.note"] = policy.note


def _cutoffs(kind: PolicyKind, start: Policy, prefix: str) -> tuple[float, float]:
    left, right = st.columns(2)
    found = []
    for place, name, value, label in (
        (left, "low", start.low, f"{_name(kind, 0)} below a probability of (%)"),
        (right, "high", start.high, f"{_name(kind, 2)} from a probability of (%)"),
    ):
        key = f"{prefix}.{name}"
        if key not in st.session_state:
            st.session_state[key] = 100 * value
        found.append(
            place.number_input(
                label,
                min_value=0.0,
                max_value=100.0,
                step=0.5,
                format="%.3f",
                key=key,
                persist_state="session",
                help=f"Between the two: {_name(kind, 1).lower()}.",
            )
            / 100
        )
    return found[0], found[1]


def _effect(report: Report, kind: PolicyKind, low: float, high: float) -> None:
    below, above = report.cutoffs.at(low), report.cutoffs.at(high)
    rows = below.rows or 1
    passed, refused = below.tn + below.fn, above.tp + above.fp
    between = max(0, below.rows - passed - refused)
    bad_between = max(0, below.tp - above.tp)
    groups = ((passed, below.fn), (between, bad_between), (refused, above.tp))
    columns = {
        "Share of rows": [share(number / rows, 1 if report.labelled else 2) for number, _ in groups],
        "Rows": [count(number) for number, _ in groups],
    }
    if report.labelled:
        columns |= {
            "Bads": [count(bads) for _, bads in groups],
            "Bad rate": [share(bads / number if number else None) for number, bads in groups],
        }
    st.table(
        pd.DataFrame(columns, index=[_name(kind, index) for index in range(3)]),
        alt="What the two cut-offs do to the test rows",
    )
    st.caption(
        f"On {count(below.rows)} test rows, at the nearest measured thresholds: "
        f"{share(below.threshold, 2)} and {share(above.threshold, 2)}."
    )


def _sentence(policy: Policy) -> str:
    names = OUTCOMES[policy.kind]
    return (
        f"Below {share(policy.low, 2)}: **{names[0]}**; from {share(policy.high, 2)}: **{names[2]}**; "
        f"between: **{names[1]}**."
    )


def _name(kind: PolicyKind, index: int) -> str:
    return OUTCOMES[kind][index].capitalize()
