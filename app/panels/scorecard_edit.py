"""The controls by which one edit of a feature's bins is made."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from aimass_core.models.families.scorecard import BinEdit
from aimass_core.models.scorecard_table import BinRow, words
from aimass_core.workflows import binning
from aimass_core.workspace.connection import Workspace

Show = Callable[[float], str]


def controls(ws: Workspace, run_id: str, rows: tuple[BinRow, ...], show: Show, key: str) -> BinEdit | None:
    """Show the controls and return the edit they now say; None where they say nothing yet.

    Parameters
    ----------
    rows : the feature's bins as they are after the edits so far.
    key : begins the keys of the controls; another one makes them afresh.
    """
    ordinary = [row for row in rows if row.kind in ("range", "labels")]
    if not ordinary:
        st.caption("This feature has no values in the training rows.")
        return None
    if ordinary[0].kind == "labels":
        return _labels(ordinary, key)
    return _numbers(ws, run_id, ordinary, show, key)


def _numbers(ws: Workspace, run_id: str, rows: list[BinRow], show: Show, key: str) -> BinEdit | None:
    feature = rows[0].feature
    edges = [row.high for row in rows if row.high is not None]
    ways = ["Move an edge", "Merge two bins", "Split a bin"] if edges else ["Split a bin"]
    way = st.segmented_control("Edit", ways, default=ways[0], required=True, key=f"{key}.way", wrap=True)
    if way == "Split a bin":
        return _split(ws, run_id, rows, show, key)
    place = st.selectbox(
        "Edge",
        range(len(edges)),
        format_func=lambda k: f"{show(edges[k])}, between bins {k + 1} and {k + 2}",
        key=f"{key}.edge",
    )
    if way == "Merge two bins":
        return BinEdit(kind="merge", feature=feature, edge=edges[place])
    low = edges[place - 1] if place else None
    high = edges[place + 1] if place + 1 < len(edges) else None
    found = binning.places(ws, run_id, feature, low=low, high=high)
    choices = sorted({*found, edges[place]})
    if len(choices) < 2:
        st.caption("There is no other value between its neighbours.")
        return None
    to = st.select_slider("New place", choices, value=edges[place], format_func=show, key=f"{key}.to.{place}")
    return None if to == edges[place] else BinEdit(kind="move", feature=feature, edge=edges[place], to=to)


def _split(ws: Workspace, run_id: str, rows: list[BinRow], show: Show, key: str) -> BinEdit | None:
    largest = max(range(len(rows)), key=lambda k: rows[k].rows)
    place = st.selectbox(
        "Bin",
        range(len(rows)),
        index=largest,
        format_func=lambda k: f"{k + 1}: {words(rows[k], show)}",
        key=f"{key}.bin",
    )
    found = binning.places(ws, run_id, rows[0].feature, low=rows[place].low, high=rows[place].high)
    if not found:
        st.caption("This bin has a single value and cannot be split.")
        return None
    if len(found) == 1:
        st.caption(f"It can be split only at {show(found[0])}.")
        to = found[0]
    else:
        to = st.select_slider(
            "Split at (this value stays in the lower bin)",
            found,
            value=found[len(found) // 2],
            format_func=show,
            key=f"{key}.at.{place}",
        )
    return BinEdit(kind="split", feature=rows[0].feature, to=to)


def _labels(rows: list[BinRow], key: str) -> BinEdit | None:
    feature = rows[0].feature
    together = [row for row in rows if len(row.labels) > 1]
    ways = (["Merge groups"] if len(rows) > 1 else []) + (["Part labels"] if together else [])
    if not ways:
        st.caption("There is a single label: nothing to merge or to part.")
        return None
    way = st.segmented_control("Edit", ways, default=ways[0], required=True, key=f"{key}.way", wrap=True)
    if way == "Merge groups":
        named = [row for row in rows if row.labels]
        chosen = st.multiselect(
            "Groups to merge",
            range(len(named)),
            format_func=lambda k: words(named[k]),
            key=f"{key}.groups",
        )
        if len(chosen) < 2:
            st.caption("Choose two groups or more.")
            return None
        return BinEdit(kind="merge", feature=feature, labels=[named[k].labels[0] for k in sorted(chosen)])
    group = st.selectbox(
        "Group", range(len(together)), format_func=lambda k: words(together[k]), key=f"{key}.group"
    )
    labels = st.multiselect("Labels to part from it", together[group].labels, key=f"{key}.labels.{group}")
    if not 0 < len(labels) < len(together[group].labels):
        st.caption("Choose some of its labels, not all.")
        return None
    return BinEdit(kind="split", feature=feature, labels=labels)
