"""Charts of one feature of a scorecard: how risky its bins are, and what they add to the score."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from aimass_core.models.scorecard_table import BinRow
from app.charts.template import BAD, GOOD, NEUTRAL, NUMBER, figure, plain

_HEIGHT = 300
_LONGEST = 18


def rates(rows: Sequence[BinRow], names: Sequence[str], *, bad_rate: float) -> go.Figure:
    """Draw the bad rate of each bin over the share of the rows in it, with the rate of all rows as a line.

    Parameters
    ----------
    names : what falls into each bin, as text.
    bad_rate : share of bads of all rows, 0 to 1.
    """
    total = sum(row.rows for row in rows) or 1.0
    made = figure(height=_HEIGHT, legend=True)
    places = list(range(len(rows)))
    texts = [plain(name) for name in names]
    made.add_trace(
        go.Bar(
            x=places,
            y=[row.rows / total for row in rows],
            name="Share of rows",
            marker={"color": NEUTRAL, "opacity": 0.45},
            customdata=texts,
            hovertemplate="%{customdata}<br>%{y:.1%} of the rows",
        )
    )
    made.add_trace(
        go.Scatter(
            x=places,
            y=[row.bad_rate for row in rows],
            name="Bad rate",
            mode="lines+markers",
            line={"color": BAD, "width": 2.5},
            marker={"size": 9},
            yaxis="y2",
            customdata=texts,
            hovertemplate="%{customdata}<br>%{y:.1%} bad",
        )
    )
    made.add_hline(y=bad_rate, yref="y2", line={"color": BAD, "dash": "dash", "width": 1.5})
    # The axis drawn over the other carries the line, so that no bar covers it.
    made.update_layout(
        yaxis={"side": "right", "tickformat": ".0%", "showgrid": False, "rangemode": "tozero", "nticks": 5},
        yaxis2={
            "overlaying": "y",
            "tickmode": "auto",
            "side": "left",
            "title": {"text": "Bad rate"},
            "tickformat": ".0%",
            "rangemode": "tozero",
            "nticks": 5,
            "automargin": True,
        },
    )
    made.update_xaxes(tickvals=places, ticktext=[plain(name, longest=_LONGEST) for name in names])
    return made


def points(rows: Sequence[BinRow], names: Sequence[str]) -> go.Figure:
    """Draw the points of each bin, apart by colour from the mean of the feature: above is safer."""
    held = sum(row.rows for row in rows) or 1.0
    mean = sum(row.rows * row.points for row in rows) / held
    made = figure(height=_HEIGHT, y_title="Points less their mean", y_format=NUMBER)
    made.add_trace(
        go.Bar(
            x=list(range(len(rows))),
            y=[row.points - mean for row in rows],
            marker={"color": [GOOD if row.points >= mean else BAD for row in rows]},
            customdata=[[plain(name), row.points] for name, row in zip(names, rows, strict=True)],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]:,.1f} points",
        )
    )
    made.update_xaxes(
        tickvals=list(range(len(rows))), ticktext=[plain(name, longest=_LONGEST) for name in names]
    )
    return made
