"""How a feature acts: its contribution against its value, and what it interacts with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from aimass_core.evaluate.conditions import Feature
from aimass_core.explain.dependence import FORMULA, Dependence, sampled
from aimass_core.explain.grouping import Groups
from aimass_core.schema import TEMPORAL
from aimass_core.workflows.explanation_views import Source
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_explaining, ui
from app.boundary import live
from app.charts import explaining as charts
from app.panels import explain_source
from app.tables import table
from app.text import code, count, counted, interval, measure, share

_NOTHING = "Nothing"
_COLOURS = 6
"""Labels told apart by colour; the rest share one."""


def show(ws: Workspace, run: Run) -> None:
    """Show how one feature acts in a run's explained rows."""
    found = explain_source.explained(ws, run)
    if found is not None:
        _view(ws, run, *found)


@live()
def _view(ws: Workspace, run: Run, source: Source, key: str) -> None:
    left, right = st.columns(2)
    names = source.found.by_importance()
    name = left.selectbox(
        "Feature",
        names,
        key=f"explain.dependence.{run.run_id}",
        persist_state="session",
        filter_mode="contains",
        help="The most important first.",
    )
    made = cache_explaining.dependence(ws, source, run.run_id, key, name)
    strongest = made.strongest
    options = [_NOTHING, *(item.feature for item in made.interactions)]
    other = right.selectbox(
        "Coloured by",
        range(len(options)),
        index=1 if strongest is not None else 0,
        format_func=lambda place: options[place],
        key=f"explain.dependence.other.{run.run_id}.{names.index(name)}",
        help="At first the feature it interacts with most; the strongest interactions first.",
    )
    st.markdown(f"**{in_words(made)}**")
    _chart(ws, run, source, key, made, None if not other else options[other])
    with st.expander("Strongest interactions, and the means behind the chart"):
        _tables(made)
    st.caption(explain_source.said(source))


def in_words(made: Dependence) -> str:
    """Say in words how much the value alone decides, and with what it interacts."""
    alone = f"The value of {code(made.feature)} alone explains {share(1 - made.unexplained)} of what it adds."
    strongest = made.strongest
    if strongest is None:
        return f"{alone} No interaction of 1% or more was found."
    return (
        f"{alone} It interacts most with {code(strongest.feature)}: {share(strongest.strength)} of the "
        "variance of its contribution."
    )


def _chart(ws: Workspace, run: Run, source: Source, key: str, made: Dependence, other: str | None) -> None:
    values, _ = cache_explaining.features(ws, source, run.run_id, key)
    places = sampled(len(source.found))
    own = _part(values[source.found.names.index(made.feature)], places)
    y = source.found.of(made.feature)[places]
    colour: tuple[Feature, Groups] | None = None
    data = {"row": source.found.rows[places], "value": _shown(own), "contribution": y}
    if other is not None:
        from aimass_core.explain.grouping import group

        second = _part(values[source.found.names.index(other)], places)
        colour = second, group(second, most=_COLOURS)
        data["coloured by"] = _shown(second)
    kind = datasets.get(ws, run.version_id).schema.column(made.feature).kind
    whole = made.ordered and st.toggle(
        "Show the tails too",
        key=f"explain.dependence.tails.{run.run_id}",
        help="Otherwise the view leaves out the outer 0.5% of the values at either end.",
    )
    sample = "" if len(places) == len(source.found) else f", a sample of {count(len(source.found))}"
    ui.chart(
        charts.dependence(made, own, y, colour, dates=kind in TEMPORAL, whole=whole),
        pd.DataFrame(data),
        f"What {code(made.feature)} adds by its value",
        note=f"Dots: {counted(len(places), 'row')}{sample}. Squares: means of all {count(made.rows)} rows in "
        "ranges of equal size. Above 0 raises the risk."
        if made.ordered
        else f"Dots: {counted(len(places), 'row')}{sample}. Squares: means of all {count(made.rows)} rows. "
        "Right of 0 raises the risk.",
        key="explain.dependence.chart",
        alt=f"Contribution of {made.feature} by its value, {len(made.bins)} means",
    )


def _tables(made: Dependence) -> None:
    left, right = st.columns(2)
    with left:
        top = made.interactions[:8]
        table(
            pd.DataFrame(
                {
                    "With": [item.feature for item in top],
                    "Strength": [share(item.strength, 2) for item in top],
                    "Of what is left": [share(item.left) for item in top],
                    "Interaction": ["Yes" if item.found else "No" for item in top],
                }
            ),
            "Strongest interactions",
            key="explain.dependence.interactions",
        )
    with right:
        table(
            pd.DataFrame(
                {
                    "Value": [item.text for item in made.bins],
                    "Rows": [count(item.rows) for item in made.bins],
                    "Mean": [measure(item.mean, 4) for item in made.bins],
                    "95% interval": [interval(item.low, item.high, 4) for item in made.bins],
                }
            ),
            "Mean contribution by value",
            key="explain.dependence.bins",
        )
    st.caption(f"{FORMULA} A feature that goes along with another can look like it.")


def _part(feature: Feature, places: npt.NDArray[np.int64]) -> Feature:
    return Feature(feature.name, feature.values[places], feature.labels, feature.show)


def _shown(feature: Feature) -> list[str]:
    return [
        "missing" if value != value else feature.labels[int(value)] if feature.labels else feature.show(value)
        for value in feature.values.tolist()
    ]
