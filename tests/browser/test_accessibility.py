"""What axe-core finds on every page and view, empty and filled, light and dark: nothing serious."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.driver import Driver
from tests.browser.served import Served
from tests.browser.visits import pages, views

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

_GRAVE = ("serious", "critical")
_AXE = Axe()


def grave(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical, in the light and the dark theme."""
    found: list[str] = []
    page.add_style_tag(
        content="*, *::before, *::after { transition: none !important; }"
    )  # no colours halfway
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.wait_for_function(
            "theme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === theme",
            arg=theme,
        )
        options = {"runOnly": ["color-contrast"]} if theme == "dark" else {}  # all else is as it was in light
        violations: list[dict[str, Any]] = _AXE.run(page, options=options).response["violations"]
        found += [
            f"{page.url} {theme} {violation['id']}: {node['target']} {node['html'][:200]}"
            for violation in violations
            if violation["impact"] in _GRAVE
            for node in violation["nodes"]
        ]
    return found


@pytest.mark.parametrize(
    ("title", "path"), views(dataset="loans@2", run="loans@2 boosting", model="boosting@1")
)
def test_filled_pages(page: Page, filled: Served, title: str, path: str) -> None:
    driver = Driver(page, filled.url)

    driver.open(path, title=title)

    assert grave(page) == []
    assert driver.problems() == []


@pytest.mark.parametrize(("title", "path"), pages())
def test_empty_pages(page: Page, empty: Served, title: str, path: str) -> None:
    driver = Driver(page, empty.url)

    driver.open(path, title=title)

    assert grave(page) == []
    assert driver.problems() == []
