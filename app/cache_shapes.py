"""What pages keep of curves, members and the cost of reading: a run never changes, its id is the key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.explain.shapes import Shapes


@st.cache_resource(max_entries=16, show_spinner=False)
def shapes(_ws: Workspace, run_id: str) -> Shapes | None:
    """Return the curves of a run, None when it is not a sum of curves."""
    from aimass_core.workflows import shapes

    return shapes.of_run(_ws, run_id)


@st.cache_resource(max_entries=32, show_spinner=False)
def members(_ws: Workspace, run_id: str) -> dict[str, Any] | None:
    """Return the members of a run and their gains, None when it is no ensemble."""
    from aimass_core.workflows import evaluating

    return evaluating.extra(_ws, run_id, "members")
