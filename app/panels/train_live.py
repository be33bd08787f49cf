"""What a training has tried so far, while it runs: trials of a search, families of the automatic choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from aimass_core.jobs.progress import Progress
from app.text import counted, duration, measure, words

SHOWN = 10
"""Best ones that are listed."""
_LOWER_IS_BETTER = frozenset({"log_loss", "brier"})


def newest(history: Sequence[Progress]) -> Mapping[str, Any] | None:
    """Return the newest of what messages tell beyond numbers; None when they tell nothing."""
    return next((item.detail for item in reversed(history) if item.detail), None)


def show(detail: Mapping[str, Any], job_id: str) -> None:
    """Show what was tried so far, by a search or by the automatic choice."""
    if detail.get("kind") == "auto":
        _table(families(detail), "Tried so far, the best first", f"train.tried.{job_id}")
    elif detail.get("kind") == "search":
        _table(trials(detail), "Settings tried so far, the best first", f"train.trials.{job_id}")
        st.caption(_counted(detail))


def families(detail: Mapping[str, Any]) -> pd.DataFrame:
    """Return what the automatic choice has tried, the lowest log loss first."""
    tried = sorted(detail.get("tried", ()), key=lambda item: _order(item.get("log_loss"), "log_loss"))
    return pd.DataFrame(
        {
            "Model": [str(item["title"]) for item in tried],
            "Log loss": [measure(item.get("log_loss"), 4) for item in tried],
            "Settings changed": [settings(item.get("settings", {})) for item in tried],
            "Folds": [int(item.get("folds", 0)) for item in tried],
            "A fit took": [duration(item["seconds"]) if item.get("folds") else "" for item in tried],
            "State": [words(str(item.get("state", ""))) for item in tried],
            "Remark": [str(item.get("message", "")) for item in tried],
        }
    )


def trials(detail: Mapping[str, Any]) -> pd.DataFrame:
    """Return the best trials of a search; those that were not done come last."""
    metric = str(detail.get("metric", ""))
    tried = sorted(detail.get("trials", ()), key=lambda item: _order(item.get("value"), metric))[:SHOWN]
    return pd.DataFrame(
        {
            "Trial": [int(item["number"]) for item in tried],
            words(metric): [measure(item.get("value"), 4) for item in tried],
            "Settings": [settings(item.get("settings", {})) for item in tried],
            "Took": [duration(item.get("seconds")) for item in tried],
            "State": [words(str(item.get("state", ""))) for item in tried],
        }
    )


def settings(values: Mapping[str, Any]) -> str:
    """Return settings as short text: `trees 600, rate 0.03`."""
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items()) or "defaults"


def _counted(detail: Mapping[str, Any]) -> str:
    states = [str(item.get("state", "")) for item in detail.get("trials", ())]
    parts = [f"{states.count(state):,} {state}" for state in dict.fromkeys(states)]
    return f"{counted(len(states), 'trial')}: {', '.join(parts)}. The first has the settings given."


def _table(frame: pd.DataFrame, title: str, key: str) -> None:
    if len(frame):
        st.markdown(f"**{title}**")
        st.dataframe(frame, hide_index=True, key=key, alt=title)


def _order(value: float | None, metric: str) -> tuple[bool, float]:
    """Sort the best first, what has no value last."""
    if value is None:
        return True, 0.0
    return False, value if metric in _LOWER_IS_BETTER else -value


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
