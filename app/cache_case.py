"""What pages keep about single cases: a row of a version and a stored decision never change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from aimass_core.workflows import case as cases
from aimass_core.workflows.case import Case
from aimass_core.workspace.connection import Workspace
from app import cache

if TYPE_CHECKING:
    from aimass_core.workflows.explaining import RowExplanation
    from aimass_core.workflows.similar import Similar
    from aimass_core.workflows.similar_pool import Pool, PoolName
    from aimass_core.workflows.what_if import Control, Value
    from aimass_core.workspace.explanations import Stored


def controls(ws: Workspace, case: Case) -> tuple[Control, ...]:
    """Return what every feature can be set to, the most important to the model first."""
    return _controls(ws, case, _key(case))


@st.cache_resource(max_entries=32, show_spinner=False)
def _controls(_ws: Workspace, _case: Case, key: str) -> tuple[Control, ...]:
    from aimass_core.workflows import what_if

    order = [item.feature for item in cache.summary(_ws, _case.run_id).features]
    return what_if.controls(cases.bundle_of(_ws, _case), _case, order)


def explained(ws: Workspace, case: Case, changes: Mapping[str, Value]) -> RowExplanation:
    """Return the explanation of a case with these changes."""
    return _explained(ws, case, dict(changes), _key(case), json.dumps(dict(changes), default=str))


@st.cache_resource(max_entries=128, show_spinner=False)
def _explained(
    _ws: Workspace, _case: Case, _changes: dict[str, Value], key: str, changes: str
) -> RowExplanation:
    from aimass_core.workflows import explaining

    return explaining.explain_case(_ws, _case, changes=_changes)


def _key(case: Case) -> str:
    return f"{case.key}.{case.low}.{case.high}"


@st.cache_resource(max_entries=2, show_spinner="Reading the cases to compare with…")
def pool(_ws: Workspace, run_id: str, name: PoolName, decisions: tuple[int, str]) -> Pool:
    """Return the cases to search, up to 80 MB; `decisions` says up to which decision."""
    from aimass_core.workflows import similar_pool

    return similar_pool.pool(_ws, run_id, name)


def similar_by_features(ws: Workspace, case: Case, name: PoolName) -> Similar:
    """Return the cases whose features are nearest."""
    from aimass_core.workflows import similar_pool

    decisions = similar_pool.decided(ws, case.run_id)
    return _by_features(ws, case, _key(case), name, decisions)


@st.cache_resource(max_entries=64, show_spinner=False)
def _by_features(
    _ws: Workspace, _case: Case, key: str, name: PoolName, decisions: tuple[int, str]
) -> Similar:
    from aimass_core.workflows import similar

    among = pool(_ws, _case.run_id, name, decisions if name == "decisions" else (0, ""))
    return similar.by_features(_ws, _case, among)


def similar_by_contributions(ws: Workspace, case: Case, among: Stored) -> Similar:
    """Return the rows whose scores were moved alike."""
    from aimass_core.workflows import similar_pool

    decisions = similar_pool.decided(ws, case.run_id)
    return _by_contributions(ws, case, among, _key(case), among.explanation_id, decisions)


@st.cache_resource(max_entries=64, show_spinner="Comparing with every explained row…")
def _by_contributions(
    _ws: Workspace, _case: Case, _among: Stored, key: str, explanation_id: str, decisions: tuple[int, str]
) -> Similar:
    from aimass_core.workflows import similar

    return similar.by_contributions(_ws, _case, _among)
