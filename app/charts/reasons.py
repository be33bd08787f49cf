"""Charts of reasons of many rows: by segment, over time, and in two models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from aimass_core.explain.agreement import Both
from aimass_core.explain.mix import NO_REASON, Change, ReasonMix
from aimass_core.explain.segments import Segmented
from app.charts.template import BAD, COUNT, GOOD, NEUTRAL, PALETTE, colour, figure, plain

_ROW = 28
OTHERS = "all other features"

Vector = npt.NDArray[np.float64]


def heat(found: Segmented, names: Sequence[str], *, signed: bool) -> go.Figure:
    """Draw mean contributions by feature and segment; segments with too few rows stay empty.

    Parameters
    ----------
    names : features drawn, from the top down.
    signed : mean contributions, either way; else mean absolute ones.
    """
    places = [found.names.index(name) for name in names]
    shown = [segment for segment in found.segments if not segment.small]
    z = [
        [segment.parts[j].mean if signed else segment.parts[j].mean_abs for segment in shown] for j in places
    ]
    largest = max((abs(value) for line in z for value in line if value == value), default=0.0) or 1.0
    made = figure(height=130 + _ROW * len(names), x_title=plain(found.column))
    made.add_trace(
        go.Heatmap(
            z=z,
            x=list(range(len(shown))),
            y=list(range(len(names))),
            zmin=-largest if signed else 0.0,
            zmax=largest,
            colorscale=[[0.0, GOOD], [0.5, "rgba(133,140,152,0.12)"], [1.0, BAD]]
            if signed
            else [[0.0, "rgba(133,140,152,0.12)"], [1.0, GOOD]],
            colorbar={"thickness": 10, "xpad": 4, "nticks": 5},
            customdata=[[[plain(name), plain(s.text), s.rows] for s in shown] for name in names],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}: %{z:.4f} log-odds, "
            f"%{{customdata[2]:{COUNT}}} rows<extra></extra>",
            xgap=1,
            ygap=1,
        )
    )
    made.update_xaxes(
        tickmode="array",
        tickvals=list(range(len(shown))),
        ticktext=[_tick(segment.text) for segment in shown],
        showgrid=False,
    )
    _named(made, [plain(name, longest=24) for name in names])
    return made


def _tick(text: str) -> str:
    """Return a segment's name short enough for a tick: a range by where it begins."""
    start = text.split(" to below ")[0]
    short = f"< {start.removeprefix('below ')}" if start.startswith("below ") else start
    return plain(f"≥ {start}" if " to below " in text else short.replace("from ", "≥ ", 1), longest=14)


def over_time(mix: ReasonMix, names: Sequence[str]) -> go.Figure:
    """Draw the share of rows by top reason, a stacked bar a period.

    Parameters
    ----------
    names : features drawn on their own; all others are one part, so that each bar is whole.
    """
    made = figure(height=480, y_title="Share of rows", y_format=".0%", legend=True)
    made.update_layout(barmode="stack")
    labels = [period.label for period in mix.periods]
    table = np.array([period.top / max(1, period.rows) for period in mix.periods])
    own = [mix.names.index(name) for name in names]
    rest = [j for j in range(len(mix.names)) if j not in own]
    parts = [
        (plain(name, longest=24), table[:, j], colour(k))
        for k, (name, j) in enumerate(zip(names, own, strict=True))
    ]
    if rest:
        parts.append((OTHERS, table[:, rest].sum(axis=1), "#B9B6C9"))
    parts.append((NO_REASON, table[:, -1], NEUTRAL))
    rows = [period.rows for period in mix.periods]
    for name, share, shade in parts:
        if not share.any():
            continue
        made.add_trace(
            go.Bar(
                x=labels,
                y=share,
                name=name,
                marker={"color": shade},
                customdata=rows,
                hovertemplate=f"{name}<br>%{{x}}: %{{y:.1%}} of %{{customdata:{COUNT}}} rows<extra></extra>",
            )
        )
    made.update_xaxes(type="category")
    made.update_yaxes(range=[0, 1])
    return made


def changes(found: Sequence[Change]) -> go.Figure:
    """Draw by how much each top reason's share of rows changed, with 95 % intervals."""
    made = figure(height=100 + _ROW * len(found), x_title="Change (percentage points)")
    made.add_vline(x=0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    gaps = [100 * item.top_gap for item in found]
    made.add_trace(
        go.Scatter(
            x=gaps,
            y=list(range(len(found))),
            mode="markers",
            marker={
                "size": 11,
                "symbol": ["diamond" if item.moved else "circle-open" for item in found],
                "color": [(BAD if item.top_gap > 0 else GOOD) if item.moved else NEUTRAL for item in found],
                "line": {"width": 2},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * (item.top_high - item.top_gap) for item in found],
                "arrayminus": [100 * (item.top_gap - item.top_low) for item in found],
                "thickness": 1.5,
                "width": 4,
                "color": NEUTRAL,
            },
            customdata=[[plain(i.feature), i.top_before, i.top_after] for i in found],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]:.1%} → %{customdata[2]:.1%}<extra></extra>",
            showlegend=False,
        )
    )
    _named(made, [plain(item.feature, longest=24) for item in found])
    return made


def side_by_side(features: Sequence[Both], a: str, b: str) -> go.Figure:
    """Draw each feature's share of all absolute contributions in two models."""
    made = figure(
        height=130 + 40 * len(features),
        x_title="Share of all contributions",
        x_format=".0%",
        legend=True,
    )
    for k, (name, shares, ranks) in enumerate(
        (
            (a, [item.share_a for item in features], [item.rank_a for item in features]),
            (b, [item.share_b for item in features], [item.rank_b for item in features]),
        )
    ):
        made.add_trace(
            go.Bar(
                x=shares,
                y=list(range(len(features))),
                orientation="h",
                name=plain(name, longest=40),
                marker={"color": PALETTE[k]},
                customdata=[[plain(f.feature), rank] for f, rank in zip(features, ranks, strict=True)],
                hovertemplate="%{customdata[0]}<br>%{x:.1%}, rank %{customdata[1]}<extra></extra>",
            )
        )
    made.update_layout(barmode="group", bargap=0.3)
    _named(made, [plain(item.feature, longest=24) for item in features])
    return made


def against(x: Vector, y: Vector, rows: Sequence[int], a: str, b: str) -> go.Figure:
    """Draw one feature's contributions in two models, a dot a sampled row; equal ones lie on the line."""
    made = figure(
        height=440, x_title=f"{plain(a, longest=40)} (log-odds)", y_title=f"{plain(b, longest=40)} (log-odds)"
    )
    both = np.concatenate([x, y])
    low, high = (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)
    made.add_trace(
        go.Scatter(
            x=[low, high],
            y=[low, high],
            mode="lines",
            line={"color": NEUTRAL, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
    )
    made.add_trace(
        go.Scattergl(
            x=np.round(x, 4),
            y=np.round(y, 4),
            mode="markers",
            text=[f"{row:,}" for row in rows],
            marker={"size": 6, "opacity": 0.6, "color": GOOD},
            hovertemplate="row %{text}<br>%{x:+.3f} and %{y:+.3f} log-odds<extra></extra>",
        )
    )
    return made


def _named(made: go.Figure, names: Sequence[str]) -> None:
    made.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )
