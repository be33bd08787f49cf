"""What papers say: reasons as sentences, and nothing left out."""

from __future__ import annotations

from aimass_core.papers import paper as papers
from tests.papers.pages import of_model, of_row, reason, reasons


def test_reasons_are_sentences_with_what_they_add() -> None:
    assert papers.sentence(reason("income", -0.5, error=0.1)) == (
        "income is 12,345.67 (typical: 40,000), which lowers the estimated probability "
        "(-0.500 ± 0.196 log-odds)."
    )
    assert "±" not in papers.sentence(reason("income", -0.5))
    assert "±" not in papers.sentence(reason("income", -0.5, error=None))


def test_what_is_not_named_is_added_up() -> None:
    found = reasons(12)
    sections = papers.reason_sections(found, outcome="default")

    assert [section.heading for section in sections] == [
        "Principal reasons against",
        "In favour",
        "Everything else",
    ]
    assert [len(section.lines) for section in sections] == [4, 3, 1]
    rest = sum(item.contribution for item in (*found.tail, *found.favourable[3:]))
    assert sections[2].lines == (f"5 more features together move the log-odds of default by {rest:+.3f}.",)


def test_without_reasons_against_it_says_so() -> None:
    (section,) = papers.reason_sections(reasons(0), outcome="fraud")

    assert section.lines == ("No feature speaks against this row.",)
    assert not section.numbered


def test_table_has_every_feature_between_reference_and_row() -> None:
    table = of_row(reasons(30)).table

    assert len(table) == 1 + 1 + 30 + 1
    assert table[1][3] == "-1.5000"
    assert len({len(row) for row in table}) == 1
    assert len(of_model(30).table) == 31


def test_unknown_error_is_not_zero() -> None:
    every = papers.every(reasons(2, error=None))

    assert papers.reason_table(every, base=0, log_odds=1.0)[2][4] == "n/a"
