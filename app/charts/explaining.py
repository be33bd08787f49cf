"""Charts of how a feature acts: its contribution against its value, coloured by another feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from aimass_core.evaluate.conditions import Feature
from aimass_core.explain.dependence import Dependence, ValueBin
from aimass_core.explain.grouping import Groups
from app.charts.template import BAD, COUNT, GOOD, NEUTRAL, PALETTE, figure, plain

_LEVELS = ((0.0, GOOD), (0.5, "#B9B6C9"), (1.0, BAD))
_ROW = 34
_DAY_ZERO = date(1970, 1, 1)
_TAIL = 0.5
"""Percent of the values at either end that are out of view unless asked."""

Vector = npt.NDArray[np.float64]


def dependence(
    found: Dependence,
    own: Feature,
    values: Vector,
    other: tuple[Feature, Groups] | None,
    *,
    dates: bool = False,
    whole: bool = False,
) -> go.Figure:
    """Draw one dot a sampled row, and the mean contribution of each range of values with its 95 % interval.

    Parameters
    ----------
    own : the feature's values in the sampled rows, shape (n,).
    values : its contributions there, log-odds.
    other : values and groups of the feature that colours the dots; None leaves them grey.
    dates : values are days since 1970.
    whole : show the outer values too.
    """
    if found.ordered:
        return _along(found, own.values, values, other, dates=dates, whole=whole)
    return _by_label(found, own, values, other)


def _along(
    found: Dependence,
    x: Vector,
    y: Vector,
    other: tuple[Feature, Groups] | None,
    *,
    dates: bool,
    whole: bool,
) -> go.Figure:
    made = figure(height=440, x_title=plain(found.feature), y_title="Contribution (log-odds)", legend=True)
    made.add_hline(y=0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    known = x[~np.isnan(x)]
    tails = (0, 100) if whole or len(np.unique(known)) < 30 else (_TAIL, 100 - _TAIL)
    low, high = (float(v) for v in np.percentile(known, tails)) if len(known) else (0.0, 1.0)
    span = (high - low) or 1.0
    apart = low - 0.1 * span
    gaps = bool(np.isnan(x).any()) or any(item.missing for item in found.bins)
    at = np.where(np.isnan(x), apart + np.linspace(-0.02, 0.02, len(x)) * span, x)
    shown = [_day(v) for v in at] if dates else at
    _dots(made, np.asarray(shown), y, other)
    bins = [item for item in found.bins if not item.missing]
    _means(made, [_day(b.middle) if dates else b.middle for b in bins], bins, across=False, line=True)
    lost = [item for item in found.bins if item.missing]
    if lost:
        _means(made, [_day(apart) if dates else apart], lost, across=False, line=False)
    if gaps:
        made.add_annotation(
            x=_day(apart) if dates else apart,
            y=1,
            yref="paper",
            text="missing",
            showarrow=False,
            yanchor="top",
        )
    edges = (apart - 0.06 * span if gaps else low - 0.03 * span, high + 0.03 * span)
    made.update_xaxes(range=[_day(edge) for edge in edges] if dates else list(edges))
    return made


def _by_label(found: Dependence, own: Feature, y: Vector, other: tuple[Feature, Groups] | None) -> go.Figure:
    texts = {item.text: place for place, item in enumerate(found.bins)}
    rest = next((place for text, place in texts.items() if text.endswith(" other values")), 0)
    place = np.array(
        [
            texts.get("missing", rest)
            if np.isnan(value)
            else texts.get(own.labels[int(value)], texts.get(f"'{own.labels[int(value)]}'", rest))
            for value in own.values
        ],
        dtype=np.float64,
    )
    jitter = np.random.default_rng(0).uniform(-0.28, 0.28, len(place))
    made = figure(height=120 + _ROW * len(found.bins), x_title="Contribution (log-odds)", legend=True)
    made.add_vline(x=0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    _dots(made, y, place + jitter, other)
    _means(made, list(range(len(found.bins))), found.bins, across=True, line=False)
    made.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(found.bins))),
        ticktext=[plain(item.text, longest=22) for item in found.bins],
        range=[len(found.bins) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )
    return made


def _dots(
    made: go.Figure, x: npt.NDArray[np.generic], y: Vector, other: tuple[Feature, Groups] | None
) -> None:
    if other is None:
        made.add_trace(_dot(x, y, "Rows", {"color": NEUTRAL}))
        return
    feature, groups = other
    if feature.labels:
        for k, text in enumerate(groups.texts):
            inside = groups.codes == k
            if inside.any():
                marker = {"color": PALETTE[k % len(PALETTE)]}
                made.add_trace(_dot(x[inside], y[inside], plain(text, longest=24), marker))
        return
    known = ~np.isnan(feature.values)
    if known.any():
        order = np.argsort(np.argsort(feature.values[known], kind="stable"), kind="stable")
        level = np.round(order / max(1, len(order) - 1), 3)
        bar = {
            "title": {"text": plain(feature.name, longest=18), "side": "top"},
            "tickvals": [0, 1],
            "ticktext": ["low", "high"],
            "thickness": 10,
            "len": 0.7,
            "outlinewidth": 0,
        }
        shades = {"color": level, "colorscale": _LEVELS, "cmin": 0, "cmax": 1, "colorbar": bar}
        dot = _dot(x[known], y[known], "Rows", shades, text=[feature.show(v) for v in feature.values[known]])
        made.add_trace(dot.update(showlegend=False))
    if not known.all():
        name = f"{plain(feature.name, longest=18)} missing"
        made.add_trace(_dot(x[~known], y[~known], name, {"color": NEUTRAL, "symbol": "diamond-open"}))


def _dot(
    x: npt.NDArray[np.generic],
    y: Vector,
    name: str,
    marker: Mapping[str, object],
    *,
    text: Sequence[str] | None = None,
) -> go.Scattergl:
    return go.Scattergl(
        x=x,
        y=np.round(y, 4),
        mode="markers",
        name=name,
        text=None if text is None else [plain(item) for item in text],
        hovertemplate="%{x}, %{y}"
        + ("<br>coloured: %{text}" if text is not None else "")
        + "<extra></extra>",
        marker={"size": 5, "opacity": 0.7, **marker},
    )


def _means(
    made: go.Figure, places: Sequence[object], bins: Sequence[ValueBin], *, across: bool, line: bool
) -> None:
    means = [item.mean for item in bins]
    error = {
        "type": "data",
        "array": [item.high - item.mean if item.high == item.high else 0.0 for item in bins],
        "thickness": 2,
        "width": 5,
    }
    made.add_trace(
        go.Scatter(
            x=means if across else list(places),
            y=list(places) if across else means,
            error_x=error if across else None,
            error_y=None if across else error,
            mode="lines+markers" if line else "markers",
            line={"width": 2.5, "color": "#009E73"},
            marker={
                "size": 9,
                "color": "#009E73",
                "symbol": "square",
                "line": {"width": 1, "color": "#FFFFFF"},
            },
            name="Mean, 95% interval",
            showlegend=line or across,
            customdata=[[plain(item.text), item.rows, item.mean] for item in bins],
            hovertemplate="%{customdata[0]}<br>mean %{customdata[2]:+.4f} log-odds, "
            f"%{{customdata[1]:{COUNT}}} rows<extra></extra>",
        )
    )


def _day(days: float) -> str:
    return (_DAY_ZERO + timedelta(days=round(min(max(days, -700_000.0), 2_900_000.0)))).isoformat()
