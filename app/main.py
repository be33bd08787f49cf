"""The entry point of the pages: navigation, and the boundary that shows errors."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import nav
from app.boundary import boundary

STATIC = Path(__file__).resolve().parent / "static"
"""Pictures of ours: Streamlit would fetch a named icon for the browser's tab from the internet."""

st.set_page_config(page_title="AI Mass", page_icon=STATIC / "favicon.svg", layout="wide")
st.logo(str(STATIC / "logo.svg"), size="large", icon_image=str(STATIC / "favicon.svg"))
page = st.navigation(nav.pages(), position="sidebar", expanded=True)
with boundary():
    page.run()
