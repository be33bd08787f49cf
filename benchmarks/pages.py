"""The pages in a real browser with a large data set open: first paint, interactions, size of messages."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import Error, sync_playwright

from benchmarks.pages_actions import ACTIONS, TITLES, Action
from benchmarks.pages_browser import NotMeasuredError, Screen, Taken
from benchmarks.pages_data import fill, write_csv
from benchmarks.rows import Row, alone, failed
from tests.browser.served import browser_path, serve

FIRST_PAINT, INTERACTION, MESSAGE_MB = 1.0, 0.5, 1.0
"""What is demanded: seconds at the median, seconds at the median, megabytes at the most."""

Setup = Callable[[Screen], object] | None


def run(*, quick: bool = False) -> Iterator[Row]:
    """Make a workspace on a seeded file, serve it, and drive every page in headless Chromium.

    Seconds are counted in the browser, from the key or click to the page at rest: server done, charts and
    tables drawn, nothing moving. Beside them stand the seconds that the server's processor worked, which
    other programs on the machine do not change. The first visit of each page, which fills its caches, has a
    row of its own and no target. What could not be measured has a row that says why, and is not met.
    """
    rows, repeats = (20_000, 1) if quick else (1_000_000, 7)
    if quick:
        print(
            f"Quick: {rows:,} rows, each thing once, one interaction a page; nothing is claimed by this.",
            file=sys.stderr,
        )
    with tempfile.TemporaryDirectory(prefix="aimass-pages-") as folder:
        path, home = Path(folder) / "loans.csv", Path(folder) / "home"
        write_csv(path, rows=rows)
        fill(home, path, models=1 if quick else 2)
        first = {action.page: action for action in reversed(ACTIONS)}
        actions = [action for action in ACTIONS if not quick or action is first[action.page]]
        yield from measure(home, actions, rows=rows, repeats=repeats)


def measure(home: Path, actions: Sequence[Action], *, rows: int, repeats: int) -> Iterator[Row]:
    """Measure the pages on a workspace that :func:`benchmarks.pages_data.fill` has made, row by row."""
    book = Book(f"{rows:,} x 30")
    with serve(home) as server, sync_playwright() as playwright:
        busy = _busy(server.process.pid)
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        try:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            screen = Screen.on(context, server.url, busy)
            yield from _first_visits(screen, book)
            yield from _paints(screen, book, repeats)
            yield from _interactions(screen, actions, book, repeats)
        finally:
            browser.close()
    if screen.largest:
        largest = max(screen.largest, key=lambda name: screen.largest[name])
        case = f"{book.case}: largest message, at '{largest}'"
        yield alone("pages", case, "MB", [screen.largest[largest] / 1e6], at_most=MESSAGE_MB)


@dataclass
class Book:
    """Rows that were measured and not yet handed out."""

    case: str
    rows: list[Row] = field(default_factory=list)

    def handed_out(self) -> list[Row]:
        """Return the rows and forget them."""
        rows, self.rows = self.rows, []
        return rows

    def measured(
        self,
        name: str,
        once: Callable[[int], Taken],
        repeats: int,
        *,
        lead: Callable[[], object] | None = None,
        at_most: float | None = None,
    ) -> bool:
        """Measure something some times and keep its rows; False when it could not be done every time.

        `lead` comes first and is no part of the measurement.
        """
        taken: list[Taken] = []
        try:
            if lead is not None:
                lead()
            for number in range(repeats):
                taken.append(once(number))
        except (NotMeasuredError, Error) as error:
            done = f"after {len(taken)} of {repeats}, " if taken else ""
            self.lost(name, f"{done}{error}", at_most=at_most)
            return False
        self.kept(name, taken, at_most=at_most)
        return True

    def lost(self, name: str, reason: str, *, at_most: float | None = None) -> None:
        case = f"{self.case}: {name} (not measured: {' '.join(reason.split())[:300]})"
        self.rows.append(failed("pages", case, "seconds", at_most=at_most))

    def kept(self, name: str, taken: Sequence[Taken], *, at_most: float | None = None) -> None:
        case = f"{self.case}: {name}"
        self.rows.append(alone("pages", case, "seconds", [one.seconds for one in taken], at_most=at_most))
        self.rows.append(alone("pages", case, "server CPU seconds", [one.busy_seconds for one in taken]))


def _busy(pid: int) -> Callable[[], float]:
    """Return a clock of the seconds that the processor has worked for a process, all its threads together."""
    process = psutil.Process(pid)

    def seconds() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    return seconds


def _first_visits(screen: Screen, book: Book) -> Iterator[Row]:
    """Open each page for the first time since the server started; nothing is cached then."""
    book.measured("first visit ever, Overview, by its address", lambda _: screen.open("", "Overview"), 1)
    for title in TITLES[1:]:
        yield from book.handed_out()
        book.measured(f"first visit ever, {title}", lambda _, title=title: screen.go(title), 1)
    yield from book.handed_out()


def _paints(screen: Screen, book: Book, repeats: int) -> Iterator[Row]:
    taken: dict[str, list[Taken]] = {title: [] for title in TITLES}
    lost = set()
    for _ in range(repeats):
        for title in TITLES:
            if title in lost:
                continue
            try:
                taken[title].append(screen.go(title))
            except (NotMeasuredError, Error) as error:
                lost.add(title)
                book.lost(f"first paint, {title}", str(error), at_most=FIRST_PAINT)
    for title, found in taken.items():
        if title not in lost:
            book.kept(f"first paint, {title}", found, at_most=FIRST_PAINT)
    yield from book.handed_out()


def _interactions(screen: Screen, actions: Sequence[Action], book: Book, repeats: int) -> Iterator[Row]:
    page, led, astray = "", None, False
    for action in actions:
        moved = action.page != page
        page, led = action.page, action.setup or (None if moved else led)
        setup = led if astray else action.setup

        def lead(
            action: Action = action, setup: Setup = setup, anew: bool = astray, go: bool = moved
        ) -> None:
            if anew:  # whatever is on the screen after a failure: begin anew, in a new session
                screen.open(action.page.lower(), action.page)
            elif go:
                screen.go(action.page)
            if setup is not None:
                setup(screen)

        def once(number: int, action: Action = action) -> Taken:
            return screen.take(f"{action.page}: {action.name}", lambda: action.do(screen, number))

        name = f"{action.page}, {action.name}"
        astray = not book.measured(name, once, repeats, lead=lead, at_most=INTERACTION)
        yield from book.handed_out()
