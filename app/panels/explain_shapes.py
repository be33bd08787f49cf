"""The curves of a model that can be read: what each feature adds, and what pairs add together."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.explain.shapes import Bin, Curve, PairTable, Shapes
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_shapes, ui
from app.boundary import live
from app.charts import shapes as charts
from app.text import code, count, escape, measure

SECTION = "What each feature adds"
HELP = (
    "The model is a sum: the score of a row is the intercept plus one value read off each curve. "
    "Above 0 raises the risk, below 0 lowers it, both against the average training row."
)


def offered(ws: Workspace, run: Run) -> bool:
    """Return whether the run's model is a sum of curves."""
    found = cache_shapes.shapes(ws, run.run_id)
    return found is not None and bool(found.curves)


@live()
def show(ws: Workspace, run: Run) -> None:
    """Show the curves of a run's model; nothing where it is no sum of curves."""
    found = cache_shapes.shapes(ws, run.run_id)
    if found is None or not found.curves:
        return
    st.caption(HELP)
    terms = _terms(found)
    labels = list(terms)
    chosen = st.selectbox(
        "Curve or pair",
        labels,
        key=f"explain.term.{run.run_id}",
        persist_state="session",
        filter_mode="contains",
        help="The most important first; the number is the mean of what it adds, up or down, in log-odds.",
    )
    term = terms[chosen or labels[0]]
    if isinstance(term, Curve):
        _curve(term, found, key=f"explain.whole.{run.run_id}")
    else:
        _pair(term, found)


def _terms(found: Shapes) -> dict[str, Curve | PairTable]:
    """Return all terms by what they are called in the selector."""
    named: list[tuple[str, Curve | PairTable]] = [
        *((curve.feature, curve) for curve in found.curves),
        *((" × ".join(pair.features), pair) for pair in found.pairs),
    ]
    named.sort(key=lambda item: -item[1].importance)
    return {f"{name} · {measure(term.importance)}": term for name, term in named}


def _curve(term: Curve, found: Shapes, *, key: str) -> None:
    whole = False
    if term.kind != "label" and len(term.bins) > 1:
        whole = st.toggle(
            "Show the tails too",
            key=key,
            help="Otherwise the view ends where the outer 1% of the rows begin.",
        )
    spread = " Band: standard deviation between the bags of the model." if found.bags else ""
    ui.chart(
        charts.curve(term, whole=whole),
        _frame(term),
        f"What {code(term.feature)} adds to the log-odds",
        note=f"Over {count(found.rows)} training rows; below: where they lie.{spread}"
        if term.kind != "label"
        else f"Over {count(found.rows)} training rows. Whiskers: standard deviation between the bags."
        if found.bags
        else f"Over {count(found.rows)} training rows.",
        key="explain.curve",
        alt=f"Log-odds added by {term.feature}: " + "; ".join(_words(item) for item in _extremes(term)),
    )
    if term.apart:
        st.caption("Apart from the curve: " + "; ".join(escape(_words(item)) for item in term.apart) + ".")
    lowest, highest = _extremes(term)
    st.markdown(
        f"Adds least at **{escape(lowest.text)}** ({lowest.log_odds:+.3f}) and most at "
        f"**{escape(highest.text)}** ({highest.log_odds:+.3f} log-odds)."
    )


def _pair(term: PairTable, found: Shapes) -> None:
    first, second = term.features
    ui.chart(
        charts.pair(term),
        _long(term),
        f"What {code(first)} and {code(second)} add together",
        note=f"Log-odds; only what the two single curves do not say. Cells without any of the "
        f"{count(found.rows)} training rows are empty.",
        key="explain.pair",
        alt=f"Heat map of the log-odds that {first} and {second} add together",
    )


def _extremes(term: Curve) -> tuple[Bin, Bin]:
    bins = term.bins or term.apart
    return min(bins, key=lambda item: item.log_odds), max(bins, key=lambda item: item.log_odds)


def _words(item: Bin) -> str:
    return f"{item.text} {item.log_odds:+.3f} ({count(item.rows)} rows)"


def _frame(term: Curve) -> pd.DataFrame:
    bins = [*term.bins, *term.apart]
    return pd.DataFrame(
        {
            "bin": [item.text for item in bins],
            "from": [item.low for item in bins],
            "to": [item.high for item in bins],
            "log_odds": [item.log_odds for item in bins],
            "spread": [item.spread for item in bins],
            "rows": [item.rows for item in bins],
        }
    )


def _long(term: PairTable) -> pd.DataFrame:
    first, second = term.texts
    return pd.DataFrame(
        [
            {term.features[0]: a, term.features[1]: b, "log_odds": value, "rows": rows}
            for a, values, counts in zip(first, term.log_odds, term.rows, strict=True)
            for b, value, rows in zip(second, values, counts, strict=True)
        ],
        columns=[*term.features, "log_odds", "rows"],
    )
