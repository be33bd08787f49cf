"""The charts of papers, drawn by matplotlib in the colours of the pages' own charts."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aimass_core.papers import fonts
from aimass_core.papers.paper import Bars, Waterfall

GOOD = "#0072B2"
BAD = "#D55E00"
NEUTRAL = "#858C98"
"""As in `app/charts/template.py`: Okabe and Ito (2008)."""
INK = "#1F2937"
FAINT = "#5B6472"

STEPS = 12
BARS = 20
"""Most features drawn one by one; the rest are one step or bar, so that nothing is hidden."""
LABEL = 190.0
"""Points that names of features may take."""

_SIZE = 7.5
_ROW = 19.0
_TICKS = (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)
_lock = threading.RLock()  # settings of matplotlib belong to the process


@contextmanager
def drawing() -> Iterator[None]:
    """Draw text as it is (a dollar sign is no formula), with text that can be selected and searched."""
    import matplotlib

    settings: dict[Any, Any] = {
        "text.parse_math": False,
        "text.usetex": False,
        "font.family": fonts.FAMILY,
        "axes.formatter.use_mathtext": False,
        "axes.unicode_minus": True,
        "svg.fonttype": "none",
        "svg.hashsalt": "aimass",
        "pdf.fonttype": 42,
        "pdf.compression": 6,
    }
    with _lock, matplotlib.rc_context(settings):
        yield


def height(chart: Waterfall | Bars) -> float:
    """Return how many points a chart needs from top to bottom."""
    if isinstance(chart, Waterfall):
        return 62 + _ROW * (2 + min(len(chart.reasons), STEPS + 1))
    return 40 + _ROW * min(len(chart.features), BARS + 1)


def labels(chart: Waterfall | Bars) -> list[tuple[str, str]]:
    """Return name and value of the rows that a chart names after features."""
    if isinstance(chart, Waterfall):
        found = [(reason.feature, reason.value) for reason in chart.reasons[:STEPS]]
        left = len(chart.reasons) - STEPS
    else:
        found = [(item.feature, "") for item in chart.features[:BARS]]
        left = len(chart.features) - BARS
    return [*found, (_others(left), "")] if left > 0 else found


def svg(chart: Waterfall | Bars, *, width: float = 520) -> str:
    """Return a chart as an SVG element: no script, nothing from elsewhere."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with drawing():
        figure = Figure(figsize=(width / 72, height(chart) / 72))
        FigureCanvasSVG(figure)
        draw(figure, chart, (0, 0, width, height(chart)))
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def draw(figure: Any, chart: Waterfall | Bars, box: tuple[float, float, float, float]) -> None:
    """Draw a chart into a box of a figure: left, bottom, width and height in points."""
    wide, high = figure.get_size_inches() * 72
    left, bottom, width, tall = box
    above = 34 if isinstance(chart, Waterfall) else 4
    inner = (left + LABEL, bottom + 30, width - LABEL - 34, tall - 30 - above)
    axes = figure.add_axes((inner[0] / wide, inner[1] / high, inner[2] / wide, inner[3] / high))
    axes.set_facecolor("none")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#C5CAD3")
    axes.tick_params(length=0, labelsize=_SIZE, colors=FAINT)
    if isinstance(chart, Waterfall):
        _waterfall(axes, chart)
    else:
        _bars(axes, chart)


