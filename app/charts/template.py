"""The one look of every chart, readable on a light and on a dark page.

Colours are those of Okabe and Ito (2008), which people with any of the common kinds of colour blindness
can tell apart. :data:`GOOD` and :data:`BAD` keep a contrast of at least 3:1 on both backgrounds. Fonts and
the colour of text come from the page's theme in the browser; grids are half-transparent grey.
"""

from __future__ import annotations

import html
from functools import cache
from typing import Any

import plotly.graph_objects as go

GOOD = "#0072B2"
"""Approved, repaid, allowed, lower risk, after cleaning: blue."""
BAD = "#D55E00"
"""Declined, defaulted, blocked, higher risk: vermillion."""
MIDDLE = "#8F7A00"
"""Referred, challenged: neither good nor bad: dark yellow."""
NEUTRAL = "#858C98"
"""Everything that carries no judgement, and the state before a change: grey."""
PALETTE: tuple[str, ...] = ("#0072B2", "#D55E00", "#009E73", "#B9679A", "#3E9BD6", "#8F7A00", "#858C98")
"""Colours of things compared side by side (runs, groups), in this order."""
DASHES: tuple[str, ...] = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
"""Line styles that go with :data:`PALETTE`, so that lines differ without colour too."""

COUNT = ",.0f"
PERCENT = ".1%"
NUMBER = ",.4~g"
MONEY = ",.2f"
"""Formats for `tickformat` and hover templates (d3 notation)."""

BUTTON = 26
"""Pixels above every chart for the button that saves it as an image, so that it covers nothing."""

_GRID = "rgba(133,140,152,0.28)"


def colour(index: int) -> str:
    """Return the colour of the thing at this position, starting over after the last."""
    return PALETTE[index % len(PALETTE)]


def dash(index: int) -> str:
    """Return the line style of the thing at this position."""
    return DASHES[index % len(DASHES)]


def plain(text: object, *, longest: int = 60) -> str:
    """Return text from data so that plotly shows it as it is: it reads `<b>`, `<a>` and `&…;` as HTML.

    Text longer than `longest` characters is shortened.
    """
    line = " ".join(str(text).split())
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    return html.escape(line, quote=False)


def figure(
    *,
    height: int = 320,
    x_title: str = "",
    y_title: str = "",
    x_format: str | None = None,
    y_format: str | None = None,
    legend: bool = False,
) -> go.Figure:
    """Return an empty figure in the product's look.

    Parameters
    ----------
    height : pixels, without the room for the button above; the width follows the page.
    x_title, y_title : axis titles with their unit; escape text from data with :func:`plain`.
    x_format, y_format : tick formats, e.g. :data:`COUNT` or :data:`PERCENT`.
    legend : show a legend above the plot.
    """
    whole_numbers = {"exponentformat": "none", "separatethousands": True, "automargin": True}
    return go.Figure(  # all at once: each update of a figure costs a millisecond, and pages have a dozen
        layout={
            "template": _template(),
            "height": height + BUTTON,
            "showlegend": legend,
            # Set on the figure itself: Streamlit lays its own template over ours.
            "margin": {"l": 8, "r": 12, "t": BUTTON + (36 if legend else 12), "b": 8},
            "xaxis": {"title": {"text": x_title}, "tickformat": x_format, **whole_numbers},
            "yaxis": {"title": {"text": y_title}, "tickformat": y_format, **whole_numbers},
        }
    )


@cache
def _template() -> go.layout.Template:
    axis: dict[str, Any] = {
        "gridcolor": _GRID,
        "linecolor": _GRID,
        "zerolinecolor": _GRID,
        "ticks": "",
        "title": {"standoff": 8, "font": {"size": 13}},
    }
    return go.layout.Template(
        layout={
            "colorway": list(PALETTE),
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "separators": ".,",
            "hovermode": "closest",
            "bargap": 0.06,
            "xaxis": axis,
            "yaxis": axis,
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "xanchor": "left", "x": 0.0},
            "dragmode": False,
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL, "activecolor": GOOD},
        }
    )
