"""Fixtures of the browser tests: one Chromium a module, one page a test."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.browser.served import Served, browser_path, serve

expect.set_options(timeout=30_000)  # a test machine may be busy; a page that never gets there still fails

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; without one the tests are skipped, loudly, and never under ``CI=true``."""
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        except PlaywrightError as error:
            reason = f"NO BROWSER, so nothing in the browser was tested: {error.message.splitlines()[0]}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            warnings.warn(reason, pytest.PytestWarning, stacklevel=1)
            pytest.skip(reason)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page of 1440 × 900 in a context of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on a workspace with something on every page; tests leave what is there as it was."""
    from tests.browser.filled import fill

    home = tmp_path_factory.mktemp("filled")
    fill(home)
    with serve(home) as running:
        yield running


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on an empty workspace."""
    with serve(tmp_path_factory.mktemp("empty")) as running:
        yield running
