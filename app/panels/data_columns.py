"""The columns of a data set: one line each with its distribution, and one of them in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from aimass_core.schema import TEMPORAL
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import cache
from app.charts import profile as charts
from app.tables import table
from app.text import code, count, number
from app.ui import chart, metrics

if TYPE_CHECKING:
    from aimass_core.intake.profile import ColumnProfile

GALLERY = 6
"""Small charts shown at once."""
BARS = 24
"""Most bars of the tiny chart in a table's line."""


def panel(ws: Workspace, version: Version) -> None:
    """Show every column in a line, and the chosen one in full."""
    columns = cache.profile(ws, version).columns
    if not columns:
        st.info("This data set has no columns besides the row number.")
        return
    table(_lines(columns), "Columns of the data set", key="data.columns.table", columns=_CONFIG)
    by_name = {column.name: column for column in columns}
    name = st.selectbox("Look at one column", list(by_name), key="data.columns.one", filter_mode="contains")
    if name:
        _one(by_name[name])


def gallery(ws: Workspace, version: Version) -> None:
    """Show the distributions as small charts, some at a time."""
    profile = cache.profile(ws, version)
    columns = profile.columns
    last = max(1, -(-len(columns) // GALLERY))
    page = 1
    if last > 1:
        page = st.number_input(f"Page (of {count(last)})", 1, last, key="data.gallery.page", width=170)
    shown = columns[(int(page) - 1) * GALLERY : int(page) * GALLERY]
    slots = [slot for _ in range(0, len(shown), 3) for slot in st.columns(3)]
    for slot, column in zip(slots, shown, strict=False):
        with slot, st.container(border=True):
            _draw(column, height=charts.SMALL)
    first = (int(page) - 1) * GALLERY
    rows = f"a sample of {count(profile.sample_rows)} rows" if profile.sampled else "all rows"
    st.caption(
        f"Columns {count(first + 1)} to {count(first + len(shown))} of {count(len(columns))}; "
        f"numbers are counted on {rows}, labels on all."
    )


def _one(column: ColumnProfile) -> None:
    metrics(
        [
            ("Missing", count(column.missing), ""),
            ("Distinct", _distinct(column), "Different values; ≈ is an estimate, within a few %."),
            ("Smallest", _value(column.min), ""),
            ("Median", _value(column.median), ""),
            ("Mean", _value(column.mean), ""),
            ("Largest", _value(column.max), ""),
        ]
    )
    _draw(column, height=320)


def _draw(column: ColumnProfile, *, height: int) -> None:
    key, title = f"data.chart.{column.name}.{height}", code(column.name, longest=28)
    if column.histogram:
        figure = charts.histogram(column.histogram, height=height, days=column.kind in TEMPORAL)
        chart(
            figure, charts.bins_data(column.histogram), title, key=key, alt=f"Distribution of {column.name}"
        )
    elif column.top:
        shown = column.top[:6] if height <= charts.SMALL else column.top
        figure = charts.labels(shown, height=height)
        chart(figure, charts.labels_data(column.top), title, key=key, alt=f"Top values of {column.name}")
    else:
        st.markdown(f"**{code(column.name)}**")
        st.caption("Every cell is missing." if column.distinct == 0 else "No distribution for free text.")


def _lines(columns: tuple[ColumnProfile, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Column": [column.name for column in columns],
            "Kind": [column.kind for column in columns],
            "Role": [column.role for column in columns],
            "Distribution": [_bars(column) for column in columns],
            "Missing": [column.missing for column in columns],
            "Distinct": [_distinct(column) for column in columns],
            "Smallest": [_value(column.min) for column in columns],
            "Median": [_value(column.median) for column in columns],
            "Largest": [_value(column.max) for column in columns],
        }
    )


_CONFIG = {
    "Distribution": st.column_config.BarChartColumn(help="Rows by bin, or by label.", width="small"),
    "Missing": st.column_config.NumberColumn(format="localized", help="Missing cells."),
    "Distinct": st.column_config.TextColumn(help="Different values; ≈ is an estimate."),
}


def _distinct(column: ColumnProfile) -> str:
    return count(column.distinct) if column.distinct_exact else f"≈ {count(column.distinct)}"


def _bars(column: ColumnProfile) -> list[int]:
    counts = [rows for *_, rows in column.histogram] or [rows for _, rows in column.top]
    return counts[:BARS]


def _value(value: object) -> str:
    return number(value) if isinstance(value, int | float) else "" if value is None else str(value)
