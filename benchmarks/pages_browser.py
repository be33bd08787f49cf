"""A browser with a clock inside: from the key or click that a person makes to the page at rest.

The clock runs in the page itself. It starts at the time stamp of the last input event before the browser sends
a rerun to the server, and stops at the frame in which the server has finished, nothing is stale, charts and
tables are drawn, and after which the page no longer changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page

QUIET_MS = 250
"""The page is at rest when its main part has not changed for so long; this wait is not counted."""
MOST_SECONDS = 30

CLOCK = """
(() => {
  const clock = {out: 0, outTotal: 0, start: 0, input: 0, finished: 0, touched: 0, bytes: 0, total: 0};
  window.__clock = clock;
  for (const kind of ['pointerdown', 'pointerup', 'click', 'keydown', 'change'])
    addEventListener(kind, event => { if (event.isTrusted) clock.input = event.timeStamp; }, true);
  const fields = data => {  // protobuf: number → value of the top level, varints only
    const found = new Map(); let at = 0;
    const varint = () => { let value = 0, shift = 1, byte;
      do { byte = data[at++]; value += (byte & 127) * shift; shift *= 128; } while (byte & 128); return value; };
    while (at < data.length) {
      const key = varint(), wire = key & 7, number = Math.floor(key / 8);
      if (wire === 0) found.set(number, varint());
      else if (wire === 2) { const size = varint(); found.set(number, -1); at += size; }
      else if (wire === 5) at += 4; else if (wire === 1) at += 8; else break;
    }
    return found;
  };
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', event => {
        if (!(event.data instanceof ArrayBuffer)) return;
        clock.bytes = Math.max(clock.bytes, event.data.byteLength);
        clock.total += event.data.byteLength;
        const status = fields(new Uint8Array(event.data)).get(6);  // ForwardMsg.script_finished
        if (status === 0 || status === 3) clock.finished = performance.now();
      });
    }
    send(data) {
      if (data instanceof Uint8Array && fields(data).has(11)) {  // BackMsg.rerun_script
        if (!clock.out && clock.input >= clock.armed) { clock.start = clock.input; clock.out = performance.now(); }
        if (clock.out) { clock.out = performance.now(); clock.finished = 0; }
      }
      super.send(data);
    }
  };
  clock.arm = () => { Object.assign(clock, {out: 0, start: 0, finished: 0, touched: 0, bytes: 0, total: 0,
    armed: performance.now()}); };
  clock.arm();
  const drawn = () => {
    const app = document.querySelector('[data-testid=stApp]');
    if (!app || app.dataset.testScriptState !== 'notRunning') return false;
    if (document.querySelector('[data-testid=stSkeleton], [data-stale=true], [data-testid=stMain] [data-testid=stSpinner]'))
      return false;
    for (const chart of document.querySelectorAll('[data-testid=stPlotlyChart]'))
      if (!chart.querySelector('.main-svg')) return false;
    for (const table of document.querySelectorAll('[data-testid=stDataFrame]'))
      if (!table.querySelector('canvas')) return false;
    return true;
  };
  addEventListener('DOMContentLoaded', () => new MutationObserver(changes => {
    if (changes.some(change => {
      const place = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      return place && place.closest('[data-testid=stMain]'); })) clock.touched = performance.now();
  }).observe(document.body, {subtree: true, childList: true, characterData: true}));
  clock.rest = (title, quiet) => new Promise(resolve => {
    let at = 0;
    const look = () => {
      const now = performance.now();
      const heading = document.querySelector('[data-testid=stMain] h1');
      const done = (clock.finished > 0) && drawn()
        && (!title || (heading && heading.innerText.trim() === title));
      if (!done) at = 0; else if (!at) at = now;
      if (at && now - Math.max(at, clock.touched) > quiet)
        return resolve({seconds: (Math.max(at, clock.touched) - clock.start) / 1000,
          server: (clock.finished - clock.out) / 1000, bytes: clock.bytes, total: clock.total});
      requestAnimationFrame(look);
    };
    look();
  });
})();
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """One measured action: seconds from the input to the page at rest, and what travelled."""

    seconds: float
    server_seconds: float
    largest_bytes: int
    total_bytes: int


@dataclass
class Screen:
    """One browser page on the running application."""

    page: Page
    url: str
    largest: dict[str, int] = field(default_factory=dict)
    """Largest message by what was done."""

    @classmethod
    def on(cls, context: BrowserContext, url: str) -> Screen:
        """Open an empty page with the clock in it."""
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.add_init_script(CLOCK)
        return cls(page, url)

    def open(self, path: str, title: str) -> Taken:
        """Load an address in a fresh document; the clock starts with the navigation."""
        self.page.goto(f"{self.url}/{path}", wait_until="commit")
        return self._rest(f"{title}, by its address", title)

    def go(self, title: str) -> Taken:
        """Choose a page in the side bar."""
        link = self.page.get_by_test_id("stSidebarNavLink").filter(has_text=re.compile(f"{title}$"))
        return self.take(f"{title}, first paint", link.click, title=title)

    def take(self, name: str, action: Callable[[], Any], *, title: str = "") -> Taken:
        """Do something, wait for the page to be at rest, and return what it took.

        Raises
        ------
        RuntimeError
            When an error box is on the page afterwards: an error is fast, and no measurement.
        """
        self.page.evaluate("__clock.arm()")
        action()
        return self._rest(name, title)

    def prepare(self, action: Callable[[], Any]) -> None:
        """Do something unmeasured, which may or may not change anything, and wait for the page to be at rest."""
        self.page.evaluate("__clock.arm()")
        action()
        self.page.wait_for_timeout(2 * QUIET_MS)
        if self.page.evaluate("__clock.out > 0"):
            self._rest("preparation", "")

    def _rest(self, name: str, title: str) -> Taken:
        try:
            self.page.wait_for_function("window.__clock")
            found = self.page.evaluate(
                f"([title, quiet, most]) => Promise.race([__clock.rest(title, quiet), "
                f"new Promise(resolve => setTimeout(() => resolve(null), most))])",
                [title, QUIET_MS, MOST_SECONDS * 1000],
            )
        finally:
            boxes = self.page.locator("[data-testid=stAlertContentError], [data-testid=stException]")
            problems = boxes.all_inner_texts()
        if problems:
            raise RuntimeError(f"{name}: the page shows an error: {problems[0]}")
        if found is None:
            raise RuntimeError(f"{name}: the page was not at rest after {MOST_SECONDS} s")
        self.largest[name] = max(self.largest.get(name, 0), int(found["bytes"]))
        return Taken(found["seconds"], found["server"], int(found["bytes"]), int(found["total"]))

    def view(self, name: str) -> Locator:
        """Return a choice of a row of choices (segmented control or pills) in the main part."""
        main = self.page.get_by_test_id("stMain")
        return (
            main.get_by_role("radio", name=name).or_(main.get_by_role("button", name=name, exact=True)).first
        )

    def button(self, name: str, place: int = 0) -> Locator:
        """Return a button by its name."""
        return self.page.get_by_test_id("stMain").get_by_role("button", name=name).nth(place)

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

    def type(self, label: str, value: str) -> None:
        """Type a number into its box and press Enter."""
        box = self.page.get_by_test_id("stNumberInput").filter(has_text=label).first.locator("input")
        box.fill(value)
        box.press("Enter")

    def expand(self, title: str) -> None:
        """Open the expander of this title, unless it is open."""
        found = self.page.locator("details", has_text=title).first
        if found.get_attribute("open") is None:
            found.locator("summary").click()
