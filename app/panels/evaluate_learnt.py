"""What a network made of the data before it learnt the target: months it found, rows it was pretrained on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from aimass_core.workflows import evaluating
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app.text import code, count, counted, number


def show(ws: Workspace, run: Run) -> None:
    """Show one line for each of the two, where the run's family says so."""
    steps = evaluating.extra(ws, run.run_id, "time_steps")
    if steps is not None:
        st.caption(_series(steps["series"]))
    pretraining = evaluating.extra(ws, run.run_id, "pretraining")
    if pretraining is not None and pretraining["rows"]:
        st.caption(
            f"Pretrained without the target on {count(pretraining['rows'])} rows in "
            f"{counted(pretraining['epochs'], 'epoch')}; the error of telling rows back fell from "
            f"{number(pretraining['before'])} to {number(pretraining['after'])}."
        )


def _series(found: list[dict[str, Any]]) -> str:
    if not found:
        return "No columns were read as one quantity at several times."
    named = "; ".join(f"{code(item['columns'][0])} to {code(item['columns'][-1])}" for item in found)
    return (
        f"Read as one quantity at several times each: {named}. If that is wrong, name the series in the "
        "settings, or turn time steps off."
    )
