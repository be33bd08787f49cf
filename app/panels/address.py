"""Selectors whose choice is an id in the address, while people read a label.

A widget bound to the address writes its label there; a label with a state or a time in it goes stale.
"""

from __future__ import annotations

import streamlit as st


def follow(name: str, key: str) -> str | None:
    """Take what the address names over into the widget of this key; call before it is shown.

    Only an address that changed is followed, so that a choice made by hand is not undone by the old address.
    """
    named = st.query_params.get(name)
    if named and named != st.session_state.get(f"{key}.address"):
        st.session_state[key] = named
    chosen = st.session_state.get(key)
    return str(chosen) if chosen else None


def write(name: str, key: str, chosen: str | None) -> None:
    """Put the choice into the address, so that the view can be shared and survives a refresh."""
    st.session_state[f"{key}.address"] = chosen
    if chosen:
        st.query_params[name] = chosen
    elif name in st.query_params:
        del st.query_params[name]
