"""What views of many explained rows keep; runs and stored explanations never change: their ids are keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.evaluate.conditions import Feature
    from aimass_core.evaluate.periods import By
    from aimass_core.explain.dependence import Dependence
    from aimass_core.explain.grouping import Groups
    from aimass_core.explain.mix import ReasonMix
    from aimass_core.explain.segments import Segmented
    from aimass_core.workflows.explanation_views import Compared, DecisionMix, Source


@st.cache_resource(max_entries=4, show_spinner="Reading the explained rows…")
def source(_ws: Workspace, run_id: str, explanation_id: str) -> Source | None:
    """Return explained rows, None where explaining takes longer than somebody waits.

    Parameters
    ----------
    explanation_id : of the newest stored explanation; empty while there is none.
    """
    from aimass_core.workflows import explanation_views

    return explanation_views.source(_ws, run_id)


@st.cache_resource(max_entries=3, show_spinner="Reading the values of the rows…")
def features(
    _ws: Workspace, _source: Source, run_id: str, explanation_id: str
) -> tuple[list[Feature], tuple[Groups, ...]]:
    """Return the values of all features for the explained rows, and what tells them apart."""
    from aimass_core.explain.dependence import others
    from aimass_core.workflows import explanation_views

    found = explanation_views.features(_ws, run_id, _source.found)
    return found, others(found)


@st.cache_resource(max_entries=64, show_spinner=False)
def dependence(_ws: Workspace, _source: Source, run_id: str, explanation_id: str, name: str) -> Dependence:
    """Return how a feature acts."""
    from aimass_core.explain import dependence

    values, apart = features(_ws, _source, run_id, explanation_id)
    return dependence.dependence(_source.found, values, name, apart=apart)


@st.cache_resource(max_entries=32, show_spinner="Adding up by segment…")
def segmented(_ws: Workspace, _source: Source, run_id: str, explanation_id: str, column: str) -> Segmented:
    """Return contributions by the values of a column."""
    from aimass_core.explain import segments
    from aimass_core.workflows import explanation_views

    values = explanation_views.column(_ws, run_id, _source.found, column)
    return segments.segmented(_source.found, values)


@st.cache_resource(max_entries=16, show_spinner="Adding up period by period…")
def mix(
    _ws: Workspace, _source: Source, run_id: str, explanation_id: str, column: str, by: By
) -> tuple[ReasonMix, int]:
    """Return the mix of reasons over time, and how many rows have no time."""
    from aimass_core.workflows import explanation_views

    return explanation_views.mix(_ws, run_id, _source.found, column, by=by)


@st.cache_resource(max_entries=8, show_spinner="Adding up the decisions' reasons…")
def decision_mix(_ws: Workspace, run_id: str, decisions: int) -> DecisionMix:
    """Return the mix of reasons of decisions by month; their number, which only grows, is part of the key."""
    from aimass_core.workflows import explanation_views

    return explanation_views.decision_mix(_ws, run_id)


@st.cache_resource(max_entries=4, show_spinner="Comparing the reasons row by row…")
def compared(
    _ws: Workspace, _a: Source, _b: Source, run_a: str, explanation_a: str, run_b: str, explanation_b: str
) -> Compared:
    """Return how far two runs agree on reasons."""
    from aimass_core.workflows import explanation_views

    return explanation_views.compared(_ws, run_a, _a, run_b, _b)
