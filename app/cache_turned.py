"""What pages keep of the changes that would turn a case: neither its row nor its model ever changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aimass_core.explain.recourse_rules import ChangeRules
from aimass_core.workflows.case import Case
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.explain.counterfactual import Turned


def turned(ws: Workspace, case: Case, *, goal: float, rules: ChangeRules) -> Turned:
    """Return the nearest changes that bring a case below a probability, under these rules."""
    return _turned(ws, case, rules, case.key, goal, case.high, rules.model_dump_json())


@st.cache_resource(max_entries=64, show_spinner="Looking for the nearest changes…")
def _turned(
    _ws: Workspace,
    _case: Case,
    _rules: ChangeRules,
    key: str,
    goal: float,
    high: float | None,
    rules: str,
) -> Turned:
    from aimass_core.workflows import counterfactuals

    return counterfactuals.of_case(_ws, _case, goal=goal, rules=_rules)