def _waterfall(axes: Any, chart: Waterfall) -> None:
    ranked, rest = chart.reasons[:STEPS], chart.reasons[STEPS:]
    steps = [(reason.contribution, 1.96 * (reason.error or 0.0)) for reason in ranked]
    if rest:
        steps.append((sum(reason.contribution for reason in rest), 0.0))
    at, ends = chart.base, [chart.base, chart.log_odds]
    for place, (value, _) in enumerate(steps, start=1):
        axes.barh(place, value, left=at, height=0.62, color=BAD if value > 0 else GOOD)
        at += value
        ends.append(at)
    pad = 0.2 * (max(ends) - min(ends)) or 0.5
    low, high = min(ends) - pad, max(ends) + pad
    axes.set_xlim(low, high)
    at = chart.base
    for place, (value, whisker) in enumerate(steps, start=1):
        at += value
        if whisker:
            axes.errorbar(at, place, xerr=whisker, color=NEUTRAL, linewidth=0.8, capsize=2)
        _number(axes, at, place, f"{value:+.3f}", right=value > 0, gap=whisker)
    for place, value in ((0, chart.base), (len(steps) + 1, chart.log_odds)):
        axes.axvline(value, color=NEUTRAL, linewidth=0.8, linestyle=":", zorder=0)
        axes.plot([value], [place], marker="D", color=NEUTRAL, markersize=6)
    first, last = (f"{probability(end):.1%}" for end in (chart.base, chart.log_odds))
    _named(axes, [(f"Reference: {first}", ""), *labels(chart), (f"This row: {last}", "")])
    axes.set_xlabel("Log-odds", fontsize=_SIZE, color=FAINT, labelpad=3)
    axes.locator_params(axis="x", nbins=6)
    _probabilities(axes, low, high)


def _bars(axes: Any, chart: Bars) -> None:
    ranked, rest = chart.features[:BARS], chart.features[BARS:]
    values = [item.mean_abs for item in ranked]
    for place, item in enumerate(ranked):
        axes.barh(place, item.mean_abs, height=0.62, color=GOOD)
        whisker = 1.96 * item.error
        if whisker:
            axes.errorbar(item.mean_abs, place, xerr=whisker, color=NEUTRAL, linewidth=0.8, capsize=2)
        text = f"{item.mean_abs:.3f} ({item.share:.0%})"
        _number(axes, item.mean_abs, place, text, right=True, gap=whisker)
    if rest:
        total, share = sum(item.mean_abs for item in rest), sum(item.share for item in rest)
        axes.barh(len(ranked), total, height=0.62, color=NEUTRAL)
        _number(axes, total, len(ranked), f"{total:.3f} ({share:.0%})", right=True, gap=0.0)
        values.append(total)
    axes.set_xlim(0, 1.2 * max([*values, 1e-9]))
    _named(axes, labels(chart))
    axes.set_xlabel("Mean |SHAP| (log-odds)", fontsize=_SIZE, color=FAINT, labelpad=3)
    axes.locator_params(axis="x", nbins=6)


def _number(axes: Any, at: float, place: int, text: str, *, right: bool, gap: float) -> None:
    axes.annotate(
        text,
        (at + (gap if right else -gap), place),
        xytext=(3 if right else -3, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        fontsize=_SIZE - 0.5,
        color=INK,
        annotation_clip=False,
    )


def _named(axes: Any, rows: Sequence[tuple[str, str]]) -> None:
    """Name the rows from the top down by name and value, each cut to the room there is."""
    room = LABEL - 8
    shown = []
    for name, value in rows:
        known = fonts.squeezed(fonts.printable(value)[0], _SIZE, 0.4 * room) if value else ""
        end = f" = {known}" if known else ""
        shown.append(fonts.squeezed(fonts.printable(name)[0], _SIZE, room - fonts.width(end, _SIZE)) + end)
    axes.set_yticks(range(len(shown)), shown, color=INK, fontsize=_SIZE)
    axes.set_ylim(len(shown) - 0.4, -0.6)


def _probabilities(axes: Any, low: float, high: float) -> None:
    """Mark probabilities on the upper edge, where their log-odds lie, so thinned that they do not touch."""
    gap = (high - low) / 7
    marks: list[tuple[float, str]] = []
    for tick in _TICKS:
        at = math.log(tick / (1 - tick))
        if low <= at <= high and (not marks or at - marks[-1][0] >= gap):
            marks.append((at, f"{100 * tick:g}%"))
    upper = axes.secondary_xaxis("top")
    upper.spines["top"].set_visible(False)
    upper.set_xticks([at for at, _ in marks], [text for _, text in marks])
    upper.tick_params(length=0, labelsize=_SIZE, colors=FAINT)
    upper.set_xlabel("Probability", fontsize=_SIZE, color=FAINT, labelpad=3)


def probability(log_odds: float) -> float:
    """Return the probability that belongs to log-odds."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    small = math.exp(log_odds)
    return small / (1 + small)


def _others(number: int) -> str:
    return "1 other feature" if number == 1 else f"{number:,} other features together"
