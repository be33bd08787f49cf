"""The rows of a data set, page by page, and where its versions come from."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.schema import ROW_ID
from aimass_core.workflows import joining
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import tables
from app.text import code, counted, prose, short, size, when

_SORTED = "data.rows.sorted"
FIRST = 40
"""Columns shown before the reader chooses others."""


def panel(ws: Workspace, version: Version) -> None:
    """Show the rows, cut and sorted by the database."""
    names = list(version.schema.names)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        order = st.selectbox(
            "Sort by", names, index=None, placeholder="Order of the file", key="data.rows.order", width=260,
            filter_mode="contains",
        )  # fmt: skip
        falling = st.toggle("Largest first", key="data.rows.falling", disabled=order is None)
    _from_the_top(order, falling)
    shown = names
    if len(names) > FIRST:
        shown = st.multiselect(
            "Columns",
            names,
            names[:FIRST],
            key=f"data.rows.columns.{version.dataset}",
            filter_mode="contains",
        )
    tables.paged(
        version.rows,
        lambda offset, limit: datasets.page(
            ws,
            version,
            offset=offset,
            limit=limit,
            order_by=order if order in names else None,
            descending=falling,
            columns=shown,
        ),
        f"Rows of {version.ref}",
        key="data.rows",
        columns={ROW_ID: st.column_config.NumberColumn("Row", format="localized", pinned=True)},
    )


def _from_the_top(order: str | None, falling: bool) -> None:
    """Go back to the first page when rows are sorted in another way."""
    sorted_by = (order, falling)
    if st.session_state.get(_SORTED, sorted_by) != sorted_by:
        st.session_state["data.rows.page"] = 1
    st.session_state[_SORTED] = sorted_by


def lineage(ws: Workspace, version: Version) -> None:
    """Show the versions of a data set: parent, who, when, file and checksum."""
    versions = datasets.versions(ws, version.dataset)
    refs = {v.version_id: v.ref for v in versions}
    known = {v.version_id: v for v in versions}
    tables.table(
        pd.DataFrame(
            {
                "Version": [v.ref for v in versions],
                "Made from": [refs.get(v.parent_id or "", "file") for v in versions],
                "How": [_how(v, known.get(v.parent_id or "")) for v in versions],
                "Rows": [v.rows for v in versions],
                "Columns": [len(v.schema) for v in versions],
                "Made": [when(v.created_at) for v in versions],
                "By": [v.created_by for v in versions],
                "File": [v.source_name for v in versions],
                "SHA-256": [short(v.source_sha256) for v in versions],
                "Note": [v.note for v in versions],
            }
        ),
        f"Versions of {version.dataset}",
        key="data.versions",
        columns={
            "Rows": st.column_config.NumberColumn(format="localized"),
            "Columns": st.column_config.NumberColumn(format="localized"),
        },
    )
    st.markdown(
        f"{code(version.ref)} goes back to {code(version.source_name)} ({size(version.source_bytes)}), "
        f"SHA-256 {code(version.source_sha256)}, with {counted(len(version.repairs), 'repair')} since."
    )
    for note in version.read_options.get("notes", ()):
        st.markdown(f":material/info: {prose(note)}")


def _how(version: Version, parent: Version | None) -> str:
    """Return what made a version of its parent."""
    if parent is None:
        return "Import"
    return "Join of events" if len(joining.joins(version)) > len(joining.joins(parent)) else "Cleaning"
