"""Train in a real browser: what is decided there stays decided."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from aimass_core.workflows import importing
from aimass_core.workspace.connection import open_workspace
from tests.browser.driver import Driver
from tests.browser.served import Served, serve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a data set of which a column is filled in when a loan has gone bad."""
    folder = tmp_path_factory.mktemp("leaking")
    random = np.random.default_rng(2)
    bad = random.random(400) < 0.3
    frame = pd.DataFrame(
        {
            "income": random.normal(3_000, 500, 400).round(2),
            "fee": np.where(bad, random.uniform(20, 60, 400), 0.0).round(2),
            "bad": bad.astype(int),
        }
    )
    frame.to_csv(folder / "loans.csv", index=False)
    ws = open_workspace(folder / "home")
    try:
        version = importing.import_file(ws, folder / "loans.csv", name="loans", actor="ana")
        roles = {"income": "feature", "fee": "feature", "bad": "target"}
        importing.set_roles(ws, version, roles, actor="ana")
    finally:
        ws.close()
    with serve(folder / "home") as running:
        yield running


def test_a_column_left_out_stays_out_whatever_is_clicked_next(page: Page, leaking: Served) -> None:
    driver = Driver(page, leaking.url)
    driver.open("train")
    driver.says("may know the answer")
    start = page.get_by_role("button", name="Find the best model")
    expect(start).to_have_count(0)

    driver.click("Leave it out")
    expect(start).to_be_visible()
    page.get_by_role("radio", name="1 min", exact=True).click()
    driver.settle()

    expect(start).to_be_visible()
    driver.says("Left out of this training")
    driver.expand("More settings")
    expect(page.locator("[data-tag]", has_text="fee")).to_be_visible()
    driver.choose_models("Scorecard")
    expect(page.get_by_role("button", name="Start 1 training")).to_be_visible()
    expect(page.get_by_text("may know the answer")).to_have_count(0)
    assert driver.problems() == []
