"""A paper as PDF: one A4 page whatever it says, with fonts embedded and text that can be searched."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from aimass_core.errors import Fault
from aimass_core.papers import charts, fonts
from aimass_core.papers.paper import Paper

PAGE = (595.0, 842.0)
"""A4 in points."""

_MARGIN = 40.0
_SCALES = (1.0, 0.93, 0.86, 0.8, 0.74, 0.68, 0.62, 0.56, 0.5)
"""Sizes of text that are tried until everything fits."""
_CELL = 14.0
_LABEL = 96.0  # points for the labels of facts
_LINES = 3  # most lines of one fact


@dataclass
class _Sheet:
    """A page that is filled from the top; without a figure it only measures."""

    figure: Any | None
    scale: float
    y: float = PAGE[1] - _MARGIN
    replaced: int = 0

    def line(
        self, text: str, size: float, x: float = _MARGIN, *, bold: bool = False, colour: str = charts.INK
    ) -> None:
        """Put one line of printable text, its top at the present height."""
        if self.figure is not None:
            self.figure.text(
                x / PAGE[0],
                (self.y - size) / PAGE[1],
                text,
                fontsize=size,
                fontweight="bold" if bold else "normal",
                color=colour,
                va="baseline",
            )

    def text(
        self,
        text: str,
        size: float,
        *,
        x: float = _MARGIN,
        bold: bool = False,
        colour: str = charts.INK,
        most: int | None = None,
    ) -> None:
        """Put text over as many lines as it needs, or at most so many."""
        size *= self.scale
        shown, replaced = fonts.printable(text)
        self.replaced += replaced
        room = PAGE[0] - _MARGIN - x
        lines = fonts.wrapped(shown, size, room, bold=bold)
        if most is not None and len(lines) > most:
            lines = [*lines[: most - 1], fonts.fitted(lines[most - 1] + " …", size, room, bold=bold)]
        for line in lines:
            self.line(line, size, x, bold=bold, colour=colour)
            self.y -= 1.3 * size

    def gap(self, points: float) -> None:
        """Leave room."""
        self.y -= points * self.scale


def render(paper: Paper) -> bytes:
    """Return a paper as a PDF of one page.

    Characters that the embedded font lacks are shown as □, and the page says how many there are.

    Raises
    ------
    Fault
        When it does not fit a page at the smallest size.
    """
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    for scale in _SCALES:
        measured = _Sheet(None, scale)
        _fill(measured, paper)
        if measured.y >= _MARGIN:
            break
    else:
        raise Fault("a paper must fit one page", f"it is {_MARGIN - measured.y:.0f} points too long")
    with charts.drawing():
        figure = Figure(figsize=(PAGE[0] / 72, PAGE[1] / 72))
        FigureCanvasPdf(figure)
        _fill(_Sheet(figure, scale), paper)
        buffer = io.BytesIO()
        about = {"Title": fonts.printable(paper.title)[0], "Creator": "AI Mass", "Producer": None}
        figure.savefig(buffer, format="pdf", metadata={**about, "CreationDate": None})
    return buffer.getvalue()


def _fill(sheet: _Sheet, paper: Paper) -> None:
    sheet.text(paper.title, 16, bold=True, most=2)
    sheet.text(paper.subtitle, 8.5, colour=charts.FAINT, most=2)
    sheet.gap(6)
    _figures(sheet, paper)
    _heading(sheet, paper.chart.title)
    sheet.replaced += sum(fonts.printable(f"{name}{value}")[1] for name, value in charts.labels(paper.chart))
    tall = charts.height(paper.chart) * (0.6 + 0.4 * sheet.scale)
    sheet.y -= tall
    if sheet.figure is not None:
        charts.draw(sheet.figure, paper.chart, (_MARGIN, sheet.y, PAGE[0] - 2 * _MARGIN, tall))
    sheet.text(paper.chart.note, 7.5, colour=charts.FAINT)
    for section in paper.sections:
        _heading(sheet, section.heading)
        for number, line in enumerate(section.lines, start=1):
            top = sheet.y
            if section.numbered:
                sheet.line(f"{number}.", 8.5 * sheet.scale)
            sheet.y = top
            sheet.text(line, 8.5, x=_MARGIN + (16 if section.numbered else 0))
            sheet.gap(1.5)
    _facts(sheet, paper)


def _heading(sheet: _Sheet, text: str) -> None:
    sheet.gap(7)
    sheet.text(text, 10, bold=True)
    sheet.gap(1)


def _figures(sheet: _Sheet, paper: Paper) -> None:
    """Put the few numbers side by side, label above value."""
    wide = (PAGE[0] - 2 * _MARGIN) / max(1, len(paper.figures))
    top = sheet.y
    for place, (label, value) in enumerate(paper.figures):
        x = _MARGIN + place * wide
        sheet.y = top
        for text, size, bold, colour in ((label, 7.5, False, charts.FAINT), (value, 13.0, True, charts.INK)):
            shown, replaced = fonts.printable(text)
            sheet.replaced += replaced
            shown = fonts.fitted(shown, size * sheet.scale, wide - 8, bold=bold)
            sheet.line(shown, size * sheet.scale, x, bold=bold, colour=colour)
            sheet.gap(1.35 * size)
    if not paper.figures:
        sheet.y = top


def _facts(sheet: _Sheet, paper: Paper) -> None:
    sheet.gap(8)
    if sheet.figure is not None:
        from matplotlib.lines import Line2D

        ends = [_MARGIN / PAGE[0], 1 - _MARGIN / PAGE[0]]
        sheet.figure.add_artist(Line2D(ends, [sheet.y / PAGE[1]] * 2, color="#C5CAD3", linewidth=0.8))
    sheet.gap(5)
    for label, value in paper.facts:
        top = sheet.y
        sheet.line(label, 7.5 * sheet.scale, colour=charts.FAINT)
        sheet.y = top
        sheet.text(value, 7.5, x=_MARGIN + _LABEL * sheet.scale, most=_LINES)
    if sheet.replaced:
        noun = "character" if sheet.replaced == 1 else "characters"
        sheet.gap(3)
        sheet.text(
            f"{sheet.replaced:,} {noun} that the font of this page lacks: shown as {fonts.MISSING}. "
            "The HTML page has them all.",
            7.5,
            colour=charts.FAINT,
        )
