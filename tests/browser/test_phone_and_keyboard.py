"""The pages on a phone, and without a mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.driver import Driver
from tests.browser.served import Served
from tests.browser.visits import pages, views

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

_WIDTH = 390
_MAIN_BUTTONS = {
    "Overview": "Import a file",
    "Data": "Import a file",
    "Clean": "Suggest a recipe",
    "Train": "Find the best model",
    "Evaluate": "Register",
    "Explain": "How good is this run?",
    "Decisions": "Decide",
}
"""What each page is for, by the name of its button or link."""
_MARKED = """() => {
  const found = document.activeElement, style = getComputedStyle(found);
  return found.matches(':focus-visible') && (style.outlineStyle !== 'none' || style.boxShadow !== 'none'
    || style.backgroundColor !== 'rgba(0, 0, 0, 0)');
}"""
_OUTSIDE = """width => [...document.querySelectorAll('button, input, a, label, p')]
  .filter(e => !e.closest('[data-testid=stSidebar], [data-testid=stDataFrame]') && e.checkVisibility())
  .filter(e => e.getBoundingClientRect().width > 1 && e.getBoundingClientRect().right > width + 1)
  .map(e => e.outerHTML.slice(0, 200))"""
"""What reaches over the right edge."""
_PHONES_BROWSER = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Mobile Safari/537.36"
)


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    """A page of the size of a phone that is touched, not clicked."""
    context = browser.new_context(
        viewport={"width": _WIDTH, "height": 844}, has_touch=True, is_mobile=True, user_agent=_PHONES_BROWSER
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("title", "path"), views(dataset="loans@2", run="loans@2 boosting", model="boosting@1")
)
def test_no_page_is_wider_than_a_phone(phone: Page, filled: Served, title: str, path: str) -> None:
    driver = Driver(phone, filled.url)

    driver.open(path, title=title)

    heading = phone.get_by_role("heading", level=1, name=title)
    expect(heading).to_be_in_viewport()
    widths = phone.evaluate(
        "[document.scrollingElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
    )
    assert max(widths) <= _WIDTH + 1
    outside = phone.evaluate(_OUTSIDE, _WIDTH)
    assert outside == []


@pytest.mark.parametrize(("title", "path"), pages())
def test_what_a_page_is_for_can_be_touched(phone: Page, filled: Served, title: str, path: str) -> None:
    driver = Driver(phone, filled.url)
    driver.open(f"{path}?dataset=loans%402&run=loans%402+boosting&model=boosting%401", title=title)

    wanted = (
        named(phone, _MAIN_BUTTONS[title]) if title != "Overview" else phone.get_by_role("link", name="Data")
    )

    wanted.last.scroll_into_view_if_needed()
    expect(wanted.last).to_be_in_viewport()


def named(page: Page, name: str | re.Pattern[str]) -> Locator:
    """Return the buttons, links and openers of the page itself that have this name."""
    main = page.locator("[data-testid=stMain]")
    found = main.get_by_role("button", name=name).or_(main.get_by_role("link", name=name))
    return found.or_(main.locator("summary", has_text=name))


def test_the_side_bar_opens_leads_on_and_closes(phone: Page, filled: Served) -> None:
    driver = Driver(phone, filled.url)
    driver.open("")
    link = phone.get_by_test_id("stSidebar").get_by_role("link", name="Clean")
    expect(link).not_to_be_in_viewport()

    phone.get_by_test_id("stExpandSidebarButton").tap()
    expect(link).to_be_in_viewport()
    link.tap()

    driver.title("Clean")
    expect(link).not_to_be_in_viewport()


def tab_to(page: Page, name: str, *, most: int = 80) -> None:
    """Press Tab until what has the focus has this name; it must then be visible that it has."""
    for _ in range(most):
        page.keyboard.press("Tab")
        text = page.evaluate(
            "() => { const e = document.activeElement; return (e.ariaLabel || e.innerText || '').trim() }"
        )
        if text.endswith(name):
            page.wait_for_function(_MARKED)
            return
    raise AssertionError(f"'{name}' cannot be reached by Tab")


def test_the_way_goes_by_keyboard(page: Page, filled: Served) -> None:
    driver = Driver(page, filled.url)
    driver.open("")

    tab_to(page, "Clean")
    page.keyboard.press("Enter")
    driver.title("Clean")
    tab_to(page, "Suggest a recipe")
    page.keyboard.press("Enter")
    driver.says("What would change")
    driver.settle()

    assert driver.problems() == []


def test_a_decision_is_made_by_keyboard(page: Page, filled: Served) -> None:
    driver = Driver(page, filled.url)
    driver.open("decisions?model=scorecard%401")

    page.get_by_label("Applicant or payment").focus()
    page.keyboard.type("by keyboard")
    tab_to(page, "Decide")
    page.keyboard.press("Enter")

    driver.says("The decision, stored")
    assert driver.problems() == []
