"""The chart of what errors cost at each cut-off."""

from __future__ import annotations

import plotly.graph_objects as go

from aimass_core.evaluate.cutoff import CutoffTable
from app.charts.template import BAD, COUNT, GOOD, NEUTRAL, figure, plain


def cost(
    table: CutoffTable,
    *,
    cost_false_positive: float,
    cost_false_negative: float,
    best: float,
    chosen: float,
    currency: str,
) -> go.Figure:
    """Draw what errors on the test rows cost in all at each cut-off, the best and the chosen one marked.

    Parameters
    ----------
    cost_false_positive, cost_false_negative : money lost per good flagged and per bad let through.
    best, chosen : cut-offs to mark, probabilities; each is drawn at the table's nearest threshold.
    currency : unit of the money, for the axis.
    """
    costs = table.costs(cost_false_positive=cost_false_positive, cost_false_negative=cost_false_negative)
    unit = f" ({plain(currency)})" if currency else ""
    made = figure(
        height=340,
        x_title="Cut-off: flag from this probability on",
        y_title=f"Cost of errors on the test rows{unit}",
        x_format=".0%",
        y_format="~s",
        legend=True,
    )
    made.add_trace(
        go.Scatter(
            x=list(table.threshold),
            y=list(costs),
            mode="lines",
            name="Cost",
            line={"color": NEUTRAL, "width": 2.5},
            hovertemplate=f"cut-off %{{x:.1%}}<br>cost %{{y:{COUNT}}}",
        )
    )
    for label, at, shade, symbol in (("Chosen", chosen, BAD, "circle"), ("Best", best, GOOD, "diamond")):
        row = table.at(at)
        made.add_trace(
            go.Scatter(
                x=[row.threshold],
                y=[
                    row.cost(cost_false_positive=cost_false_positive, cost_false_negative=cost_false_negative)
                ],
                mode="markers",
                name=f"{label}: {row.threshold:.1%}",
                marker={"color": shade, "size": 13, "symbol": symbol},
                hovertemplate=f"{label}: cut-off %{{x:.1%}}<br>cost %{{y:{COUNT}}}",
            )
        )
    made.update_yaxes(rangemode="tozero")
    made.update_xaxes(range=[0, 1])
    return made
