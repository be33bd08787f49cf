"""By segment: whether a model has other reasons for some groups of rows than for the rest."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.explain.contributions import LEAST_ROWS
from aimass_core.explain.mix import NO_REASON
from aimass_core.explain.segments import Segmented
from aimass_core.workflows import explanation_views
from aimass_core.workflows.explanation_views import Source
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_explaining, ui
from app.boundary import live
from app.charts import reasons as charts
from app.panels import explain_source
from app.tables import table
from app.text import code, count, interval, measure, share

_DRAWN = 15
_SIGNED, _ABSOLUTE = "Which way", "How much"


def show(ws: Workspace, run: Run) -> None:
    """Show contributions by the values of a column that is chosen."""
    found = explain_source.explained(ws, run)
    if found is not None:
        _view(ws, run, *found)


@live()
def _view(ws: Workspace, run: Run, source: Source, key: str) -> None:
    known = {column.name: column for column in explanation_views.segment_columns(ws, run.run_id)}
    if not known:
        st.info("The data has no column to tell rows apart by.", icon=":material/info:")
        return
    first = next((name for name in known if known[name].role == "protected"), source.found.by_importance()[0])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox(
            "Segments by",
            list(known),
            index=list(known).index(first) if first in known else 0,
            format_func=lambda name: f"{name} (protected)" if known[name].role == "protected" else name,
            key=f"explain.segments.{run.run_id}",
            persist_state="session",
            filter_mode="contains",
            width=340,
            help="Labels, or ranges of equal size. Protected columns are there to measure, not to decide.",
        )
        way = st.segmented_control(
            "Shown",
            [_SIGNED, _ABSOLUTE],
            default=_SIGNED,
            required=True,
            key="explain.segments.way",
            persist_state="session",
            help="Mean contribution, up or down; or mean absolute contribution.",
        )
    found = cache_explaining.segmented(ws, source, run.run_id, key, name)
    st.markdown(f"**{in_words(found)}**")
    signed = way != _ABSOLUTE
    drawn = source.found.by_importance()[:_DRAWN]
    shown = [segment for segment in found.segments if not segment.small]
    if shown:
        ui.chart(
            charts.heat(found, drawn, signed=signed),
            _long(found),
            f"{'Mean' if signed else 'Mean absolute'} contribution by {code(found.column)}",
            note=f"Log-odds; the {len(drawn)} most important features."
            + (" Orange raises the risk, blue lowers it." if signed else ""),
            key="explain.segments.chart",
            alt=f"Heat map of contributions of {len(drawn)} features in {len(shown)} segments",
        )
    table(_table(found), "Segments", key="explain.segments.table")
    st.caption(
        f"Segments with fewer than {LEAST_ROWS} rows are small: they are listed, not drawn and not judged. "
        "Distance: half the summed differences between a segment's shares of top reasons and those of all "
        "other rows, 0 to 1; different when a chi-squared test at 5% for all segments together says so."
    )
    feature = st.selectbox(
        "Contribution by segment of",
        list(drawn),
        key=f"explain.segments.feature.{run.run_id}",
        filter_mode="contains",
        width=340,
    )
    table(_of_feature(found, feature), f"Contribution of {feature}", key="explain.segments.feature.table")
    st.caption(explain_source.said(source))


def in_words(found: Segmented) -> str:
    """Say in words whose reasons differ most."""
    if sum(not segment.small for segment in found.segments) < 2:
        return f"There are too few segments of {LEAST_ROWS} rows or more to compare."
    most = found.most_different
    if most is None:
        return f"The mix of top reasons does not differ by {code(found.column)} more than chance explains."
    return (
        f"The mix of top reasons differs most from the rest for {code(most.text)}: {share(most.distance)} of "
        "its rows would need another top reason to be like the rest."
    )


def _table(found: Segmented) -> pd.DataFrame:
    names = (*found.names, NO_REASON)
    top = [max(range(len(names)), key=lambda j: s.top[j]) if s.rows else None for s in found.segments]
    return pd.DataFrame(
        {
            "Segment": [segment.text for segment in found.segments],
            "Rows": [count(segment.rows) for segment in found.segments],
            "Most frequent top reason": ["n/a" if place is None else names[place] for place in top],
            "In": [
                "n/a" if place is None else share(segment.top[place])
                for place, segment in zip(top, found.segments, strict=True)
            ],
            "Distance": [measure(segment.distance) for segment in found.segments],
            "Reasons": [
                "Small" if s.small else "Different" if s.differs else "As the rest" for s in found.segments
            ],
        }
    )


def _of_feature(found: Segmented, name: str) -> pd.DataFrame:
    parts = [segment.parts[found.names.index(name)] for segment in found.segments]
    return pd.DataFrame(
        {
            "Segment": [segment.text for segment in found.segments],
            "Rows": [count(segment.rows) for segment in found.segments],
            "Mean": [measure(part.mean, 4) for part in parts],
            "95% interval": [interval(part.mean_low, part.mean_high, 4) for part in parts],
            "Mean |SHAP|": [measure(part.mean_abs, 4) for part in parts],
            "95% interval of |SHAP|": [interval(part.mean_abs_low, part.mean_abs_high, 4) for part in parts],
        }
    )


def _long(found: Segmented) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "segment": segment.text,
                "rows": segment.rows,
                "feature": part.feature,
                "mean": part.mean,
                "mean_low": part.mean_low,
                "mean_high": part.mean_high,
                "mean_abs": part.mean_abs,
                "mean_abs_low": part.mean_abs_low,
                "mean_abs_high": part.mean_abs_high,
                "top_reason_share": share_of,
            }
            for segment in found.segments
            for part, share_of in zip(segment.parts, segment.top, strict=False)
        ]
    )
