"""The main job in a real browser: upload, clean, train, evaluate, explain, decide, and the same over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Driver
from tests.browser.served import Served, serve
from tests.shared_data import shared_path

pytestmark = [pytest.mark.browser, pytest.mark.shared, pytest.mark.timeout(900)]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on an empty workspace."""
    with serve(tmp_path_factory.mktemp("home")) as running:
        yield running


def upload(driver: Driver, path: Path) -> None:
    """Import a file through the page's uploader."""
    driver.open("data")
    driver.expand("Import a file")
    driver.page.locator("input[type=file]").first.set_input_files(path)
    driver.page.get_by_role("button", name="Import", exact=True).click(timeout=60_000)
    driver.says("Imported", seconds=120)
    driver.settle()


def visit(driver: Driver, title: str) -> None:
    """Go to a page by the side bar."""
    driver.page.get_by_role("link", name=title, exact=True).first.click()
    driver.title(title)


def wait_for_runs(driver: Driver, count: int, *, seconds: float) -> None:
    """Wait on Overview, which shows running jobs live, until that many runs are kept."""
    visit(driver, "Overview")
    figure = driver.page.locator("[data-testid=stMetric]", has_text="Runs")
    expect(driver.page.get_by_text("No job is running.")).to_be_visible(timeout=seconds * 1000)
    driver.page.reload()
    driver.title("Overview")
    expect(figure.locator("[data-testid=stMetricValue]")).to_have_text(str(count))


def listed(driver: Driver, run: str) -> None:
    """Wait until the leaderboard lists a run; its grid is a canvas, so the readable cells are hidden."""
    expect(driver.page.get_by_role("gridcell", name=run, include_hidden=True).first).to_be_attached()


def test_credit_from_upload_to_replayed_decision(page: Page, served: Served) -> None:
    driver = Driver(page, served.url)
    upload(driver, shared_path("credit/taiwan_default.csv"))
    driver.says("30,000 rows")

    visit(driver, "Clean")
    driver.page.get_by_role("button", name="Suggest a recipe").click()
    keep = driver.page.get_by_role("button", name=re.compile("Make the next version|Keep these steps"))
    keep.click()
    driver.says("will be learnt on the training rows")

    visit(driver, "Train")
    driver.says("bad: 6,636")
    driver.choose_models("Scorecard", "Gradient boosting", "DANN network")
    driver.page.get_by_role("button", name="Start 3 trainings").click()
    driver.says("3 trainings queued")
    wait_for_runs(driver, 3, seconds=600)

    visit(driver, "Evaluate")
    for family in ("boosting", "dann", "scorecard"):
        listed(driver, f"taiwan_default {family}")
    driver.page.get_by_role("textbox", name="Model name").fill("default-risk")
    driver.page.get_by_role("button", name="Register", exact=True).click()
    driver.says("default-risk@1")

    visit(driver, "Explain")
    expect(driver.page.locator(".js-plotly-plot")).to_have_count(1, timeout=30_000)
    driver.says("add up to")
    driver.page.get_by_role("radio", name="The model as a whole").click()
    expect(driver.page.locator(".js-plotly-plot")).to_have_count(2, timeout=30_000)

    visit(driver, "Decisions")
    driver.page.get_by_role("button", name="Decide", exact=True).click()
    driver.says("The decision, stored")
    stored = driver.page.locator("code").filter(has_text=_UUID).first.inner_text()
    driver.page.get_by_role("button", name="Replay this decision").click()
    driver.says("score, outcome and reasons are the same")
    assert driver.problems() == []

    over_http(served.url, stored)


def over_http(url: str, decision_id: str) -> None:
    """Score the input of a stored decision over HTTP and compare the answers."""
    shown = httpx.get(f"{url}/api/v1/decisions/{decision_id}").json()
    body = {"rows": [shown["input"]]}

    scored = httpx.post(f"{url}/api/v1/models/default-risk/score", json=body, timeout=60).json()

    row = scored["rows"][0]
    assert row["probability"] == pytest.approx(shown["probability"], abs=1e-12)
    assert row["log_odds"] == pytest.approx(shown["log_odds"], abs=1e-12)
    assert row["outcome"] == shown["outcome"]
    assert [reason["feature"] for reason in row["reasons"]] == [r["feature"] for r in shown["principal"]]
    assert 0 < row["probability"] < 1


def test_fraud_data_trains(page: Page, served: Served) -> None:
    driver = Driver(page, served.url)
    upload(driver, shared_path("fraud/ulb_creditcard.parquet"))
    driver.says("284,807 rows")

    visit(driver, "Train")
    driver.says("bad: 492")
    driver.choose_models("Gradient boosting")
    driver.page.get_by_role("button", name="Start 1 training").click()
    driver.says("1 training queued")
    visit(driver, "Overview")
    expect(driver.page.get_by_text("No job is running.")).to_be_visible(timeout=400_000)

    visit(driver, "Evaluate")
    listed(driver, "ulb_creditcard boosting")
    assert driver.problems() == []
