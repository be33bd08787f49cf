"""Explain: what drives a model as a whole, and why one row scores as it does."""

from __future__ import annotations

from app import cache, nav, state, ui
from app.context import runner, workspace
from app.panels import explain_many, explain_model, explain_row, explain_shapes

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
    ui.section("The model as a whole")
    explain_model.show(cache.summary(ws, run.run_id))
    explain_shapes.show(ws, run)
    ui.section("One row")
    explain_row.show(ws, run)
    ui.section("Many rows", "Explained in the background; the contributions are kept.")
    explain_many.show(ws, runner(), run)
    nav.link("evaluate", "How good is this run?", {state.RUN: run.name})
