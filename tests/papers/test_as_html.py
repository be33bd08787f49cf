"""A paper as HTML: self-contained, no script, every text escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from aimass_core.papers import as_html
from tests.papers.pages import HOSTILE, of_model, of_row, reasons


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_names_are_text_and_nothing_else() -> None:
    page = as_html.render(of_row(reasons(6, name=HOSTILE), title=HOSTILE)).decode()

    read = Reader(page)
    assert {"script", "iframe", "img", "link", "object", "b"}.isdisjoint(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert read.text.count(HOSTILE) >= 6
    assert "<b>40,000</b>" in read.text


def test_nothing_comes_from_elsewhere() -> None:
    page = as_html.render(of_row(reasons(30))).decode()

    addresses = set(re.findall(r"https?://[^\"'<> )]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names, never loaded
    assert not re.findall(r"(?:src|href)=\"(?!#)", page)
    assert "default-src 'none'" in page


def test_all_it_has_to_say_is_there() -> None:
    read = Reader(as_html.render(of_row(reasons(30))).decode())

    for text in ("Row 7", "20.00%", "Principal reasons against", "credit@3", "b" * 64, "feature_29"):
        assert text in read.text
    assert "What the model goes by" in Reader(as_html.render(of_model(3)).decode()).text
