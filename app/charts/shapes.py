"""Charts of models that are sums of curves: one feature's curve, a pair's table, members' gains."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import plotly.graph_objects as go

from aimass_core.explain.shapes import Bin, Curve, PairTable
from app.charts.template import BAD, COUNT, GOOD, NEUTRAL, figure, plain

_ROW = 26
_TAIL = 0.01
"""Share of the rows at either end that a curve leaves out of view unless asked."""
_BAND = "rgba(133,140,152,0.35)"
_DAY_ZERO = date(1970, 1, 1)


def curve(found: Curve, *, whole: bool = False) -> go.Figure:
    """Draw what a feature adds to the log-odds: a step line over numbers, bars over labels.

    Parameters
    ----------
    whole : show the tails too, where few rows lie.
    """
    if found.kind == "label" or len(found.bins) < 2:
        return _bars(found)
    return _steps(found, whole=whole)


def _steps(found: Curve, *, whole: bool) -> go.Figure:
    bins = found.bins
    edges = _edges(bins)
    shown = [_day(edge) for edge in edges] if found.kind == "date" else edges
    values = [item.log_odds for item in bins]
    made = figure(height=380, x_title=plain(found.feature), y_title="Log-odds added")
    made.update_layout(
        yaxis={"domain": [0.24, 1.0]}, yaxis2={"domain": [0.0, 0.18], "title": {"text": "Rows"}}
    )
    made.update_layout(yaxis2={"showticklabels": False, "showgrid": False, "fixedrange": True})
    made.update_xaxes(anchor="y2")
    spread = [item.spread or 0.0 for item in bins]
    if any(spread):
        upper = [value + width for value, width in zip(values, spread, strict=True)]
        lower = [value - width for value, width in zip(values, spread, strict=True)]
        for border, fill in ((lower, None), (upper, "tonexty")):
            made.add_trace(
                go.Scatter(
                    x=shown,
                    y=[*border, border[-1]],
                    mode="lines",
                    line={"shape": "hv", "width": 0},
                    fill=fill,
                    fillcolor=_BAND,
                    hoverinfo="skip",
                )
            )
    made.add_trace(
        go.Scatter(
            x=shown,
            y=[*values, values[-1]],
            mode="lines",
            line={"shape": "hv", "width": 2.5, "color": GOOD},
            customdata=[_hover(item) for item in (*bins, bins[-1])],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    made.add_hline(y=0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    widths = [high - low for low, high in pairwise(edges)]
    density = [item.rows / width if width > 0 else 0.0 for item, width in zip(bins, widths, strict=True)]
    made.add_trace(
        go.Scatter(
            x=shown,
            y=[*density, density[-1]],
            yaxis="y2",
            mode="lines",
            fill="tozeroy",
            fillcolor=_BAND,
            line={"shape": "hv", "width": 1, "color": NEUTRAL},
            hoverinfo="skip",
        )
    )
    if not whole:
        low, high = _middle(bins)
        made.update_xaxes(range=[shown[low], shown[high + 1]])
    return made


def _bars(found: Curve) -> go.Figure:
    bins = sorted(found.bins, key=lambda item: item.log_odds)
    made = figure(height=90 + _ROW * len(bins), x_title="Log-odds added")
    made.add_trace(
        go.Bar(
            x=[item.log_odds for item in bins],
            y=list(range(len(bins))),
            orientation="h",
            marker={"color": [BAD if item.log_odds > 0 else GOOD for item in bins]},
            error_x={
                "type": "data",
                "array": [item.spread or 0.0 for item in bins],
                "thickness": 1,
                "width": 3,
                "color": NEUTRAL,
            },
            customdata=[_hover(item) for item in bins],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    made.update_yaxes(
        tickmode="array", tickvals=list(range(len(bins))), ticktext=[plain(b.text, longest=28) for b in bins]
    )
    return made


def pair(found: PairTable) -> go.Figure:
    """Draw what two features add together: a heat map; cells without a training row stay empty."""
    first, second = found.texts
    largest = max((abs(v) for row in _seen(found) for v in row if v is not None), default=0.0) or 1.0
    made = figure(height=460, x_title=plain(found.features[1]), y_title=plain(found.features[0]))
    made.add_trace(
        go.Heatmap(
            z=_seen(found),
            x=list(range(len(second))),
            y=list(range(len(first))),
            zmin=-largest,
            zmax=largest,
            colorscale=[[0.0, GOOD], [0.5, "rgba(133,140,152,0.12)"], [1.0, BAD]],
            colorbar={"thickness": 10, "xpad": 4, "nticks": 5},
            customdata=[
                [[plain(a), plain(b), rows] for b, rows in zip(second, line, strict=True)]
                for a, line in zip(first, found.rows, strict=True)
            ],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}<br>%{z:+.3f} log-odds, "
            f"%{{customdata[2]:{COUNT}}} rows<extra></extra>",
            hoverongaps=False,
        )
    )
    for axis, texts in ((made.update_xaxes, second), (made.update_yaxes, first)):
        step = max(1, -(-len(texts) // 8))
        places = list(range(0, len(texts), step))
        axis(tickmode="array", tickvals=places, ticktext=[_tick(texts[k]) for k in places])
    return made


def _seen(found: PairTable) -> list[list[float | None]]:
    return [
        [value if rows > 0 else None for value, rows in zip(values, counts, strict=True)]
        for values, counts in zip(found.log_odds, found.rows, strict=True)
    ]


def _tick(text: str) -> str:
    """Return a bin's text short enough for a tick: a range by where it begins."""
    start = text.split(" to below ")[0]
    start = f"< {start.removeprefix('below ')}" if start.startswith("below ") else start.removeprefix("from ")
    return plain(start, longest=14)


def _edges(bins: tuple[Bin, ...]) -> list[float]:
    """Return the edges of bins; the open ends reach a twentieth of the span further."""
    inner = [item.low for item in bins[1:] if item.low is not None]
    margin = (inner[-1] - inner[0]) / 20 or max(1.0, abs(inner[0]) / 20)
    return [inner[0] - margin, *inner, inner[-1] + margin]


def _middle(bins: tuple[Bin, ...]) -> tuple[int, int]:
    """Return the first and the last bin that hold the rows between the tails."""
    total = sum(item.rows for item in bins)
    if total <= 0:
        return 0, len(bins) - 1
    cumulated, first, last = 0.0, 0, len(bins) - 1
    for k, item in enumerate(bins):
        if cumulated < _TAIL * total:
            first = k
        cumulated += item.rows
        if cumulated >= (1 - _TAIL) * total:
            last = k
            break
    return first, last


def _hover(item: Bin) -> str:
    spread = f" ± {item.spread:.3f}" if item.spread else ""
    return f"{plain(item.text)}<br>{item.log_odds:+.3f}{spread} log-odds<br>{item.rows:,.0f} rows"


def _day(days: float) -> str:
    bounded = min(max(days, -700_000.0), 2_900_000.0)
    return (_DAY_ZERO + timedelta(days=round(bounded))).isoformat()
