"""Explain: what drives a model as a whole, and why one row scores as it does."""

from __future__ import annotations

from app import nav, state, ui
from app.context import workspace
from app.panels import explain_views

ui.header("explain")
ws = workspace()
run = state.pick_run(ws)
if run is None:
    ui.empty(
        "There is no model to explain yet",
        "Train one first; it is explained on a sample of its test rows as soon as it is done.",
        page="train",
        label="Train a model",
    )
else:
    explain_views.show(ws, run)
    nav.link("evaluate", "How good is this run?", {state.RUN: run.name})
