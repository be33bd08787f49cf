"""A paper as PDF: one page whatever it says, with its text in it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from aimass_core.errors import Fault
from aimass_core.papers import as_pdf
from aimass_core.papers.paper import Paper, Section
from tests.papers.pages import HOSTILE, of_model, of_row, reasons

LONG = "average_monthly_balance_of_all_accounts_over_the_last_twelve_months"


def text_of(paper: Paper) -> str:
    """Return the text of the only page."""
    read = PdfReader(io.BytesIO(as_pdf.render(paper)))
    (page,) = read.pages
    assert (float(page.mediabox.width), float(page.mediabox.height)) == as_pdf.PAGE
    return " ".join(page.extract_text().split())


def test_text_can_be_found() -> None:
    text = text_of(of_row(reasons(5)))

    for part in (
        "Row 7: 20% probability of default",
        "20.00%",
        "feature_0 is 12,345.67",
        "credit@3",
        "b" * 64,
    ):
        assert part in text
    assert "lacks" not in text


@pytest.mark.parametrize("error", [0.0, 0.02])
def test_thirty_features_with_long_names_are_one_page(error: float) -> None:
    text = text_of(of_row(reasons(30, name=LONG, error=error), title=f"Row 7 {LONG} " * 8))

    assert f"{LONG}_0" in text
    assert "18 other features together" in text
    assert "b" * 64 in text
    assert "10 other features together" in text_of(of_model(30, name=LONG))


def test_what_the_font_lacks_is_said() -> None:
    text = text_of(of_row(reasons(2, name=HOSTILE)))

    assert "<script>alert('x')</script>" in text
    assert "$come_1$" in text  # no formula
    assert "characters that the font of this page lacks: shown as □" in text


def test_text_shrinks_until_it_fits_and_no_further() -> None:
    paper = of_row(reasons(5))
    many = replace(paper, sections=(Section("Much", ("a sentence " * 20,) * 25),))
    assert "credit@3" in text_of(many)

    with pytest.raises(Fault, match="one page"):
        as_pdf.render(replace(paper, sections=(Section("Too much", ("a sentence " * 20,) * 500),)))
