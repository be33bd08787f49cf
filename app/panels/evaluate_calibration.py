"""What a calibration did to the probabilities of a run, and what was tried before it was found."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from aimass_core.evaluate.calibration import ReliabilityBin
from aimass_core.workflows import evaluating
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import ui
from app.charts import curves
from app.panels import train_live
from app.text import count, measure, words

_METHODS = {"none": "none", "platt": "Platt's line", "isotonic": "an isotonic curve"}


def show(ws: Workspace, run: Run) -> None:
    """Show reliability before and after, where the run was to be calibrated."""
    found = evaluating.extra(ws, run.run_id, "calibration")
    if found is None:
        return
    ui.section(
        "Calibration",
        help="Whether 10% predicted means 10% observed. The correction was learnt on validation rows; both "
        "lines are of test rows. The order of rows is the same before and after.",
    )
    before, after = found["before"], found["after"]
    st.markdown(
        f"Chosen: **{_METHODS.get(found['method'], found['method'])}**. {found['reason']} "
        f"Log loss of {count(found['rows'])} test rows: {measure(before['log_loss'], 4)} before, "
        f"**{measure(after['log_loss'], 4)}** after; Brier score {measure(before['brier'], 4)} and "
        f"**{measure(after['brier'], 4)}**."
    )
    bins = {"before": _bins(before), "after": _bins(after)}
    if found["method"] == "none":
        bins = {"as they are": bins["after"]}
    ui.chart(
        curves.calibration(bins),
        _table(bins),
        "Reliability before and after",
        note="On the dotted line, 10% predicted means 10% observed. Bars: 95% intervals.",
        alt="Observed share of bads by predicted probability, before and after the calibration",
    )
    if found["validation_log_loss"]:
        compared = [
            f"{_METHODS.get(name, name)} {measure(value, 4)}"
            for name, value in found["validation_log_loss"].items()
        ]
        st.caption("Log loss of validation rows that each method had not seen: " + ", ".join(compared) + ".")


def tried(ws: Workspace, run: Run) -> None:
    """Show what a search or the automatic choice tried, folded away."""
    for kind in ("search", "auto"):
        found = evaluating.extra(ws, run.run_id, kind)
        if found is None:
            continue
        with st.expander("What was tried before the settings were found"):
            train_live.show({**found, "kind": kind, **_best(found)}, run.run_id)
            if kind == "search":
                st.caption(
                    f"Judged by {words(found['metric']).lower()} on {found['judged_by']}. {found['ended']}"
                )


def _best(found: dict[str, Any]) -> dict[str, Any]:
    """Return the best trial in place of its number."""
    number = found.get("best")
    trials = found.get("trials", ())
    return {"best": next((trial for trial in trials if trial["number"] == number), None)} if trials else {}


def _bins(part: dict[str, Any]) -> tuple[ReliabilityBin, ...]:
    return tuple(ReliabilityBin.model_validate(item) for item in part["reliability"])


def _table(bins: dict[str, tuple[ReliabilityBin, ...]]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"scores": name, **item.model_dump()} for name, part in bins.items() for item in part]
    )
