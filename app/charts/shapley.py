"""Charts of what moves a score: over many rows (bar, beeswarm) and for one row (waterfall)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from app.charts.template import BAD, GOOD, NEUTRAL, figure, plain

_ROW = 30
"""Height in pixels of one feature's row."""
_TICKS = (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)
"""Probabilities that can be marked on an axis of log-odds."""


@dataclass(frozen=True, slots=True)
class Swarm:
    """The contributions of one feature in the sampled rows.

    `level` says how high the row's value is among the feature's values, 0 (lowest) to 1 (highest), NaN for a
    missing or unordered value; `shown` is the value as text.
    """

    name: str
    contributions: Sequence[float]
    level: Sequence[float]
    shown: Sequence[str]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a waterfall: a feature, its value as text, and its contribution in log-odds."""

    name: str
    shown: str
    contribution: float


def bar(names: Sequence[str], importance: Sequence[float], *, limit: int = 15) -> go.Figure:
    """Draw the mean absolute contribution of the features that matter most, largest on top.

    Parameters
    ----------
    names, importance : features and their mean |SHAP| in log-odds.
    limit : most features shown; the rest are added up in a last bar, so that nothing is hidden.
    """
    ranked = sorted(zip(importance, names, strict=True), key=lambda pair: -pair[0])
    shown = [(name, value) for value, name in ranked[:limit]]
    rest = ranked[limit:]
    if rest:
        shown.append((f"{len(rest):,} other features together", sum(value for value, _ in rest)))
    made = figure(height=90 + _ROW * len(shown), x_title="Mean absolute contribution (log-odds)")
    places = list(range(len(shown)))
    made.add_trace(
        go.Bar(
            x=[value for _, value in shown],
            y=places,
            orientation="h",
            marker={"color": [GOOD] * min(limit, len(ranked)) + [NEUTRAL] * bool(rest)},
            text=[f"{value:.3f}" for _, value in shown],
            textposition="outside",
            cliponaxis=False,
            customdata=[plain(name) for name, _ in shown],
            hovertemplate="%{customdata}<br>%{x:.4f}",
        )
    )
    _rows(made, [name for name, _ in shown])
    highest = max((value for _, value in shown), default=0.0)
    made.update_xaxes(range=[0, highest * 1.15 or 1.0])
    return made


def beeswarm(swarms: Sequence[Swarm]) -> go.Figure:
    """Draw one dot a sampled row and feature: where it pushed the score, coloured by how high its value was.

    Dots of equal contribution are stacked around their feature's line, always in the same way.
    """
    made = figure(
        height=100 + _ROW * len(swarms), x_title="Contribution (log-odds); right raises the risk", legend=True
    )
    made.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    x: list[float] = []
    y: list[float] = []
    level: list[float] = []
    labels: list[str] = []
    span = max((abs(v) for swarm in swarms for v in swarm.contributions), default=1.0) or 1.0
    for place, swarm in enumerate(swarms):
        offsets = _offsets(swarm.contributions, span)
        for value, offset, high, shown in zip(
            swarm.contributions, offsets, swarm.level, swarm.shown, strict=True
        ):
            x.append(round(value, 5))
            y.append(round(place + offset, 3))
            level.append(high)
            labels.append(f"{plain(swarm.name)} = {plain(shown, longest=40)}")
    known = [i for i, high in enumerate(level) if math.isfinite(high)]
    other = [i for i, high in enumerate(level) if not math.isfinite(high)]
    hover = "%{customdata}<br>%{x:+.3f} log-odds"
    if known:
        made.add_trace(
            go.Scattergl(
                x=[x[i] for i in known],
                y=[y[i] for i in known],
                customdata=[labels[i] for i in known],
                mode="markers",
                showlegend=False,
                hovertemplate=hover,
                marker={
                    "size": 5,
                    "opacity": 0.75,
                    "color": [round(level[i], 3) for i in known],
                    "colorscale": [[0, GOOD], [0.5, "#B9B6C9"], [1, BAD]],
                    "cmin": 0,
                    "cmax": 1,
                    "colorbar": {
                        "title": {"text": "Value", "side": "top"},
                        "tickvals": [0, 1],
                        "ticktext": ["low", "high"],
                        "thickness": 10,
                        "len": 0.6,
                    },
                },
            )
        )
    if other:
        made.add_trace(
            go.Scattergl(
                x=[x[i] for i in other],
                y=[y[i] for i in other],
                customdata=[labels[i] for i in other],
                mode="markers",
                name="Missing, or a category without order",
                hovertemplate=hover,
                marker={"size": 5, "opacity": 0.75, "color": NEUTRAL, "symbol": "diamond-open"},
            )
        )
    _rows(made, [swarm.name for swarm in swarms])
    return made


def waterfall(steps: Sequence[Step], *, base: float, log_odds: float, limit: int = 10) -> go.Figure:
    """Draw how one row's score comes about: from the reference, by each feature, to the row's log-odds.

    The probability that belongs to each log-odds stands on the upper axis.

    Parameters
    ----------
    steps : contributions, in any order; they are drawn by size, largest on top.
    base : log-odds of the reference.
    log_odds : log-odds of the row; base and contributions add up to it.
    limit : most features drawn one by one; the rest are one step, so that the bars always meet.
    """
    ranked = sorted(steps, key=lambda step: -abs(step.contribution))
    drawn = ranked[:limit]
    rest = ranked[limit:]
    if rest:
        total = sum(step.contribution for step in rest)
        drawn.append(Step(f"{len(rest):,} other features together", "", total))
    labels = [_label(step) for step in drawn]
    starts, at = [], base
    for step in drawn:
        starts.append(at)
        at += step.contribution
    made = figure(height=150 + _ROW * (len(drawn) + 2), x_title="Log-odds; right raises the risk")
    made.add_trace(_floating(labels, drawn, starts))
    ends = [*starts, at, base, log_odds]
    low, high = min(ends), max(ends)
    pad = 0.12 * (high - low) or 0.5
    for row, (value, name) in enumerate(((base, "Reference"), (log_odds, "This row"))):
        made.add_trace(
            go.Scatter(
                x=[value],
                y=[-1 if row == 0 else len(drawn)],
                mode="markers",
                marker={"size": 13, "color": NEUTRAL, "symbol": "diamond"},
                hovertemplate=f"{name}: %{{x:.3f}} log-odds<br>probability {_probability(value):.2%}",
                showlegend=False,
            )
        )
        made.add_vline(x=value, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    _rows(
        made,
        [f"Reference: {_probability(base):.1%}", *labels, f"This row: {_probability(log_odds):.1%}"],
        first=-1,
        raw=True,
    )
    made.update_xaxes(range=[low - pad, high + pad])
    _probability_axis(made, low - pad, high + pad)
    return made


def _floating(labels: Sequence[str], drawn: Sequence[Step], starts: Sequence[float]) -> go.Bar:
    return go.Bar(
        x=[step.contribution for step in drawn],
        y=list(range(len(drawn))),
        base=list(starts),
        orientation="h",
        width=0.7,
        marker={"color": [BAD if step.contribution > 0 else GOOD for step in drawn]},
        text=[f"{step.contribution:+.3f}" for step in drawn],
        textposition="auto",
        textangle=0,
        cliponaxis=False,
        customdata=[
            [
                label,
                start,
                start + step.contribution,
                _probability(start),
                _probability(start + step.contribution),
            ]
            for label, step, start in zip(labels, drawn, starts, strict=True)
        ],
        hovertemplate="%{customdata[0]}<br>%{x:+.4f} log-odds<br>"
        "%{customdata[1]:.3f} → %{customdata[2]:.3f}<br>"
        "probability %{customdata[3]:.1%} → %{customdata[4]:.1%}",
        showlegend=False,
    )


def _probability_axis(made: go.Figure, low: float, high: float) -> None:
    """Add the upper axis: probabilities where their log-odds lie, thinned so that labels do not touch."""
    gap = (high - low) / 9
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
            "title": {"text": "Probability", "standoff": 4},
            "automargin": True,
        }
    )


def _rows(made: go.Figure, names: Sequence[str], *, first: int = 0, raw: bool = False) -> None:
    places = list(range(first, first + len(names)))
    shown = list(names) if raw else [plain(name, longest=34) for name in names]
    made.update_yaxes(
        tickmode="array",
        tickvals=places,
        ticktext=shown,
        range=[places[-1] + 0.6, places[0] - 0.6] if places else [0.6, -0.6],
        showgrid=False,
        zeroline=False,
    )


def _label(step: Step) -> str:
    name = plain(step.name, longest=30)
    return f"{name} = {plain(step.shown, longest=18)}" if step.shown else name


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
