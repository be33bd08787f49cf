"""What pages keep of how stable the reasons of single cases are; bounded, keyed by measurement and case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aimass_core.workflows.case import Case
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.workflows.stability import Result
    from aimass_core.workflows.stability_case import CaseStability


def of_case(ws: Workspace, found: Result, case: Case) -> CaseStability:
    """Return how often the reasons of a case come back; refits and stored rows never change."""
    cutoff = f"{case.high}" if case.reference == "cutoff" else ""  # the policy in force may be another one
    return _of_case(ws, found, case, found.stability_id, f"{case.key}.{cutoff}")


@st.cache_resource(max_entries=256, show_spinner="Explaining the row under the refits…")
def _of_case(_ws: Workspace, _found: Result, _case: Case, stability_id: str, case_key: str) -> CaseStability:
    from aimass_core.workflows import stability_case

    return stability_case.of_case(_ws, _found, _case)
