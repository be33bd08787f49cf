"""One case beside the recent history of the same card or customer, with what is unusual about it."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from aimass_core.explain.robust import FEWEST, LIMIT
from aimass_core.workflows import history
from aimass_core.workflows.case import Case
from aimass_core.workflows.history import Gap, History, Label, Number
from aimass_core.workspace.connection import Workspace
from app import ui
from app.boundary import live
from app.charts import history as charts
from app.tables import table
from app.text import NOT_AVAILABLE, code, count, counted, duration, number, when

_SHOWN = 10
_REALLY = {0.0: "good", 1.0: "bad"}


def offered(ws: Workspace, case: Case) -> bool:
    """Return whether the data set says whose row it is and when it was."""
    return history.columns(ws, case) is not None


@live()
def show(ws: Workspace, case: Case) -> None:
    """Show what is unusual, the history over time, and the last rows."""
    lacking = history.lacking(ws, case)
    if lacking:
        ui.empty(
            "The history of this case cannot be found",
            f"Its input has no value of {' and '.join(map(code, lacking))}. Send these columns with the row: "
            "the model does not need them, but they say whose it is and when it was.",
        )
        return
    found = history.of_case(ws, case)
    _head(found, decided=case.decision_id is not None)
    if not len(found.rows):
        return
    _unusual(found)
    _chart(found)
    _table(found)
    _compared(found)


def _head(found: History, *, decided: bool) -> None:
    looked = f" The last {count(len(found.rows))} are looked at." if found.earlier > len(found.rows) else ""
    text = (
        f"**{counted(found.earlier, 'row')}** of {code(found.group)} {code(found.key)} before "
        f"{_moment(found.moment)}.{looked}"
    )
    if found.same_time > 0:
        own = ", which may be this one," if decided else ""
        text += f" {counted(found.same_time, 'row')} at the very same time{own} not counted."
    if found.undated:
        text += f" {counted(found.undated, 'row')} without a time not counted."
    st.markdown(text)
    if not found.enough:
        st.info(
            f"Too little history: at least {FEWEST} earlier rows are needed to call anything unusual."
            if len(found.rows)
            else "No history: this is the first row of it in the data set.",
            icon=":material/hourglass_empty:",
        )


def _unusual(found: History) -> None:
    if not found.enough:
        return
    lines = [
        *(_number(item) for item in found.numbers if item.against.unusual),
        *(_label(item, found.group) for item in found.labels if item.unusual),
    ]
    if found.gap is not None and found.gap.against.unusual:
        lines.insert(0, _gap(found.gap, found))
    with st.container(border=True):
        if lines:
            st.markdown(f"**Unusual for this {code(found.group)}**\n\n" + "\n".join(f"- {x}" for x in lines))
        else:
            st.markdown(f"**Nothing about it is unusual for this {code(found.group)}**")
        if found.gap is not None:
            st.caption(
                f"Time since the row before: {_length(found.gap.since, found)}; "
                f"usually {_length(found.gap.usual, found)}."
            )


def _number(item: Number) -> str:
    against = item.against
    if math.isinf(against.z):
        return (
            f"{code(item.column.name)} is {code(number(item.here))}; it was {code(number(against.median))} "
            f"in all {count(against.known)} before."
        )
    return (
        f"{code(item.column.name)} is {code(number(item.here))}; usually {code(number(against.median))} "
        f"(median of {count(against.known)}), modified z-score {against.z:+.1f}."
    )


def _label(item: Label, group: str) -> str:
    return (
        f"{code(item.column.name)} is {code(item.here)}, never seen before on this {code(group)} "
        f"in {counted(item.rows, 'row')}; mostly {code(item.usual)}."
    )


def _gap(gap: Gap, found: History) -> str:
    how = "sooner" if gap.against.z < 0 else "later"
    return (
        f"It came {how} than usual: {_length(gap.since, found)} after the row before, usually "
        f"{_length(gap.usual, found)}."
    )


def _chart(found: History) -> None:
    numbers = {item.column.name: item for item in found.numbers}
    if not numbers:
        return
    # NaN (cannot be told) comes last; of equals, the first of the model
    ranked = sorted(numbers, key=lambda name: -_strength(numbers[name]))
    chosen = st.selectbox(
        "Over time",
        ranked,
        key=f"history.feature.{'.'.join(sorted(numbers))[:200]}",
        persist_state="session",
        filter_mode="contains",
        help="The most unusual first.",
    )
    item = numbers[chosen or ranked[0]]
    band = None
    if found.enough and item.against.scale > 0:
        reach = LIMIT * item.against.scale
        band = (item.against.median - reach, item.against.median + reach)
    values = [None if math.isnan(value) else float(value) for value in item.before]
    here = None if math.isnan(item.here) else item.here
    bad = [value == 1 for value in found.y]
    ui.chart(
        charts.timeline(
            found.times,
            values,
            moment=found.moment,
            here=here,
            name=item.column.name,
            band=band,
            bad=bad,
        ),
        pd.DataFrame(
            {
                "row": [*found.rows, None],
                "time": [*found.times, found.moment],
                item.column.name: [*values, here],
                "this": [*(False for _ in found.rows), True],
            }
        ),
        f"{code(item.column.name)} over time",
        key="history.chart",
        note="Diamond: this one."
        + (" Stripe: usual, modified z-score within ±3.5." if band else "")
        + (" Crosses: known to be bad." if any(bad) else ""),
        alt=f"{item.column.name} of {len(values)} rows before; this one is {number(here)}, "
        f"their median {number(item.against.median)}",
    )


def _strength(item: Number) -> float:
    return -1.0 if math.isnan(item.against.z) else abs(item.against.z)


def _table(found: History) -> None:
    last = list(range(len(found.rows)))[-_SHOWN:][::-1]
    rows: list[dict[str, Any]] = [{"": "this one", "When": _moment(found.moment), **found.here}]
    rows += [
        {
            "": f"row {int(found.rows[place]):,}",
            "When": _moment(found.times[place]),
            **found.texts[place],
        }
        for place in last
    ]
    frame = pd.DataFrame(rows)
    if not all(math.isnan(found.y[place]) for place in last):
        frame.insert(2, "Really", ["", *(_REALLY.get(float(found.y[place]), "not known") for place in last)])
    st.markdown(f"**The last {count(len(last))} before it**" if len(last) > 1 else "**The one before it**")
    table(frame, "Recent history", key="history.table")


def _compared(found: History) -> None:
    if not found.enough or not st.toggle("Every feature against the history", key="history.every"):
        return
    rows = [
        {
            "Feature": item.column.name,
            "Here": number(item.here),
            "Usual": number(item.against.median),
            "Modified z-score": NOT_AVAILABLE if math.isnan(item.against.z) else number(item.against.z, 3),
            "Seen before": "",
            "Unusual": "yes" if item.against.unusual else "no" if not math.isnan(item.against.z) else "n/a",
        }
        for item in found.numbers
    ]
    rows += [
        {
            "Feature": item.column.name,
            "Here": item.here,
            "Usual": item.usual,
            "Modified z-score": "",
            "Seen before": f"{count(item.seen)} of {count(item.rows)}",
            "Unusual": "yes" if item.unusual else "no",
        }
        for item in found.labels
    ]
    table(pd.DataFrame(rows), "Every feature against the history", key="history.compared")
    st.caption(
        "Modified z-score: 0.6745 × (value − median) / median absolute deviation; beyond ±3.5 is unusual "
        "(Iglewicz and Hoaglin 1993). Gaps in time are compared by their logarithm."
    )


def _moment(value: Any) -> str:
    moment = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return when(moment) if hasattr(moment, "strftime") else number(moment, 10)


def _length(value: float, found: History) -> str:
    """Return a length of time; of a numeric time, a number without a unit."""
    if found.time.kind not in ("date", "timestamp"):
        return number(value)
    if value >= 86_400:
        days = number(value / 86_400, 3)
        return f"{days} day" if days == "1" else f"{days} days"
    return duration(value)
