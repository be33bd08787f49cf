"""The entry point of the pages: navigation, and the boundary that shows errors."""

from __future__ import annotations

import streamlit as st

from app import nav
from app.boundary import boundary

st.set_page_config(page_title="AI Mass", page_icon=":material/account_balance:", layout="wide")
page = st.navigation(nav.pages(), position="sidebar", expanded=True)
with boundary():
    page.run()
