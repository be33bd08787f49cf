"""Data: import files, see what is wrong with them, say what each column is for."""

from __future__ import annotations

from app import state, ui
from app.boundary import boundary
from app.context import workspace
from app.panels import data_columns, data_events, data_findings, data_roles, data_rows, importing

VIEWS = {
    "Findings": data_findings.panel,
    "Roles": data_roles.panel,
    "Columns": data_columns.panel,
    "Distributions": data_columns.gallery,
    "Rows": data_rows.panel,
    "Join events": data_events.panel,
    "Versions": data_rows.lineage,
}

ui.header("data")
ws = workspace()
version = state.pick_version(ws)
with boundary():
    importing.panel(ws, expanded=version is None)
if version is None:
    ui.empty("No data set yet.", "Choose a file above: CSV, TSV, gzip, Parquet or Excel.")
else:
    view = ui.views("data_view", list(VIEWS))
    VIEWS[view](ws, version)
