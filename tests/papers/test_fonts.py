"""What the font of papers shows, and how text is fitted into room."""

from __future__ import annotations

import pytest

from aimass_core.papers import fonts


@pytest.mark.parametrize(
    ("text", "shown", "replaced"),
    [
        ("plain", "plain", 0),
        ("naïve Ω Ж ≥ €", "naïve Ω Ж ≥ €", 0),
        ("收入 x", "□□ x", 2),
        ("a\u200bb\x00c\nd", "abc d", 0),
    ],
)
def test_missing_characters_are_counted(text: str, shown: str, replaced: int) -> None:
    assert fonts.printable(text) == (shown, replaced)


def test_lines_fit_and_lose_nothing() -> None:
    text = "a sentence of several words and " + "x" * 200 + " at the end"
    lines = fonts.wrapped(text, 8, 100)

    assert all(fonts.width(line, 8) <= 100 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert fonts.wrapped("", 8, 100) == []


def test_cut_text_fits_at_its_end_or_in_its_middle() -> None:
    name = "average_balance_of_the_last_month_17"

    assert fonts.fitted("short", 8, 100) == fonts.squeezed("short", 8, 100) == "short"
    assert fonts.fitted(name, 8, 60).endswith("…")
    assert fonts.squeezed(name, 8, 60).endswith("17")
    assert fonts.squeezed(name, 8, 60).startswith("ave")
    for cut in (fonts.fitted(name, 8, 60), fonts.squeezed(name, 8, 60)):
        assert fonts.width(cut, 8) <= 60


def test_bold_is_wider() -> None:
    assert fonts.width("income", 10, bold=True) > fonts.width("income", 10) > 0
