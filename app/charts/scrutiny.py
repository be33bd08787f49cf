"""Charts of a closer look at runs: money, trade-offs, weak spots, noise, time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from aimass_core.evaluate.drift import LARGE, MODERATE, Drift
from aimass_core.evaluate.segments import Segment
from aimass_core.evaluate.sensitivity import Effect
from aimass_core.evaluate.tradeoff import TradeOff
from aimass_core.evaluate.value import Value
from app.charts.template import BAD, COUNT, GOOD, MIDDLE, NEUTRAL, colour, dash, figure, plain

_ROW = 30
_SHIFTS = {"none": NEUTRAL, "moderate": MIDDLE, "large": BAD, "unknown": NEUTRAL}


def profit(found: Value, *, currency: str) -> go.Figure:
    """Draw the money at each cut-off, the best one and its interval."""
    unit = f" ({plain(currency)})" if currency else ""
    made = figure(
        height=340,
        x_title="Cut-off: flag from this probability on",
        y_title=f"Profit on the test rows{unit}",
        x_format=".0%",
        y_format="~s",
        legend=True,
    )
    if math.isfinite(found.cutoff_low):
        made.add_vrect(
            x0=found.cutoff_low,
            x1=found.cutoff_high,
            fillcolor=GOOD,
            opacity=0.15,
            line_width=0,
            layer="below",
        )
        made.add_trace(  # a shape has no place in a legend
            go.Scatter(
                x=[None],
                y=[None],
                mode="markers",
                name="95% interval of the best",
                marker={"color": "rgba(0,114,178,0.25)", "size": 14, "symbol": "square"},
            )
        )
    made.add_hline(y=found.pass_all, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    made.add_trace(
        go.Scatter(
            x=list(found.cutoffs.threshold),
            y=list(found.profit),
            mode="lines",
            name="Profit",
            line={"color": NEUTRAL, "width": 2.5},
            hovertemplate=f"cut-off %{{x:.1%}}<br>profit %{{y:{COUNT}}}<extra></extra>",
        )
    )
    made.add_trace(
        go.Scatter(
            x=[found.best.threshold],
            y=[found.best_profit],
            mode="markers",
            name=f"Best: {found.best.threshold:.1%}",
            marker={"color": GOOD, "size": 13, "symbol": "diamond"},
            hovertemplate=f"best cut-off %{{x:.1%}}<br>profit %{{y:{COUNT}}}<extra></extra>",
        )
    )
    made.update_xaxes(range=[0, 1])
    return made


def trade_offs(lines: Mapping[str, TradeOff]) -> go.Figure:
    """Draw the bad rate among those let through at each approval rate, a line a run."""
    made = figure(
        height=340,
        x_title="Approval rate",
        y_title="Bad rate of those approved",
        x_format=".0%",
        y_format=".1%",
        legend=True,
    )
    for index, (name, line) in enumerate(lines.items()):
        made.add_trace(
            go.Scatter(
                x=list(line.approval),
                y=list(line.bad_rate),
                mode="lines",
                name=plain(name, longest=40),
                line={"color": colour(index), "dash": dash(index), "width": 2.5},
                hovertemplate="%{x:.0%} approved: %{y:.2%} bad",
            )
        )
    made.update_yaxes(rangemode="tozero")
    made.update_xaxes(range=[0, 1.02])
    return made


def segments(found: Sequence[Segment]) -> go.Figure:
    """Draw predicted and observed bad rate of each segment, numbered from the top."""
    made = figure(
        height=110 + _ROW * len(found), x_title="Bad rate", y_title="Segment", x_format=".0%", legend=True
    )
    places = list(range(len(found)))
    made.add_trace(
        go.Scatter(
            x=[segment.observed for segment in found],
            y=places,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [segment.observed_high - segment.observed for segment in found],
                "arrayminus": [segment.observed - segment.observed_low for segment in found],
                "thickness": 1.5,
                "width": 4,
                "color": NEUTRAL,
            },
            customdata=[[plain(segment.text, longest=120), segment.rows] for segment in found],
            mode="markers",
            name="Observed, 95% interval",
            marker={"color": [BAD if segment.weak else NEUTRAL for segment in found], "size": 10},
            hovertemplate="%{customdata[0]}<br>observed %{x:.1%} of %{customdata[1]:,} rows<extra></extra>",
        )
    )
    made.add_trace(
        go.Scatter(
            x=[segment.predicted for segment in found],
            y=places,
            customdata=[[plain(segment.text, longest=120)] for segment in found],
            mode="markers",
            name="Predicted",
            marker={"color": GOOD, "size": 11, "symbol": "diamond-open", "line": {"width": 2}},
            hovertemplate="%{customdata[0]}<br>predicted %{x:.1%}<extra></extra>",
        )
    )
    made.update_yaxes(
        tickmode="array",
        tickvals=places,
        ticktext=[str(place + 1) for place in places],
        range=[len(found) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )
    made.update_xaxes(rangemode="tozero")
    return made


def flips(effects: Sequence[Effect], *, limit: int = 12) -> go.Figure:
    """Draw how many decisions change when one feature is disturbed, noise and gaps side by side."""
    names = list(dict.fromkeys(effect.feature for effect in effects))[:limit]
    made = figure(
        height=120 + 2 * 20 * len(names),
        x_title="Share of decisions that change",
        x_format=".2~%",
        legend=True,
    )
    for how, name, shade in (("noise", "Noise", GOOD), ("missing", "Missing", BAD)):
        known = {effect.feature: effect for effect in effects if effect.how == how}
        made.add_trace(
            go.Bar(
                x=[known[feature].flipped if feature in known else None for feature in names],
                y=list(range(len(names))),
                orientation="h",
                name=name,
                marker={"color": shade},
                customdata=[
                    [plain(feature), known[feature].change if feature in known else None] for feature in names
                ],
                hovertemplate="%{customdata[0]}: %{x:.1%} of decisions<br>AUC %{customdata[1]:+.4f}",
            )
        )
    made.update_layout(barmode="group", bargap=0.25)
    made.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=[plain(name, longest=24) for name in names],
        autorange="reversed",
        showgrid=False,
    )
    made.update_xaxes(rangemode="tozero")
    return made


def levels(effects: Sequence[Effect], *, auc: float) -> go.Figure:
    """Draw the AUC when all features are disturbed, by level; the dotted line is the AUC without."""
    made = figure(
        height=320,
        x_title="Level: sd of noise, or share missing",
        y_title="AUC",
        x_format="~g",
        y_format=".3f",
        legend=True,
    )
    for index, (how, name) in enumerate((("noise", "Noise"), ("missing", "Missing"))):
        chosen = [effect for effect in effects if effect.how == how]
        made.add_trace(
            go.Scatter(
                x=[0.0, *(effect.level for effect in chosen)],
                y=[_known(auc), *(_known(effect.auc) for effect in chosen)],
                customdata=[0.0, *(effect.flipped for effect in chosen)],
                mode="lines+markers",
                name=name,
                line={"color": colour(index), "dash": dash(index), "width": 2.5},
                marker={"size": 8},
                hovertemplate="level %{x:g}: AUC %{y:.4f}<br>%{customdata:.1%} of decisions change",
            )
        )
    return made


def quality(found: Drift) -> go.Figure:
    """Draw the AUC of each period with its interval."""
    names = [plain(period.label) for period in found.periods]
    made = figure(height=300, y_title="AUC", y_format=".2f")
    made.add_trace(
        go.Scatter(
            x=names,
            y=[_known(period.auc) for period in found.periods],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [_gap(period.auc_high, period.auc) for period in found.periods],
                "arrayminus": [_gap(period.auc, period.auc_low) for period in found.periods],
                "thickness": 1.5,
                "width": 4,
                "color": NEUTRAL,
            },
            customdata=[[period.rows, period.bads] for period in found.periods],
            mode="lines+markers",
            line={"color": GOOD, "width": 1.5, "dash": "dot"},
            marker={"size": 9},
            hovertemplate="%{x}: AUC %{y:.3f}<br>%{customdata[0]:,} rows, "
            "%{customdata[1]:,} bads<extra></extra>",
        )
    )
    made.update_xaxes(type="category")
    return made


def rates(found: Drift) -> go.Figure:
    """Draw mean score and bad rate of each period."""
    names = [plain(period.label) for period in found.periods]
    made = figure(height=300, y_format=".1%", y_title="Share", legend=True)
    made.add_trace(
        go.Scatter(
            x=names,
            y=[_known(period.bad_rate) for period in found.periods],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [_gap(period.bad_rate_high, period.bad_rate) for period in found.periods],
                "arrayminus": [_gap(period.bad_rate, period.bad_rate_low) for period in found.periods],
                "thickness": 1.5,
                "width": 4,
                "color": NEUTRAL,
            },
            mode="markers",
            name="Bad rate, 95% interval",
            marker={"color": BAD, "size": 9},
            hovertemplate="%{x}: %{y:.2%} bad<extra></extra>",
        )
    )
    made.add_trace(
        go.Scatter(
            x=names,
            y=[_known(period.mean_score) for period in found.periods],
            mode="lines+markers",
            name="Mean score",
            line={"color": GOOD, "width": 2.5},
            marker={"symbol": "diamond", "size": 8},
            hovertemplate="%{x}: mean score %{y:.2%}<extra></extra>",
        )
    )
    made.update_xaxes(type="category")
    made.update_yaxes(rangemode="tozero")
    return made


def shifts(found: Drift) -> go.Figure:
    """Draw the PSI of each period, coloured by how far its scores moved."""
    made = figure(height=280, y_title="PSI", y_format=".2f")
    made.add_trace(
        go.Bar(
            x=[plain(period.label) for period in found.periods],
            y=[_known(period.psi) for period in found.periods],
            marker={"color": [_SHIFTS[period.shift] for period in found.periods]},
            customdata=[[period.shift, _known(period.psi_chance)] for period in found.periods],
            hovertemplate="%{x}: PSI %{y:.3f}, shift: %{customdata[0]}<br>"
            "chance alone up to %{customdata[1]:.3f}<extra></extra>",
        )
    )
    for level in (MODERATE, LARGE):
        made.add_hline(y=level, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    made.update_xaxes(type="category")
    made.update_yaxes(rangemode="tozero")
    return made


def _gap(high: float, low: float) -> float:
    return high - low if math.isfinite(high - low) else 0.0


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
