"""The middle of Train: what the training will take, and the button that starts it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.jobs.runner import Runner
from aimass_core.models.catalog import FAMILIES
from aimass_core.settings import settings
from aimass_core.workflows import training
from aimass_core.workspace.connection import Workspace
from app import state
from app.panels.train_setup import Wanted
from app.text import counted, duration, prose, size


def show(ws: Workspace, runner: Runner[Workspace], wanted: Wanted) -> None:
    """Show the estimate of each run and start them all when asked.

    Raises
    ------
    UserError
        When a specification does not fit the data; nothing is started then.
    """
    plans = [training.plan(ws, spec) for spec in wanted.specs]
    checked = [found.spec for found in plans]
    estimates = [training.estimate(ws, spec) for spec in checked]
    if not wanted.automatic:
        st.dataframe(
            pd.DataFrame(
                {
                    "Run": [spec.name for spec in checked],
                    "Family": [FAMILIES[spec.family].title for spec in checked],
                    "Time, about": [duration(found.seconds) for found in estimates],
                    "Memory, about": [size(found.memory_bytes) for found in estimates],
                }
            ),
            hide_index=True,
            key="train.estimate",
            alt="Estimated time and memory of each run",
        )
    total = sum(found.seconds for found in estimates)
    left, right = st.columns([1, 3], vertical_alignment="center")
    pressed = left.button(
        "Find the best model" if wanted.automatic else f"Start {counted(len(checked), 'training')}",
        type="primary",
        icon=":material/play_arrow:",
        key="train.start",
        width="stretch",
    )
    most = sum(found.most_seconds for found in estimates)
    memory = max(found.memory_bytes for found in estimates)
    limit = f", at most {duration(most)}" if most > 1.1 * total else ""
    right.caption(
        f"About {duration(total)} in all{limit}, with up to {size(memory)} of memory; "
        "in the background: pages stay usable, and it goes on when you close the browser."
    )
    for note in dict.fromkeys(note for found in plans for note in found.notes):
        st.caption(prose(note))
    if pressed:
        for spec in checked:
            runner.submit(training.KIND, spec.name, spec.model_dump(mode="json"), actor=settings().user)
        state.flash(f"{counted(len(checked), 'training')} queued.", ":material/play_circle:")
        st.rerun()
