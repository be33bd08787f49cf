"""Overview: what is in the workspace, and what comes next."""

from __future__ import annotations

import streamlit as st

from app import ui
from app.context import workspace
from app.panels import overview

ui.header("overview")
ws = workspace()
held = overview.contents(ws)
if held.newest:
    overview.figures(held)
    overview.way(held)
    overview.lists(held)
else:
    overview.nothing_yet()
    overview.way(held)
left, right = st.columns(2)
with left:
    ui.section("Work in progress")
    overview.jobs(ws)
with right:
    ui.section("This installation")
    overview.system(ws)
