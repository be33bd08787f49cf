"""Decisions: find and open them, decide one case or a file, set the policy."""

from __future__ import annotations

import streamlit as st

from app import state, ui
from app.context import workspace
from app.panels import decisions_file, decisions_find, decisions_one, decisions_policy

VIEWS = {"one": "Decide one", "file": "Decide a file", "policy": "Policy", "find": "Find and replay"}

ui.header("decisions")
ws = workspace()
view = st.segmented_control(
    "What to do",
    list(VIEWS),
    default="one",
    required=True,
    format_func=VIEWS.__getitem__,
    key="view",
    bind="query-params",
    persist_state="session",
    label_visibility="collapsed",
)
if view == "find":
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
    elif view == "policy":
        decisions_policy.show(ws, model)
    elif view == "file":
        decisions_file.show(ws, model)
    else:
        decisions_one.show(ws, model)
