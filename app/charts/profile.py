"""Charts of one column: its distribution, and the same before and after cleaning, from binned counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import plotly.graph_objects as go

from aimass_core.clean.distribution import Distribution
from app.charts.template import BUTTON, COUNT, GOOD, NEUTRAL, figure, plain
from app.text import number

Bins = Sequence[tuple[float, float, int]]
"""Bins of a number: low edge, high edge, rows."""
Labels = Sequence[tuple[str | None, int]]
"""Labels with their rows, most frequent first; None is missing."""

DAY = 86_400
"""Seconds."""
SMALL = 150
"""Height in pixels of a chart in a gallery."""


def histogram(bins: Bins, *, height: int = 320, x_title: str = "", days: bool = False) -> go.Figure:
    """Draw how often values fall into each bin; `days`: edges are days since 1970-01-01."""
    if days:
        bins = [(low * DAY, high * DAY, rows) for low, high, rows in bins]
    made = figure(
        height=height, x_title=plain(x_title), y_title="Rows" if height > SMALL else "", y_format=COUNT
    )
    made.add_trace(_bars(bins, "Rows", GOOD, times=days))
    return _gallery(made) if height <= SMALL else made


def labels(values: Labels, *, height: int = 320) -> go.Figure:
    """Draw the most frequent labels as horizontal bars, the most frequent on top."""
    shown = list(reversed(values))
    made = figure(height=height, x_title="Rows" if height > SMALL else "", x_format=COUNT)
    longest = 14 if height <= SMALL else 40
    made.add_trace(
        go.Bar(
            x=[rows for _, rows in shown],
            y=list(range(len(shown))),
            customdata=[plain(_label(label)) for label, _ in shown],
            orientation="h",
            marker_color=GOOD,
            hovertemplate="%{customdata}: %{x:,} rows<extra></extra>",
        )
    )
    made.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=[plain(_label(label), longest=longest) for label, _ in shown],
        showgrid=False,
    )
    return _gallery(made) if height <= SMALL else made


def before_after(before: Distribution, after: Distribution, *, x_title: str = "") -> go.Figure:
    """Lay the distribution after cleaning over the one before; both must be of the same scale."""
    if before.scale == "labels":
        return _before_after_labels(before, after)
    made = figure(x_title=plain(x_title), y_title="Rows", y_format=COUNT, legend=True)
    times = before.scale == "times"
    made.add_trace(_bars(_bins(before), "Before", NEUTRAL, times=times))
    made.add_trace(_bars(_bins(after), "After", GOOD, outline=True, times=times))
    made.update_layout(barmode="overlay")
    return made


def one(counted: Distribution, *, name: str, x_title: str = "") -> go.Figure:
    """Draw one distribution, for a column whose type changes between before and after."""
    if counted.scale == "labels":
        return labels(list(zip(counted.labels, counted.counts, strict=True)))
    made = figure(x_title=plain(x_title), y_title="Rows", y_format=COUNT)
    colour = GOOD if name == "After" else NEUTRAL
    made.add_trace(_bars(_bins(counted), name, colour, times=counted.scale == "times"))
    return made


def before_after_data(before: Distribution, after: Distribution) -> dict[str, list[object]]:
    """Return what :func:`before_after` draws, as columns for a download."""
    rows: list[tuple[object, ...]] = []
    for when, counted in (("before", before), ("after", after)):
        if counted.scale == "labels":
            rows += [(when, label, None, n) for label, n in zip(counted.labels, counted.counts, strict=True)]
        else:
            rows += [(when, low, high, n) for low, high, n in _bins(counted)]
        rows.append((when, "(missing)", None, counted.missing))
    names = ("when", "label or low edge", "high edge", "rows")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def bins_data(bins: Bins) -> dict[str, list[float]]:
    """Return what :func:`histogram` draws, as columns for a download."""
    return {
        "from": [low for low, _, _ in bins],
        "to": [high for _, high, _ in bins],
        "rows": [rows for _, _, rows in bins],
    }


def labels_data(values: Labels) -> dict[str, list[object]]:
    """Return what :func:`labels` draws, as columns for a download."""
    return {"label": [label for label, _ in values], "rows": [rows for _, rows in values]}


def _before_after_labels(before: Distribution, after: Distribution) -> go.Figure:
    was, now = _by_label(before), _by_label(after)
    order = sorted({*was, *now}, key=lambda label: was.get(label, 0) + now.get(label, 0))
    made = figure(height=max(320, 80 + 38 * len(order)), x_title="Rows", x_format=COUNT, legend=True)
    names = [plain(_label(label), longest=40) for label in order]
    for name, rows, colour in (("After", now, GOOD), ("Before", was, NEUTRAL)):
        made.add_trace(
            go.Bar(
                x=[rows.get(label, 0) for label in order],
                y=list(range(len(order))),
                customdata=names,
                name=name,
                orientation="h",
                marker_color=colour,
                hovertemplate=f"%{{customdata}}: %{{x:,}} rows<extra>{name}</extra>",
            )
        )
    made.update_layout(barmode="group", legend_traceorder="reversed")
    made.update_yaxes(tickvals=list(range(len(order))), ticktext=names, showgrid=False)
    return made


def _by_label(counted: Distribution) -> dict[str | None, int]:
    found: dict[str | None, int] = dict(zip(counted.labels, counted.counts, strict=True))
    return found | {None: counted.missing} if counted.missing else found


def _bins(counted: Distribution) -> list[tuple[float, float, int]]:
    return list(zip(counted.edges, counted.edges[1:], counted.counts, strict=False))


def _bars(bins: Bins, name: str, colour: str, *, outline: bool = False, times: bool = False) -> go.Bar:
    """Bars as wide as their bins; times come in seconds since 1970 and are drawn on an axis of dates."""
    middle = [(low + high) / 2 for low, high, _ in bins]
    width = [(high - low) or 1.0 for low, high, _ in bins]
    return go.Bar(
        x=[_moment(value) for value in middle] if times else middle,
        y=[rows for _, _, rows in bins],
        width=[value * 1000 for value in width] if times else width,
        customdata=[_edges(low, high, times=times) for low, high, _ in bins],
        name=name,
        marker={
            "color": colour,
            "opacity": 0.55 if outline else 0.9,
            "line": {"color": colour, "width": 1.5 if outline else 0},
        },
        hovertemplate=f"%{{customdata}}: %{{y:,}} rows<extra>{name}</extra>",
    )


def _edges(low: float, high: float, *, times: bool) -> str:
    if times:
        return f"{_moment(low):%Y-%m-%d} to {_moment(high):%Y-%m-%d}"
    return f"{number(low)} to {number(high)}"


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1) + timedelta(seconds=seconds)


def _gallery(made: go.Figure) -> go.Figure:
    made.update_layout(margin={"l": 4, "r": 4, "t": BUTTON + 4, "b": 4})
    made.update_yaxes(nticks=3, tickfont={"size": 11})
    made.update_xaxes(nticks=4, tickfont={"size": 11})
    return made


def _label(label: str | None) -> str:
    return "(missing)" if label is None else label or "(empty)"
