"""Train: choose what to predict and how much time there is, start, watch, find every training again."""

from __future__ import annotations

from app import state, ui
from app.boundary import boundary
from app.context import runner, workspace
from app.panels import train_jobs, train_setup, train_start

ui.header("train")
ws = workspace()
train_jobs.active(ws, runner())
version = state.pick_version(ws)
if version is None:
    ui.empty(
        "There is no data set yet",
        "A model learns from a file of past cases with their outcome. Import one first.",
        page="data",
        label="Import a file",
    )
else:
    wanted = train_setup.show(ws, version)
    if wanted is not None:
        with boundary():
            train_start.show(ws, runner(), wanted)
train_jobs.history(ws)
