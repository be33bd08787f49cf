"""Charts of what moves a score: over many rows (bar, beeswarm) and for one row (waterfall)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from aimass_core.explain.reasons import Reason
from aimass_core.explain.summary import Importance, Swarm
from app.charts.template import BAD, GOOD, NEUTRAL, figure, plain

_ROW = 30
"""Height in pixels of one feature's row."""
_ROOM_FOR_A_NUMBER = 0.14
"""Share of the longest bar that a number needs."""
_STEP = 36
"""Height of one step of a waterfall, with its name in two lines."""
_TICKS = (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)
"""Probabilities that can be marked on an axis of log-odds."""
_MARKS = 3
"""Steps between marks on an axis that must also fit a phone."""
_LEVELS = ((0.0, GOOD), (0.5, "#B9B6C9"), (1.0, BAD))


def bar(features: Sequence[Importance], *, limit: int = 15) -> go.Figure:
    """Draw the mean absolute contribution of the features that matter most, largest on top.

    Whiskers are ±1.96 standard errors of the mean over the sampled rows.

    Parameters
    ----------
    limit : most features drawn one by one; the rest are added up in a last bar, so that nothing is hidden.
    """
    ranked = sorted(features, key=lambda feature: -feature.mean_abs)
    drawn, rest = ranked[:limit], ranked[limit:]
    names = [feature.feature for feature in drawn]
    values = [feature.mean_abs for feature in drawn]
    whiskers = [1.96 * feature.error for feature in drawn]
    shares = [feature.share for feature in drawn]
    if rest:
        names.append(_others(len(rest)))
        values.append(sum(feature.mean_abs for feature in rest))
        whiskers.append(0.0)
        shares.append(sum(feature.share for feature in rest))
    # A short bar has its number behind it, a little beyond where the whisker of so short a bar ends.
    roomy = [value > _ROOM_FOR_A_NUMBER * max(values) for value in values]
    made = figure(height=90 + _ROW * len(names), x_title="Mean |SHAP| (log-odds)")
    made.add_trace(
        go.Bar(
            x=values,
            y=list(range(len(names))),
            orientation="h",
            marker={"color": [GOOD] * len(drawn) + [NEUTRAL] * bool(rest)},
            error_x={"type": "data", "array": whiskers, "thickness": 1, "width": 3, "color": NEUTRAL},
            text=[
                f"{value:.3f}" if wide else f"\u2002{value:.3f}"
                for value, wide in zip(values, roomy, strict=True)
            ],
            textposition=["inside" if wide else "outside" for wide in roomy],
            constraintext="none",  # a number is never made smaller to fit its bar
            insidetextanchor="start",
            textangle=0,
            customdata=[[plain(name), share] for name, share in zip(names, shares, strict=True)],
            hovertemplate="%{customdata[0]}<br>%{x:.4f} log-odds, %{customdata[1]:.1%} of all<extra></extra>",
        )
    )
    _rows(made, [plain(name, longest=30) for name in names])
    made.update_xaxes(rangemode="tozero")
    return made


