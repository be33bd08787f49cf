"""Chart of what one card or customer did over time, with the case in question marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.charts.template import BAD, NEUTRAL, figure, plain

_BAND = "rgba(0,114,178,0.13)"


def timeline(
    times: Sequence[Any],
    values: Sequence[float | None],
    *,
    moment: Any,
    here: float | None,
    name: str,
    band: tuple[float, float] | None = None,
    bad: Sequence[bool] = (),
) -> go.Figure:
    """Draw a feature of the rows before a case, joined by a line, and the case as a diamond.

    Parameters
    ----------
    times, values : when the rows were and the feature's value; None is missing.
    moment, here : the same of the case.
    name : the feature, as it is in the data.
    band : values that are usual, drawn as a stripe.
    bad : which rows are known to be bad; these are crosses.
    """
    made = figure(height=340, y_title=plain(name, longest=40), legend=True)
    if band is not None:
        made.add_hrect(y0=band[0], y1=band[1], fillcolor=_BAND, line_width=0)
    marks = [*bad] or [False] * len(times)
    made.add_trace(
        go.Scatter(
            x=list(times),
            y=list(values),
            mode="lines+markers",
            name="Before",
            line={"color": NEUTRAL, "width": 1},
            marker={
                "size": [11 if mark else 7 for mark in marks],
                "color": [BAD if mark else NEUTRAL for mark in marks],
                "symbol": ["x" if mark else "circle" for mark in marks],
            },
            customdata=["known to be bad" if mark else "" for mark in marks],
            hovertemplate="%{x}<br>%{y}<br>%{customdata}<extra></extra>",
        )
    )
    made.add_trace(
        go.Scatter(
            x=[moment],
            y=[here],
            mode="markers",
            name="This one",
            marker={"size": 14, "color": BAD, "symbol": "diamond", "line": {"width": 1, "color": NEUTRAL}},
            hovertemplate="This one<br>%{x}<br>%{y}<extra></extra>",
        )
    )
    return made
