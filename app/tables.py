"""Tables: small ones whole, large ones by pages that the database cuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app.exports import csv_bytes, file_name
from app.text import count
from app.ui import download

PAGE_SIZES = (25, 50, 100, 200)


def table(
    frame: pd.DataFrame,
    name: str,
    *,
    key: str,
    columns: Mapping[str, Any] | None = None,
    height: int | None = None,
    export: bool = True,
) -> None:
    """Show a small table (cells are plain text, never markdown) with a download of it.

    Parameters
    ----------
    name : what the table is, for screen readers and the file name.
    columns : Streamlit column configuration by column.
    height : pixels; default: as high as its rows, at most ten.
    """
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        column_config=dict(columns or {}),
        height=height or "auto",
        alt=name,
    )
    if export and len(frame):
        download(
            "Table as CSV", lambda: csv_bytes(frame), f"{file_name(name)}.csv", key=f"{key}.csv", small=True
        )


def paged(
    total: int,
    fetch: Callable[[int, int], pd.DataFrame],
    name: str,
    *,
    key: str,
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Show one page of a long table, with the controls to turn pages.

    Parameters
    ----------
    total : rows in all.
    fetch : (offset, limit) → the rows of one page.
    name : what the table is, for screen readers.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        limit = st.selectbox("Rows a page", PAGE_SIZES, key=f"{key}.size", persist_state="session", width=130)
        last = max(1, -(-total // limit))
        if st.session_state.get(f"{key}.page", 1) > last:
            st.session_state[f"{key}.page"] = last
        page = st.number_input(
            f"Page (of {count(last)})", 1, last, key=f"{key}.page", persist_state="session", width=170
        )
    offset = (int(page) - 1) * limit
    frame = fetch(offset, limit)
    st.dataframe(frame, key=f"{key}.rows", hide_index=True, column_config=dict(columns or {}), alt=name)
    if total:
        st.caption(f"Rows {count(offset + 1)} to {count(offset + len(frame))} of {count(total)}.")
