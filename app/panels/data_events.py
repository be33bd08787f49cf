"""Joining events: choose a table of events and windows, look at the columns, make the next version."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import streamlit as st

from aimass_core.intake.events import Counted, Measure
from aimass_core.models.series import MOST
from aimass_core.schema import NUMERIC, TEMPORAL
from aimass_core.settings import settings
from aimass_core.workflows import joining
from aimass_core.workflows.joining import EventJoin
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import state, tables
from app.text import code, count, counted, prose
from app.ui import empty, metrics, section


def panel(ws: Workspace, version: Version) -> None:
    """Show the choices of a join, its preview and the button that makes the next version."""
    section(
        "Join events",
        help="Payments, transactions, calls: each row gets sums and counts of its customer's earlier events, "
        "one column a window of time. 1 is the window that ends just before the row.",
    )
    tables_of_events = {
        item.ref: item
        for item in datasets.datasets(ws)
        if item.dataset != version.dataset and any(column.kind in TEMPORAL for column in item.schema)
    }
    if not tables_of_events:
        empty(
            "No table of events yet.",
            "Import a second file with the customer, a date and an amount in each row.",
        )
        return
    fitting = [ref for ref, item in tables_of_events.items() if joining.guess(version, item)]
    refs = [*fitting, *(ref for ref in tables_of_events if ref not in fitting)]
    chosen = tables_of_events[st.selectbox("Table of events", refs, key="data.events.table")]
    _choices(ws, version, chosen)


def _choices(ws: Workspace, version: Version, events: Version) -> None:
    guess = joining.guess(version, events)
    ours, theirs = list(version.schema.names), list(events.schema.names)
    times = [column.name for column in version.schema if column.kind in TEMPORAL]
    events_times = [column.name for column in events.schema if column.kind in TEMPORAL]
    numbers = [column.name for column in events.schema if column.kind in NUMERIC]
    place = f"data.events.{version.version_id}.{events.version_id}"
    with st.form(place):
        left, right = st.columns(2)
        key = left.selectbox("Customer in the rows", ours, index=_at(ours, guess.key if guess else None))
        events_key = right.selectbox(
            "Customer in the events", theirs, index=_at(theirs, guess.key if guess else None)
        )
        time = left.selectbox(
            "Time of the row",
            times,
            index=_at(times, guess.time) if guess and guess.time else None,
            placeholder="None: count back from one day",
            help="Only events strictly before it count.",
        )
        events_time = right.selectbox(
            "Time of the event", events_times, index=_at(events_times, guess.events_time if guess else None)
        )
        as_of = left.date_input(
            "Without a time of the row, count back from",
            value=None,
            help="Default: the end of the last event's day.",
        )
        values = right.multiselect("Values", numbers, default=guess.values if guess else ())
        measures = left.multiselect("Measures", get_args(Measure), default=("sum", "count"))
        missing = right.selectbox("A sum without events is", ("0", "missing"))
        windows = left.number_input("Windows", min_value=1, max_value=MOST, value=12)
        days = right.number_input("Days in a window", min_value=1, max_value=3_660, value=30)
        note = st.text_input("Note (optional)", placeholder="Why this join")
        with st.container(horizontal=True):
            tried = st.form_submit_button("Preview", icon=":material/visibility:")
            pressed = st.form_submit_button("Make the next version", type="primary", icon=":material/check:")
    if not (tried or pressed):
        return
    join = EventJoin(
        key=key,
        events_key=events_key,
        time=time,
        as_of=datetime(as_of.year, as_of.month, as_of.day) if as_of and not time else None,
        events_time=events_time,
        values=tuple(values),
        measures=tuple(measures) or ("sum", "count"),
        windows=int(windows),
        window_days=int(days),
        zero=missing == "0",
    )
    if pressed:
        _make(ws, version, events, join, note)
    else:
        _preview(ws, version, events, join)


def _preview(ws: Workspace, version: Version, events: Version, join: EventJoin) -> None:
    with st.spinner("Joining…", show_time=True):
        found = joining.preview(ws, version, events, join, max_columns=settings().max_columns)
    _show(found.counted, found.warnings)
    tables.table(found.rows, "First rows that have events", key="data.events.rows")


def _show(counted_: Counted, warnings: tuple[str, ...]) -> None:
    metrics(
        {
            "Rows": count(counted_.rows),
            "Known customer": count(counted_.rows_matched),
            "With events": count(counted_.rows_with_events),
            "Events": count(counted_.events),
        }
    )
    for text in warnings:
        st.warning(prose(text))
    if counted_.rows_without_time:
        st.warning(
            f"{counted(counted_.rows_without_time, 'row')} without a time: the new columns are missing there."
        )


def _make(ws: Workspace, version: Version, events: Version, join: EventJoin, note: str) -> None:
    with st.spinner("Joining…", show_time=True):
        done = joining.apply(
            ws,
            version,
            events,
            join,
            actor=settings().user,
            note=note,
            max_columns=settings().max_columns,
        )
    state.choose(state.DATASET, done.version.ref)
    state.flash(
        f"Made {code(done.version.ref)}: {counted(done.counted.rows_with_events, 'row')} of "
        f"{count(done.counted.rows)} with events in the windows. Rows that are scored later must bring the "
        "new columns themselves."
    )
    for text in done.warnings:
        state.flash(prose(text), ":material/warning:")
    st.rerun()


def _at(names: list[str], name: str | None) -> int:
    return names.index(name) if name in names else 0
