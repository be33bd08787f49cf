"""The members of an ensemble: their weights, and what each brings."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_shapes, ui
from app.panels.evaluate_run import LOWER_IS_BETTER, MEASURES
from app.tables import table
from app.text import count, escape, measure


def show(ws: Workspace, run: Run) -> None:
    """Show the section when the run's model is an ensemble; otherwise nothing."""
    found = cache_shapes.members(ws, run.run_id)
    if found is None or not found.get("members"):
        return
    ui.section(
        "Members",
        help="The score is a weighted sum of the log-odds of these models. A gain of 0 or less means that "
        "the ensemble would be as good without the member.",
    )
    key = str(found["measure"])
    name = MEASURES[key][0] if key in MEASURES else key
    members = list(found["members"])
    table(_table(found, members, key, name), "Members", key="evaluate.members")
    together = found["together"]
    best = _best(members, key)
    sentence = f"Together {escape(name)} **{measure(together, 4)}**"
    if best is not None:
        sentence += f"; the best member alone, {escape(best['name'])}, {measure(best['alone'], 4)}"
        if together is not None:
            sentence += f": **{_gain(together, best['alone'], key):+.4f}**"
    st.markdown(sentence + ".")
    st.caption(
        f"Measured on {count(found['rows'])} {escape(found['measured_on'])}, so not comparable with the test "
        f"rows above. How they are combined: {escape(found['method'])}."
    )


def _table(found: dict[str, Any], members: list[dict[str, Any]], key: str, name: str) -> pd.DataFrame:
    together = found["together"]

    def gain(member: dict[str, Any]) -> str:
        if together is None or member["without"] is None or not member["weight"]:
            return "–"
        return f"{_gain(together, member['without'], key):+.4f}"

    return pd.DataFrame(
        {
            "Member": [member["name"] for member in members],
            "Weight": [measure(member["weight"]) if member["weight"] else "not used" for member in members],
            f"{name} alone": [measure(member["alone"], 4) for member in members],
            f"{name} without it": [measure(member["without"], 4) for member in members],
            "Gain": [gain(member) for member in members],
        }
    )


def _best(members: list[dict[str, Any]], key: str) -> dict[str, Any] | None:
    known = [member for member in members if member["alone"] is not None]
    sign = -1 if key in LOWER_IS_BETTER else 1
    return max(known, key=lambda member: sign * float(member["alone"]), default=None)


def _gain(value: float, other: float, key: str) -> float:
    return other - value if key in LOWER_IS_BETTER else value - other
