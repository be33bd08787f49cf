"""What the closer look at runs keeps between reruns: a run never changes; its id and settings are the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.evaluate.drift import Drift
    from aimass_core.evaluate.periods import By as PeriodBy
    from aimass_core.evaluate.periods import Periods
    from aimass_core.evaluate.segments import By, Segments
    from aimass_core.evaluate.sensitivity import Sensitivity
    from aimass_core.evaluate.tradeoff import Held
    from aimass_core.evaluate.value import Payoff, Value
    from aimass_core.workflows.scrutiny import Comparison, SameRates


@st.cache_resource(max_entries=32, show_spinner="Comparing row by row…")
def compared(_ws: Workspace, a: str, b: str) -> Comparison:
    """Return by how much two runs differ."""
    from aimass_core.workflows import scrutiny

    return scrutiny.compared(_ws, a, b)


@st.cache_resource(max_entries=32, show_spinner="Comparing at the same rate…")
def same_rate(_ws: Workspace, a: str, b: str, held: Held, at: float) -> SameRates:
    """Return two runs with one rate held equal."""
    from aimass_core.workflows import scrutiny

    return scrutiny.same_rate(_ws, a, b, held=held, at=at)


def value(ws: Workspace, run_id: str, payoff: Payoff) -> Value:
    """Return what a run is worth in money."""
    return _value(ws, payoff, run_id, payoff.model_dump_json())


@st.cache_resource(max_entries=32, show_spinner="Counting money at every cut-off…")
def _value(_ws: Workspace, _payoff: Payoff, run_id: str, payoff: str) -> Value:
    from aimass_core.workflows import scrutiny

    return scrutiny.value(_ws, run_id, _payoff)


@st.cache_resource(max_entries=16, show_spinner="Looking for weak spots…")
def weak_spots(_ws: Workspace, run_id: str, by: By, depth: int, min_rows: int) -> Segments:
    """Return the groups of rows for which a run is worst."""
    from aimass_core.workflows import scrutiny

    return scrutiny.weak_spots(_ws, run_id, by=by, depth=depth, min_rows=min_rows)


@st.cache_resource(max_entries=16, show_spinner="Disturbing the test rows, one feature at a time…")
def sensitivity(_ws: Workspace, run_id: str, cutoff: float, level: float) -> Sensitivity:
    """Return what noise and gaps do to a run's answers."""
    from aimass_core.workflows import scrutiny

    return scrutiny.sensitivity(_ws, run_id, cutoff=cutoff, level=level)


@st.cache_resource(max_entries=16, show_spinner="Measuring period by period…")
def drift(_ws: Workspace, run_id: str, column: str, by: PeriodBy) -> tuple[Drift, Periods]:
    """Return a run's scores and quality over time."""
    from aimass_core.workflows import scrutiny

    return scrutiny.drift(_ws, run_id, column, by=by)
