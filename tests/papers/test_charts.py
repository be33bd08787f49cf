"""Charts of papers as SVG: safe, complete, in the colours of the pages."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from aimass_core.papers import charts
from app.charts import template
from tests.papers.pages import HOSTILE, of_model, of_row, reasons


def test_colours_are_those_of_the_pages() -> None:
    assert (charts.GOOD, charts.BAD, charts.NEUTRAL) == (template.GOOD, template.BAD, template.NEUTRAL)


def test_hostile_names_are_text_and_nothing_else() -> None:
    svg = charts.svg(of_row(reasons(3, name=HOSTILE)).chart)

    root = ElementTree.fromstring(svg)  # it is well formed
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names.isdisjoint({"script", "image", "foreignObject", "a", "metadata"})
    assert "<script>" not in svg
    text = "".join(root.itertext())
    assert "<script>" in text
    assert "$" in text or "…" in text


@pytest.mark.parametrize("count", [1, 2, 12, 13, 30])
def test_rows_that_do_not_fit_are_one_row(count: int) -> None:
    shown = charts.labels(of_row(reasons(count)).chart)
    bars = charts.labels(of_model(count).chart)

    assert len(shown) == min(count, charts.STEPS + 1)
    assert len(bars) == min(count, charts.BARS + 1)
    if count > charts.STEPS:
        left = count - charts.STEPS
        text = "1 other feature" if left == 1 else f"{left} other features together"
        assert shown[-1] == (text, "")


def test_score_without_contributions_can_be_drawn() -> None:
    assert charts.svg(of_row(reasons(0)).chart).startswith("<svg")
