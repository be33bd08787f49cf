"""Charts of what training again has shown: folds, learning curve, gains of feature groups."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from aimass_core.evaluate.folds import Fold, FoldSummary
from aimass_core.evaluate.learning_curve import LearningCurve
from aimass_core.evaluate.measure import Measure
from aimass_core.evaluate.validation import GroupGain
from app.charts.template import BAD, COUNT, GOOD, NEUTRAL, figure, plain

_ROW = 28
"""Height in pixels of one fold or group."""
_VERDICTS = {
    "helps": ("Helps", GOOD, "circle"),
    "harms": ("Harms", BAD, "x"),
    "open": ("Cannot be told", NEUTRAL, "diamond"),
}


def folds(found: Sequence[Fold], summary: FoldSummary, *, run: Measure) -> go.Figure:
    """Draw the AUC of each fold with its interval, the mean over the folds, and the run's own test AUC."""
    names = [plain(fold.label, longest=26) for fold in found]
    made = figure(height=110 + _ROW * len(found), x_title="AUC", x_format=".3f", legend=True)
    made.add_trace(
        go.Scatter(
            x=[_known(fold.auc.value) for fold in found],
            y=list(range(len(found))),
            error_x=_whiskers([fold.auc for fold in found]),
            customdata=[[name, fold.rows, fold.bads] for name, fold in zip(names, found, strict=True)],
            mode="markers",
            name="Fold, 95% interval",
            marker={"color": GOOD, "size": 9},
            hovertemplate="%{customdata[0]}: AUC %{x:.4f}<br>%{customdata[1]:,} rows, "
            "%{customdata[2]:,} bads<extra></extra>",
        )
    )
    for value, name, dash in (
        (summary.mean, "Mean of folds", "solid"),
        (run.value, "The run's test rows", "dot"),
    ):
        if math.isfinite(value):
            made.add_trace(
                go.Scatter(
                    x=[value, value],
                    y=[-0.5, len(found) - 0.5],
                    mode="lines",
                    name=f"{name}: {value:.3f}",
                    line={"color": NEUTRAL, "width": 2, "dash": dash},
                    hoverinfo="skip",
                )
            )
    _rows(made, names)
    return made


def learning(curve: LearningCurve) -> go.Figure:
    """Draw mean AUC by number of training rows, with the range of the seeds; each doubling is one step."""
    points = curve.points
    rows = [point.rows for point in points]
    made = figure(
        height=340, x_title="Training rows", y_title="AUC on the test rows", y_format=".3f", legend=True
    )
    if any(point.fits > 1 for point in points):
        made.add_trace(
            go.Scatter(
                x=[*rows, *reversed(rows)],
                y=[*(p.high for p in points), *(p.low for p in reversed(points))],
                mode="lines",
                fill="toself",
                fillcolor="rgba(0,114,178,0.18)",
                line={"width": 0},
                name="Range of the seeds",
                hoverinfo="skip",
            )
        )
    made.add_trace(
        go.Scatter(
            x=rows,
            y=[_known(point.mean) for point in points],
            customdata=[[point.fits, _known(point.spread)] for point in points],
            mode="lines+markers",
            name="Mean",
            line={"color": GOOD, "width": 2.5},
            marker={"size": 8},
            hovertemplate="%{x:,} rows: AUC %{y:.4f}<br>%{customdata[0]} fits<extra></extra>",
        )
    )
    if math.isfinite(curve.next_gain) and points:
        last = points[-1]
        made.add_trace(
            go.Scatter(
                x=[last.rows, 2 * last.rows],
                y=[last.mean, last.mean + curve.next_gain],
                mode="lines+markers",
                name="Expected with twice the rows",
                line={"color": NEUTRAL, "width": 2, "dash": "dash"},
                marker={"size": 8, "symbol": "circle-open"},
                hovertemplate="%{x:,} rows: about %{y:.4f}<extra></extra>",
            )
        )
        rows = [*rows, 2 * last.rows]
    made.update_xaxes(type="log", tickvals=rows, ticktext=[f"{count:,}" for count in rows], tickformat=COUNT)
    return made


def gains(groups: Sequence[GroupGain]) -> go.Figure:
    """Draw the gain in AUC of each group of features with its interval, most gain on top."""
    made = figure(height=110 + _ROW * len(groups), x_title="Gain in AUC", x_format="+.2~f", legend=True)
    made.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    for verdict, (name, shade, symbol) in _VERDICTS.items():
        places = [i for i, group in enumerate(groups) if group.verdict == verdict]
        if not places:
            continue
        chosen = [groups[i] for i in places]
        made.add_trace(
            go.Scatter(
                x=[_known(group.gain) for group in chosen],
                y=places,
                error_x=_whiskers([Measure(value=g.gain, low=g.low, high=g.high) for g in chosen], shade),
                customdata=[[plain(group.name), len(group.features)] for group in chosen],
                mode="markers",
                name=name,
                marker={"color": shade, "size": 10, "symbol": symbol},
                hovertemplate="%{customdata[0]} (%{customdata[1]} features)<br>"
                "gain %{x:+.4f} AUC<extra></extra>",
            )
        )
    made.update_xaxes(nticks=5)
    _rows(made, [plain(group.name, longest=26) for group in groups])
    return made


def _rows(made: go.Figure, names: Sequence[str]) -> None:
    made.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )


def _whiskers(found: Sequence[Measure], shade: str = NEUTRAL) -> dict[str, object]:
    up = [_known(item.high - item.value) or 0.0 for item in found]
    down = [_known(item.value - item.low) or 0.0 for item in found]
    return {
        "type": "data",
        "symmetric": False,
        "array": up,
        "arrayminus": down,
        "thickness": 1.5,
        "width": 4,
        "color": shade,
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
