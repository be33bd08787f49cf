"""Decisions: find and open them, decide one case or a file, set the policy."""

from __future__ import annotations

import streamlit as st

from app import state, ui
from app.context import workspace
from app.panels import decisions_file, decisions_find, decisions_one, decisions_policy
from app.panels import decisions_views as views

ui.header("decisions")
ws = workspace()
view = st.segmented_control(
    "What to do",
    [views.ONE, views.FILE, views.POLICY, views.FIND],
    default=views.ONE,
    required=True,
    key=views.VIEW,
    wrap=True,
    bind="query-params",
    persist_state="session",
    label_visibility="collapsed",
)
if view == views.FIND:
    decisions_find.show(ws)
else:
    model = state.pick_model(ws)
    if model is None:
        ui.empty(
            "No model is registered yet",
            "Only registered models decide. Choose a run on Evaluate and register it.",
            page="evaluate",
            label="Register a model",
        )
    elif view == views.POLICY:
        decisions_policy.show(ws, model)
    elif view == views.FILE:
        decisions_file.show(ws, model)
    else:
        decisions_one.show(ws, model)
