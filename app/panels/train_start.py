"""The middle of Train: what the training will take, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from aimass_core.jobs.runner import Runner
from aimass_core.models.catalog import FAMILIES
from aimass_core.settings import settings
from aimass_core.workflows import training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace.connection import Workspace
from app import state
from app.text import counted, duration, prose, size


def show(ws: Workspace, runner: Runner[Workspace], specs: Sequence[TrainingSpec]) -> None:
    """Show the estimate of each run and start them all when asked.

    Raises
    ------
    UserError
        When a specification does not fit the data; nothing is started then.
    """
    plans = [training.plan(ws, spec) for spec in specs]
    checked = [found.spec for found in plans]
    estimates = [training.estimate(ws, spec) for spec in checked]
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
    for note in dict.fromkeys(note for found in plans for note in found.notes):
        st.caption(prose(note))
    total = sum(found.seconds for found in estimates)
    left, right = st.columns([1, 3], vertical_alignment="center")
    pressed = left.button(
        f"Start {counted(len(checked), 'training')}",
        type="primary",
        icon=":material/play_arrow:",
        key="train.start",
        width="stretch",
    )
    right.caption(
        f"About {duration(total)} in all, in the background: pages stay usable, "
        "and the trainings go on when you close the browser."
    )
    if pressed:
        for spec in checked:
            runner.submit(training.KIND, spec.name, spec.model_dump(mode="json"), actor=settings().user)
        state.flash(f"{counted(len(checked), 'training')} queued.", ":material/play_circle:")
        st.rerun()
