"""Files that cannot be read and names that mean harm, as a person in front of the page meets them."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Driver
from tests.browser.filled import FOREIGN, HOSTILE, HTML
from tests.browser.served import Served, serve
from tests.browser.visits import views

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

_MARK = "zq"
"""What the hostile names would draw bold, coloured, as code, as a formula, as a link, as a picture."""
_ELEMENTS = f"""() => [
  ...document.querySelectorAll('img[src="x"], img[src*="{_MARK}"], [onerror], a[href^="javascript:"]'),
  ...[...document.querySelectorAll('strong, b, em, a, code, .katex, span[style*="color"]')]
    .filter(e => e.innerText.trim() === '{_MARK}'),
].map(e => e.outerHTML)"""


def choose_file(driver: Driver, name: str, content: bytes) -> None:
    """Hand a file to the uploader of Data, as if chosen in the file dialogue."""
    driver.open("data")
    driver.expand("Import a file")
    driver.page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def data_sets(driver: Driver) -> str:
    """Return how many data sets Overview counts."""
    driver.open("")
    figure = driver.page.locator("[data-testid=stMetric]", has_text="Data sets")
    return figure.locator("[data-testid=stMetricValue]").inner_text()


BAD: dict[str, tuple[str, bytes, str]] = {
    "empty": ("empty.csv", b"", "is empty"),
    "header only": ("header.csv", b"a,b,c\n", "row"),
    "broken quotes": ("quotes.csv", b'a,b\n1,"two\n3,four\n' * 3, "quote"),
    "many columns": (
        "wide.csv",
        (",".join(f"c{n}" for n in range(10_001)) + "\n" + ",".join("1" * 10_001) + "\n").encode(),
        "columns",
    ),
    "not a table": ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, ""),
    "torn parquet": ("torn.parquet", b"PAR1" + b"\0" * 100, ""),
    "torn gzip": ("torn.csv.gz", gzip.compress(b"a,b\n1,2\n" * 1000)[:-20], ""),
}


@pytest.mark.parametrize("case", list(BAD))
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(page: Page, filled: Served, case: str) -> None:
    name, content, word = BAD[case]
    driver = Driver(page, filled.url)
    before = data_sets(driver)

    choose_file(driver, name, content)
    box = page.locator("[data-testid=stAlertContentError]")
    button = page.get_by_role("button", name="Import", exact=True)
    expect(box.or_(button).first).to_be_visible()
    if button.is_visible():
        button.click()
    expect(box).to_be_visible()

    text = box.inner_text()
    assert word in text
    assert "Incident" not in text
    assert len(text.strip().split("\n\n")) >= 3, f"what was expected, what came and what to do: {text}"
    assert data_sets(driver) == before


def test_names_twice_infinities_and_columns_of_nothing_are_imported_and_said(
    page: Page, filled: Served
) -> None:
    rows = "".join(f"{n},{n % 2},inf,,{n}\n" for n in range(50))
    driver = Driver(page, filled.url)

    choose_file(driver, "odd.csv", ("x,bad,y,nothing,x\n" + rows).encode())
    page.get_by_role("button", name="Import", exact=True).click()
    driver.says("Imported")
    driver.settle()

    for title in ("Infinite values", "One value only"):
        driver.says(title)
    driver.open("data?data_view=Versions")
    driver.says("x_2")
    assert driver.problems() == []


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """A server of the test's own, for what would stay behind."""
    with serve(tmp_path / "own") as running:
        yield running


def test_the_sheet_of_a_workbook_is_chosen(page: Page, own: Served) -> None:
    book = openpyxl.Workbook()
    book.active.append(["notes"])
    sheet = book.create_sheet("数据 & more")
    for row in (["amount", "bad"], [1.5, 0], [2.5, 1]):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    driver = Driver(page, own.url)

    choose_file(driver, "book.xlsx", content.getvalue())
    expect(page.get_by_label("Sheet of the workbook")).to_be_visible()
    driver.settle()
    page.get_by_label("Sheet of the workbook").click()
    page.get_by_role("option", name="数据 & more").click()
    driver.settle()
    page.get_by_role("button", name="Import", exact=True).click()

    driver.says("2 rows, 2 columns")
    assert driver.problems() == []


def addresses(url: str) -> list[tuple[str, str]]:
    """Return (title, path) of every view, at what bears the hostile names."""
    decisions: list[dict[str, Any]] = httpx.get(f"{url}/api/v1/decisions", params={"model": "年龄"}).json()[
        "decisions"
    ]
    opened = {"view": "Find and replay", "decision": decisions[0]["decision_id"]}
    named = {"dataset": f"{HOSTILE}@2", "run": HOSTILE[:60], "model": "年龄@1"}
    return [*views(**named), ("Decisions", f"decisions?{urlencode(opened)}")]


def test_names_are_shown_as_they_are_on_every_page(page: Page, filled: Served) -> None:
    driver = Driver(page, filled.url)
    dialogs: list[str] = []
    elsewhere: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on(
        "request",
        lambda request: elsewhere.append(request.url) if _MARK in request.url.split("?")[0] else None,
    )

    for title, path in addresses(filled.url):
        driver.open(path, title=title)
        assert page.evaluate(_ELEMENTS) == [], path
        assert driver.problems() == [], path

    assert dialogs == []
    assert elsewhere == []


def test_names_are_read_whole(page: Page, filled: Served) -> None:
    driver = Driver(page, filled.url)

    driver.open(f"decisions?{urlencode({'model': '年龄@1'})}")

    for name in (HTML, FOREIGN):
        expect(page.locator("[data-testid=stWidgetLabel]").get_by_text(name, exact=True)).to_be_visible()


def test_a_workbook_opened_elsewhere_runs_no_formula(page: Page, filled: Served) -> None:
    driver = Driver(page, filled.url)
    driver.open(f"clean?{urlencode({'dataset': f'{HOSTILE}@2'})}")

    with page.expect_download() as waited:
        page.get_by_role("button", name="This version as CSV").click()

    text = Path(waited.value.path()).read_text("utf-8")
    assert "=1+1" in text
    assert not re.search(r'(^|,)"?=1\+1', text, re.MULTILINE)
