"""A browser with a clock inside: from the key or click that a person makes to the page at rest.

The clock runs in the page itself. It starts at the time stamp of the last input event before the browser
sends a rerun to the server, and stops at the frame in which the server has finished, nothing is stale, charts
and tables are drawn, and after which the page no longer changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page
from playwright.sync_api import TimeoutError as TimedOut

QUIET_MS = 250
"""The page is at rest when its main part has not changed for so long; this wait is not counted."""
MOST_SECONDS = 30
NOTHING_SECONDS = 5
"""An input that has sent nothing to the server for so long changed nothing, and never will."""

CLOCK = Path(__file__).with_name("pages_clock.js")


class NotMeasuredError(RuntimeError):
    """What was to be measured did not happen, or ended with an error on the page."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One measured action.

    Attributes
    ----------
    seconds : from the input to the page at rest.
    server_seconds : from the message to the server to its word that it has finished.
    busy_seconds : that the processor worked for the server in that time.
    """

    seconds: float
    server_seconds: float
    busy_seconds: float
    largest_bytes: int
    total_bytes: int


@dataclass
class Screen:
    """One browser page on the running application."""

    page: Page
    url: str
    busy: Callable[[], float]
    """Clock of the seconds that the processor has worked for the server."""
    largest: dict[str, int] = field(default_factory=dict)
    """Largest message by what was done."""

    @classmethod
    def on(cls, context: BrowserContext, url: str, busy: Callable[[], float]) -> Screen:
        """Open an empty page with the clock in it."""
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.add_init_script(path=CLOCK)
        return cls(page, url, busy)

    def open(self, path: str, title: str) -> Taken:
        """Load an address in a fresh document; the clock starts with the navigation."""
        before = self.busy()
        self.page.goto(f"{self.url}/{path}", wait_until="commit")
        return self._rest(f"{title}, by its address", title, before)

    def go(self, title: str) -> Taken:
        """Choose a page in the side bar."""
        link = self.page.get_by_test_id("stSidebarNavLink").filter(has_text=re.compile(f"{title}$"))
        return self.take(f"{title}, first paint", link.click, title=title)

    def take(self, name: str, action: Callable[[], Any], *, title: str = "") -> Taken:
        """Do something, wait for the page to be at rest, and return what it took.

        Raises
        ------
        NotMeasuredError
            When it changes nothing, never comes to rest, or an error box is on the page afterwards: an error
            is fast, and no measurement.
        """
        before = self.busy()
        self.page.evaluate("__clock.arm()")
        action()
        try:
            self.page.wait_for_function("__clock.out > 0", timeout=NOTHING_SECONDS * 1000)
        except TimedOut as error:
            raise NotMeasuredError(f"{name}: the input changed nothing") from error
        return self._rest(name, title, before)

    def prepare(self, action: Callable[[], Any]) -> None:
        """Do something unmeasured, wait until it is done, and set the clock back; it may change nothing."""
        self.page.evaluate("__clock.arm()")
        action()
        self.page.wait_for_timeout(2 * QUIET_MS)
        if self.page.evaluate("__clock.out > 0"):
            self._rest("preparation", "", self.busy())
        self.page.evaluate("__clock.arm()")

    def _rest(self, name: str, title: str, before: float) -> Taken:
        try:
            self.page.wait_for_function("window.__clock")
            found = self.page.evaluate(
                "([title, quiet, most]) => Promise.race([__clock.rest(title, quiet), "
                "new Promise(resolve => setTimeout(() => resolve(null), most))])",
                [title, QUIET_MS, MOST_SECONDS * 1000],
            )
        finally:
            boxes = self.page.locator("[data-testid=stAlertContentError], [data-testid=stException]")
            problems = boxes.all_inner_texts()
        if problems:
            raise NotMeasuredError(f"{name}: the page shows an error: {problems[0]}")
        if found is None:
            raise NotMeasuredError(f"{name}: the page was not at rest after {MOST_SECONDS} s")
        self.largest[name] = max(self.largest.get(name, 0), int(found["bytes"]))
        worked = self.busy() - before
        return Taken(found["seconds"], found["server"], worked, int(found["bytes"]), int(found["total"]))

    def view(self, name: str) -> Locator:
        """Return a choice of a row of choices (segmented control or pills) in the main part."""
        main = self.page.get_by_test_id("stMain")
        return main.get_by_role("radio", name=name).or_(main.get_by_role("button", name=name)).first

    def button(self, name: str, place: int = 0) -> Locator:
        """Return a button by its name."""
        return self.page.get_by_test_id("stMain").get_by_role("button", name=name).nth(place)

    def clear(self, label: str) -> None:
        """Empty a select box that may be left empty, if anything is chosen in it."""
        box = self.page.get_by_test_id("stSelectbox").filter(has_text=label).first
        cross = box.get_by_label("Clear value")
        if cross.count():
            cross.first.click()

    def toggle(self, name: str) -> Locator:
        """Return what is clicked to switch a toggle."""
        return self.page.get_by_test_id("stCheckbox").filter(has_text=name).locator("label").first

    def choose(self, label: str, option: str) -> None:
        """Choose in a select box, by typing the option's text and pressing Enter."""
        box = self.page.get_by_test_id("stSelectbox").filter(has_text=label).first.locator("input")
        box.click()
        box.fill(option)
        self.page.get_by_role("option", name=option).first.wait_for()
        box.press("Enter")

    def pick(self, label: str, place: int) -> None:
        """Choose in a select box by the place of the option in its list."""
        self.page.get_by_test_id("stSelectbox").filter(has_text=label).first.locator("input").click()
        self.page.get_by_role("option").nth(place).click()

    def type(self, label: str, value: str, *, enter: bool = True) -> None:
        """Type a number into its box and press Enter."""
        box = self.page.get_by_test_id("stNumberInput").filter(has_text=label).first.locator("input")
        box.fill(value)
        if enter:
            box.press("Enter")

    def expand(self, title: str) -> None:
        """Open the expander of this title, unless it is open."""
        found = self.page.locator("details", has_text=title).first
        if found.get_attribute("open") is None:
            found.locator("summary").click()