def beeswarm(swarms: Sequence[Swarm]) -> go.Figure:
    """Draw one dot a sampled row and feature: where it pushed the score, coloured by how high its value was.

    Dots of equal contribution are stacked around their feature's line, always in the same way.
    """
    made = figure(height=100 + _ROW * len(swarms), x_title="Contribution (log-odds)", legend=True)
    made.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    span = max((abs(v) for swarm in swarms for v in swarm.contributions), default=1.0) or 1.0
    ordered: list[tuple[float, float, int, float]] = []
    other: list[tuple[float, float, int]] = []
    for place, swarm in enumerate(swarms):
        offsets = _offsets(swarm.contributions, span)
        for value, offset, level in zip(swarm.contributions, offsets, swarm.levels, strict=True):
            if level is None:
                other.append((round(value, 4), round(place + offset, 3), place))
            else:
                ordered.append((round(value, 4), round(place + offset, 3), place, level))
    names = [plain(swarm.feature) for swarm in swarms]
    if ordered:
        made.add_trace(
            go.Scattergl(
                x=np.array([dot[0] for dot in ordered]),  # plotly checks a list value by value
                y=np.array([dot[1] for dot in ordered]),
                text=np.array([names[dot[2]] for dot in ordered]),
                mode="markers",
                showlegend=False,
                hovertemplate="%{text}<br>%{x:+.3f} log-odds<br>"
                "value higher than %{marker.color:.0%} of the sampled rows<extra></extra>",
                marker={
                    "size": 5,
                    "opacity": 0.8,
                    "color": np.array([round(dot[3], 3) for dot in ordered]),
                    "colorscale": _LEVELS,
                    "cmin": 0,
                    "cmax": 1,
                    "colorbar": {
                        "title": {"text": "Value", "side": "top"},
                        "tickvals": [0, 1],
                        "ticktext": ["low", "high"],
                        "thickness": 10,
                        "len": 0.6,
                        "outlinewidth": 0,
                    },
                },
            )
        )
    if other:
        made.add_trace(
            go.Scattergl(
                x=np.array([dot[0] for dot in other]),
                y=np.array([dot[1] for dot in other]),
                text=np.array([names[dot[2]] for dot in other]),
                mode="markers",
                name="Missing value, or category (no order)",
                hovertemplate="%{text}<br>%{x:+.3f} log-odds<extra></extra>",
                marker={"size": 5, "opacity": 0.8, "color": NEUTRAL, "symbol": "diamond-open"},
            )
        )
    _rows(made, [plain(swarm.feature, longest=30) for swarm in swarms])
    return made


def waterfall(
    reasons: Sequence[Reason],
    *,
    base: float,
    log_odds: float,
    limit: int = 10,
    names: tuple[str, str] = ("Reference", "This row"),
) -> go.Figure:
    """Draw how one row's score comes about: from the reference, by each feature, to the row's log-odds.

    The probability that belongs to each log-odds stands on the upper axis. Whiskers at the ends of bars are
    95 % intervals of estimated contributions; exact ones have none.

    Parameters
    ----------
    reasons : contributions, in any order; they are drawn by size, largest on top.
    base : log-odds of the reference.
    log_odds : log-odds of the row; base and contributions add up to it.
    limit : most features drawn one by one; the rest are one step, so that the bars always meet.
    names : what it begins and ends with; plain text of the program.
    """
    ranked = sorted(reasons, key=lambda reason: -abs(reason.contribution))
    steps = [(_label(reason), reason.contribution) for reason in ranked[:limit]]
    whiskers = [1.96 * (reason.error or 0.0) for reason in ranked[:limit]]
    if ranked[limit:]:
        steps.append((_others(len(ranked) - limit), sum(reason.contribution for reason in ranked[limit:])))
        whiskers.append(0.0)
    starts, at = [], base
    for _, contribution in steps:
        starts.append(at)
        at += contribution
    made = figure(height=150 + _STEP * (len(steps) + 2), x_title="Log-odds")
    made.add_trace(_floating(steps, starts, whiskers))
    if any(whiskers):
        made.add_trace(_numbers(steps, starts, whiskers))
    ends = [*starts, at, base, log_odds]
    pad = 0.2 * (max(ends) - min(ends)) or 0.5
    low, high = min(ends) - pad, max(ends) + pad
    for place, value, name in ((-1, base, names[0]), (len(steps), log_odds, names[1])):
        made.add_vline(x=value, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
        made.add_trace(
            go.Scatter(
                x=[value],
                y=[place],
                mode="markers",
                marker={"size": 13, "color": NEUTRAL, "symbol": "diamond"},
                hovertemplate=f"{name}: %{{x:.3f}} log-odds<br>{_probability(value):.2%}<extra></extra>",
                showlegend=False,
            )
        )
    labels = [label for label, _ in steps]
    first, last = f"{names[0]}: {_probability(base):.1%}", f"{names[1]}: {_probability(log_odds):.1%}"
    _rows(made, [first, *labels, last], first=-1)
    made.update_xaxes(range=[low, high], nticks=_MARKS + 1, tickangle=0)
    _probability_axis(made, low, high)
    made.update_layout(margin_r=52)  # room for the numbers beside the bars on a narrow screen
    return made


def _floating(
    steps: Sequence[tuple[str, float]], starts: Sequence[float], whiskers: Sequence[float]
) -> go.Bar:
    ends = [start + value for start, (_, value) in zip(starts, steps, strict=True)]
    return go.Bar(
        x=[value for _, value in steps],
        y=list(range(len(steps))),
        base=list(starts),
        orientation="h",
        width=0.7,
        marker={"color": [BAD if value > 0 else GOOD for _, value in steps]},
        text=None if any(whiskers) else [f"{value:+.3f}" for _, value in steps],
        textposition="auto",
        textangle=0,
        cliponaxis=False,
        error_x={
            "type": "data",
            "array": list(whiskers),
            "visible": any(whisker > 0 for whisker in whiskers),
            "thickness": 1,
            "width": 3,
            "color": NEUTRAL,
        },
        customdata=[
            [label, value, _probability(start), _probability(end), f" ± {whisker:.4f}" if whisker else ""]
            for (label, value), start, end, whisker in zip(steps, starts, ends, whiskers, strict=True)
        ],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]:+.4f}%{customdata[4]} log-odds<br>"
        "probability %{customdata[2]:.1%} → %{customdata[3]:.1%}<extra></extra>",
        showlegend=False,
    )


