"""What is shown can be taken away: a chart as an image, an explanation as one page, without any network."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.driver import Driver
from tests.browser.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

_OVER_THE_PLOT = """() => [...document.querySelectorAll('.js-plotly-plot')].some(chart => {
  const button = chart.querySelector('.modebar-btn').getBoundingClientRect();
  const plot = chart.querySelector('.bglayer, .plot').getBoundingClientRect();
  return plot.height > 0 && button.bottom > plot.top + 1;
})"""


def test_explanation_is_saved_as_image_html_and_pdf(page: Page, filled: Served, tmp_path: Path) -> None:
    driver = Driver(page, filled.url)
    driver.open("explain?run=loans%402+boosting", title="Explain")
    button = page.get_by_role("button", name="Download plot as a PNG").first
    button.wait_for()
    assert not page.evaluate(_OVER_THE_PLOT)

    with page.expect_download() as image:
        button.press("Enter")
    with page.expect_download() as html:
        page.get_by_role("button", name="Save as HTML").click()
    with page.expect_download() as pdf:
        page.get_by_role("button", name="Save as PDF").click()

    assert image.value.suggested_filename == "from-the-reference-to-this-score.png"
    assert Path(image.value.path()).read_bytes().startswith(b"\x89PNG")
    assert Path(pdf.value.path()).read_bytes().startswith(b"%PDF")
    saved = tmp_path / "page.html"
    html.value.save_as(saved)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(saved.as_uri())
    assert asked == [saved.as_uri()]
    assert page.get_by_role("heading", name="Principal reasons against").is_visible()
    assert page.get_by_role("img", name="From the reference to this score").is_visible()
