"""The pages in a real browser with a large data set open: first paint, interactions, size of messages."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.pages_actions import ACTIONS, TITLES, Action
from benchmarks.pages_browser import Screen
from benchmarks.pages_data import fill, write_csv
from benchmarks.rows import Row, alone
from tests.browser.served import browser_path, serve

FIRST_PAINT, INTERACTION, MESSAGE_MB = 1.0, 0.5, 1.0
"""What is demanded: seconds at the median, seconds at the median, megabytes at the most."""


def run(*, quick: bool = False) -> list[Row]:
    """Make a workspace on a seeded file, serve it, and drive every page in headless Chromium.

    Seconds are counted in the browser, from the key or click to the page at rest: server done, charts and
    tables drawn, nothing moving. The first visit of each page, which fills its caches, has a row of its own
    and no target.
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
        fill(home, path)
        first = {action.page: action for action in reversed(ACTIONS)}
        actions = [action for action in ACTIONS if not quick or action is first[action.page]]
        return measure(home, actions, rows=rows, repeats=repeats)


def measure(home: Path, actions: Sequence[Action], *, rows: int, repeats: int) -> list[Row]:
    """Measure the pages on a workspace that :func:`benchmarks.pages_data.fill` has made."""
    case = f"{rows:,} x 30"
    with serve(home) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        try:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            screen = Screen.on(context, server.url)
            made = [*_first_visits(screen, case), *_paints(screen, case, repeats)]
            made += _interactions(screen, actions, case, repeats)
        finally:
            browser.close()
    largest = max(screen.largest, key=lambda name: screen.largest[name])
    made.append(
        alone(
            "pages",
            f"{case}: largest message, at '{largest}'",
            "MB",
            [screen.largest[largest] / 1e6],
            at_most=MESSAGE_MB,
        )
    )
    return made


def _first_visits(screen: Screen, case: str) -> list[Row]:
    """Open each page for the first time since the server started; nothing is cached then."""
    found = [("Overview, by its address", screen.open("", "Overview"))]
    found += [(title, screen.go(title)) for title in TITLES[1:]]
    return [alone("pages", f"{case}: first visit ever, {name}", "seconds", [t.seconds]) for name, t in found]


def _paints(screen: Screen, case: str, repeats: int) -> list[Row]:
    taken: dict[str, list[float]] = {title: [] for title in TITLES}
    for _ in range(repeats):
        for title in TITLES:
            taken[title].append(screen.go(title).seconds)
    return [
        alone("pages", f"{case}: first paint, {title}", "seconds", seconds, at_most=FIRST_PAINT)
        for title, seconds in taken.items()
    ]


def _interactions(screen: Screen, actions: Sequence[Action], case: str, repeats: int) -> list[Row]:
    found, present = [], ""
    for action in actions:
        if action.page != present:
            screen.go(action.page)
            present = action.page
        if action.setup is not None:
            action.setup(screen)
        seconds = [
            screen.take(f"{action.page}: {action.name}", lambda i=i, do=action.do: do(screen, i)).seconds
            for i in range(repeats)
        ]
        name = f"{case}: {action.page}, {action.name}"
        found.append(alone("pages", name, "seconds", seconds, at_most=INTERACTION))
    return found
