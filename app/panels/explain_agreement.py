"""Two models' reasons: whether two runs see the same things in the same rows."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.explain.agreement import Agreement, Share
from aimass_core.explain.dependence import sampled
from aimass_core.workflows.explanation_views import Compared
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_explaining, state, ui
from app.boundary import live
from app.charts import reasons as charts
from app.panels import explain_source
from app.panels.evaluate_compare import other_run
from app.panels.explain_row import ROW
from app.tables import table
from app.text import code, count, escape, interval, measure, prose, share

_DRAWN = 15


def show(ws: Workspace, run: Run) -> None:
    """Show how far the reasons of a run agree with those of another."""
    other = other_run(ws, run, key="explain.agreement.other")
    if other is None:
        return
    first = explain_source.explained(ws, run)
    second = explain_source.explained(ws, other) if first is not None else None
    if first is None or second is None:
        return
    (a, key_a), (b, key_b) = first, second
    found = cache_explaining.compared(ws, a, b, run.run_id, key_a, other.run_id, key_b)
    _view(run, other, found)
    for one, source in ((run, a), (other, b)):
        st.caption(f"{escape(one.name)}: {explain_source.said(source)}")


@live()
def _view(run: Run, other: Run, found: Compared) -> None:
    agreed = found.agreement
    st.markdown(f"**{in_words(agreed)}**")
    ui.metrics(
        [
            (
                "Top reason",
                share(agreed.top.value),
                f"Share of rows in which it is the same. 95%: {_shares(agreed.top)}.",
            ),
            (
                "Top four",
                share(agreed.principal.value),
                f"95%: {_shares(agreed.principal)}. Principal reasons shared, at most four a row; "
                "mean over the rows.",
            ),
            (
                "Ranks",
                measure(agreed.ranks.value),
                f"95%: {interval(agreed.ranks.low, agreed.ranks.high)}. Spearman's correlation "
                "of the importances.",
            ),
            ("Rows", count(agreed.rows), "Test rows of both that both explained."),
        ]
    )
    if found.reference_a != found.reference_b:
        st.caption(
            f"Measured from different things: {prose(found.reference_a)} ({escape(run.name)}) and "
            f"{prose(found.reference_b)} ({escape(other.name)}). Part of the differences may come from that."
        )
    left, right = st.columns(2)
    drawn = agreed.features[:_DRAWN]
    with left:
        ui.chart(
            charts.side_by_side(drawn, run.name, _second(run, other)),
            pd.DataFrame([{n: getattr(item, n) for n in item.__slots__} for item in agreed.features]),
            "Importance side by side",
            note=f"The {len(drawn)} most important of {len(agreed.features)} features.",
            key="explain.agreement.importance",
            alt=f"Share of all contributions of {len(drawn)} features in two models",
        )
    with right:
        _feature(run, other, found)
    _apart(run, other, agreed)


def in_words(found: Agreement) -> str:
    """Say in words how far two models agree."""
    return (
        f"The two models have the same top reason in {share(found.top.value)} of {count(found.rows)} rows "
        f"({_shares(found.top)}), and share {share(found.principal.value)} of their principal reasons."
    )


def _feature(run: Run, other: Run, found: Compared) -> None:
    known = {item.feature: item for item in found.agreement.features}
    name = st.selectbox(
        "Feature",
        list(known),
        key=f"explain.agreement.feature.{run.run_id}.{other.run_id}",
        filter_mode="contains",
    )
    places = sampled(len(found.a))
    x, y = found.a.of(name)[places], found.b.of(name)[places]
    rows = found.a.rows[places].tolist()
    sample = "" if len(places) == len(found.a) else f" of {count(len(found.a))}"
    ui.chart(
        charts.against(x, y, rows, run.name, _second(run, other)),
        pd.DataFrame({"row": rows, "a": x, "b": y}),
        f"What {code(name)} adds in both models",
        note=f"{count(len(places))}{sample} rows; correlation "
        f"{measure(known[name].correlation)}. On the dotted line both add the same.",
        key="explain.agreement.scatter",
        alt=f"Contributions of {name} in two models",
    )


def _apart(run: Run, other: Run, found: Agreement) -> None:
    st.markdown("**Rows for which they differ most**")
    if not found.apart:
        st.markdown("There is none: the reasons are the same for every row.")
        return
    table(
        pd.DataFrame(
            {
                "Row": [item.row for item in found.apart],
                "Distance": [measure(item.distance) for item in found.apart],
                f"Top reason: {run.name}": [item.top_a for item in found.apart],
                f"Top reason: {_second(run, other)}": [item.top_b for item in found.apart],
            }
        ),
        "Rows for which the models differ most",
        key="explain.agreement.rows",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        row = st.selectbox(
            "Row",
            [item.row for item in found.apart],
            key=f"explain.agreement.row.{run.run_id}.{other.run_id}",
            width=160,
        )
        for one, which in ((run, "first"), (other, "second")):
            if st.button(
                f"Explain it with the {which}",
                key=f"explain.agreement.open.{which}",
                icon=":material/lightbulb:",
                on_click=_open,
                args=(one.name, row),
            ):
                st.rerun()
    st.caption(
        "Distance: half the summed differences between the rows' contributions, each as a signed share of "
        "all absolute ones; 0 is the same, 1 nothing in common. That one model's scores reach further than "
        "the other's counts for nothing."
    )


def _open(run: str, row: int) -> None:
    """Show one row, explained with this run, from the next run of the page on."""
    from app.panels.explain_views import VIEW, VIEWS  # it lists this view, too

    state.choose(state.RUN, run)
    st.session_state[ROW] = row
    st.session_state[VIEW] = next(iter(VIEWS))


def _second(run: Run, other: Run) -> str:
    return other.name if other.name != run.name else f"{other.name} (second)"


def _shares(found: Share) -> str:
    return f"{share(found.low)} to {share(found.high)}"
