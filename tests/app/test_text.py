"""Texts for people: formats, and data that must never be read as markdown."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from app import text

NAN = float("nan")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (text.count(30_000), "30,000"),
        (text.count(NAN), "n/a"),
        (text.count(None), "n/a"),
        (text.counted(1, "row"), "1 row"),
        (text.counted(30_000, "row"), "30,000 rows"),
        (text.counted(2, "entry", "entries"), "2 entries"),
        (text.number(1_234_567.891), "1,234,568"),
        (text.number(0.000123456), "0.0001235"),
        (text.number(1e-12), "1.000e-12"),
        (text.number(2.5), "2.5"),
        (text.number(-0.5), "-0.5"),
        (text.number(0), "0"),
        (text.number(float("-inf")), "−∞"),
        (text.number(NAN), "n/a"),
        (text.measure(0.78349), "0.783"),
        (text.measure(NAN), "n/a"),
        (text.interval(0.7751, 0.7914), "0.775 to 0.791"),
        (text.interval(NAN, 0.79), "n/a"),
        (text.share(0.2212), "22.1%"),
        (text.share(0.00001), "<0.1%"),
        (text.share(0.0), "0%"),
        (text.share(NAN), "n/a"),
        (text.money(12_345.6, "EUR"), "12,345.60 EUR"),
        (text.money(None), "n/a"),
        (text.size(999), "999 bytes"),
        (text.size(2_875_734), "2.9 MB"),
        (text.size(20_000_000_000), "20.0 GB"),
        (text.duration(0.42), "0.4 s"),
        (text.duration(59.7), "1 min 0 s"),
        (text.duration(200), "3 min 20 s"),
        (text.duration(7_500), "2 h 5 min"),
        (text.when(datetime(2026, 11, 2, 9, 5)), "2 Nov 2026, 09:05 UTC"),
        (text.when(date(2026, 11, 2)), "2 Nov 2026"),
        (text.when(None), "n/a"),
        (text.short("a" * 64), "aaaaaaaaaaaa…"),
        (text.words("min_share"), "Min share"),
        (text.words("auc"), "AUC"),
    ],
)
def test_formats(made: str, expected: str) -> None:
    assert made == expected


@pytest.mark.parametrize(
    "hostile",
    ["<b>x</b>", "**x**", "[a](b)", "![a](b)", "$x$", "# x", "- x", "1. x", "&lt;", "~~x~~", "> x", "a|b"],
)
def test_escape_leaves_no_mark_bare(hostile: str) -> None:
    made = text.escape(hostile)

    bare = made.replace("\\\\", "")
    for position, letter in enumerate(bare):
        if letter in "<>*[]()!$#-.&~|_`":
            assert bare[position - 1] == "\\"
    assert made.replace("\\", "") == hostile


@pytest.mark.parametrize(
    "found", [":smile:", ":red[x]", ":material/home:", "http://a.example", "me@a.example", "www.a.example"]
)
def test_escape_breaks_what_is_found_despite_backslashes(found: str) -> None:
    assert "\u2060" in text.escape(found)


def test_escape_leaves_names_of_columns_as_they_are_read_aloud() -> None:
    assert text.escape("minutes_since_last") == "minutes_since_last"
    assert text.escape("_a_ __b__ c_ 年_龄") == "\\_a\\_ \\_\\_b\\_\\_ c\\_ 年\\_龄"


def test_escape_makes_one_line_of_limited_length() -> None:
    assert text.escape("a\n# b") == "a \\# b"
    assert len(text.escape("x" * 5_000)) == 200


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("income", "`income`"),
        ("a`b", "``a`b``"),
        ("`a``", "``` `a`` ```"),
        ("", "``(empty)``"),
        ("a\nb", "`a b`"),
    ],
)
def test_code_cannot_be_left(value: str, expected: str) -> None:
    assert text.code(value) == expected


def test_prose_keeps_code_and_escapes_the_rest() -> None:
    assert text.prose("`in<come>` must be a *number*") == "`in<come>` must be a \\*number\\*"


def test_prose_with_an_odd_backtick_is_escaped_whole() -> None:
    assert text.prose("`a` and ` b") == "\\`a\\` and \\` b"
