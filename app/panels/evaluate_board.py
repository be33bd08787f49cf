"""Runs side by side, the best marked."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from aimass_core.models.catalog import FAMILIES
from aimass_core.workflows import evaluating
from aimass_core.workflows.evaluating import LeaderboardRow
from aimass_core.workspace.connection import Workspace
from app.panels.evaluate_run import LOWER_IS_BETTER, MEASURES
from app.tables import table
from app.text import count, duration, interval, measure, share, when

RUNS = "runs"
"""Key of the selector of the runs laid over each other, also its name in the address."""
MOST = 7
"""Runs laid over each other at most: as many as there are colours that can be told apart."""

_BEST = " ★"
Rows = tuple[str, int, int]
"""What tells test rows apart: data set version, number of rows, number of bads."""


def show(ws: Workspace) -> list[str]:
    """Show the leaderboard and return the ids of the runs to lay over each other."""
    rows = evaluating.leaderboard(ws)
    known = sorted({row.dataset for row in rows})
    if len(known) > 1:
        chosen = st.selectbox(
            "Data set",
            known,
            index=None,
            placeholder="All data sets",
            key="evaluate.dataset",
            persist_state="session",
            filter_mode="contains",
        )
        rows = [row for row in rows if chosen is None or row.dataset == chosen]
    table(_frame(rows), "Leaderboard", key="evaluate.board")
    st.caption(
        "Measured on test rows that the model never saw, with 95% bootstrap intervals. "
        "★ marks the best of the runs measured on like test rows of the same data set version; "
        "where intervals overlap, the difference may be chance."
    )
    names = {row.run: row.run_id for row in rows}
    kept = [name for name in st.session_state.get(RUNS, []) if name in names]
    if RUNS in st.session_state and kept != st.session_state[RUNS]:
        st.session_state[RUNS] = kept
    picked = st.multiselect(
        "Runs to lay over each other",
        list(names),
        default=_comparable(rows)[:3],
        max_selections=MOST,
        key=RUNS,
        bind="query-params",
        persist_state="session",
        select_all=False,
    )
    return [names[name] for name in picked]


def _comparable(rows: Sequence[LeaderboardRow]) -> list[str]:
    """Return the runs measured on like test rows as the newest one, itself among them, the best first."""
    newest = max(rows, key=lambda row: row.created_at, default=None)
    return [row.run for row in rows if newest is not None and _rows(row) == _rows(newest)]


def best(rows: Sequence[LeaderboardRow]) -> dict[tuple[Rows, str], float]:
    """Return the best value of each measure among the runs measured on like test rows.

    Runs alone on their data are compared with nothing, so none of their measures is the best.
    """
    found: dict[tuple[Rows, str], list[float]] = {}
    for row in rows:
        for key, item in row.measures.items():
            if item.value == item.value:
                found.setdefault((_rows(row), key), []).append(item.value)
    return {
        (rows_of, key): (min if key in LOWER_IS_BETTER else max)(values)
        for (rows_of, key), values in found.items()
        if len(values) > 1
    }


def _rows(row: LeaderboardRow) -> Rows:
    return row.version_id, row.test_rows, row.test_bads


def _frame(rows: Sequence[LeaderboardRow]) -> pd.DataFrame:
    top = best(rows)
    columns: dict[str, list[str]] = {
        "Run": [row.run for row in rows],
        "Family": [FAMILIES[row.family].title if row.family in FAMILIES else row.family for row in rows],
    }
    for key, (name, _) in MEASURES.items():
        columns[name] = [_cell(row, key, top) for row in rows]
    columns |= {
        "Data set": [row.dataset for row in rows],
        "AUC in training": [measure(row.train_auc) for row in rows],
        "Test rows": [count(row.test_rows) for row in rows],
        "Bad rate": [share(row.test_bads / row.test_rows if row.test_rows else float("nan")) for row in rows],
        "Model": [", ".join(row.registered) for row in rows],
        "Took": [duration(row.seconds) for row in rows],
        "Trained": [when(row.created_at) for row in rows],
        "By": [row.created_by for row in rows],
    }
    return pd.DataFrame(columns)


def _cell(row: LeaderboardRow, key: str, top: dict[tuple[Rows, str], float]) -> str:
    item = row.measures[key]
    text = measure(item.value)
    if item.low == item.low and item.high == item.high:
        text += f" ({interval(item.low, item.high)})"
    return text + (_BEST if top.get((_rows(row), key)) == item.value else "")