def _numbers(
    steps: Sequence[tuple[str, float]], starts: Sequence[float], whiskers: Sequence[float]
) -> go.Scatter:
    """Return the contributions as text beyond the whiskers of their bars."""
    return go.Scatter(
        x=[
            start + value + (whisker if value > 0 else -whisker)
            for (_, value), start, whisker in zip(steps, starts, whiskers, strict=True)
        ],
        y=list(range(len(steps))),
        mode="text",
        text=[f" {value:+.3f} " for _, value in steps],
        textposition=["middle right" if value > 0 else "middle left" for _, value in steps],
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _probability_axis(made: go.Figure, low: float, high: float) -> None:
    """Add the upper axis: probabilities where their log-odds lie, thinned so that labels do not touch."""
    gap = (high - low) / _MARKS
    marks: list[float] = []
    for tick in _TICKS:
        at = math.log(tick / (1 - tick))
        if low <= at <= high and (not marks or at - math.log(marks[-1] / (1 - marks[-1])) >= gap):
            marks.append(tick)
    made.add_trace(
        go.Scatter(x=[low, high], y=[0, 0], xaxis="x2", mode="none", hoverinfo="skip", showlegend=False)
    )
    made.update_layout(
        xaxis2={
            "overlaying": "x",
            "side": "top",
            "matches": "x",
            "showgrid": False,
            "tickmode": "array",
            "tickvals": [math.log(tick / (1 - tick)) for tick in marks],
            "ticktext": [
                f"{tick:.2%}" if tick < 0.001 or tick > 0.999 else f"{100 * tick:g}%" for tick in marks
            ],
            "tickangle": 0,
            "title": {"text": "Probability", "standoff": 4},
            "automargin": True,
        }
    )


def _rows(made: go.Figure, names: Sequence[str], *, first: int = 0) -> None:
    """Name the rows, from the top down; names are escaped already."""
    last = first + len(names) - 1
    made.update_yaxes(
        tickmode="array",
        tickvals=list(range(first, last + 1)),
        ticktext=list(names),
        range=[last + 0.6, first - 0.6],
        showgrid=False,
        zeroline=False,
    )


def _label(reason: Reason) -> str:
    """Two short lines, so that the names leave room for the bars on a phone."""
    return f"{plain(reason.feature, longest=24)}<br>= {plain(reason.value, longest=16)}"


def _others(number: int) -> str:
    return "1 other feature" if number == 1 else f"{number:,} other features together"


def _offsets(values: Sequence[float], span: float) -> list[float]:
    """Stack dots that fall on the same place: 0, +1, −1, +2, … steps, squeezed into ±0.4."""
    bins: dict[int, int] = {}
    heights: list[float] = []
    for value in values:
        place = round(value / span * 60)
        number = bins.get(place, 0)
        bins[place] = number + 1
        heights.append((number + 1) // 2 * (1 if number % 2 else -1))
    widest = max((abs(height) for height in heights), default=0) or 1
    return [height * min(0.06, 0.4 / widest) for height in heights]


def _probability(log_odds: float) -> float:
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    small = math.exp(log_odds)
    return small / (1 + small)
