"""Two people on one server at once, and a server and a worker that are killed in mid-training."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import Driver
from tests.browser.served import Served, serve
from tests.browser.workers import held_worker
from tests.trained import loans

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]

NAMES = ("ana", "bo")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of all tests here, one after the other."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    """A server that begins with nothing."""
    with serve(home) as running:
        yield running


@pytest.fixture
def two(browser: Browser) -> Iterator[list[Page]]:
    """Two browsers that know nothing of each other."""
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}) for _ in NAMES]
    for context in contexts:
        context.set_default_timeout(60_000)
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def only_boosting(driver: Driver) -> None:
    """Choose the quickest family alone."""
    driver.choose_models("Gradient boosting")
    expect(driver.page.get_by_role("button", name="Start 1 training")).to_be_visible()
    driver.settle()


def ended(driver: Driver, home: Path, state: str) -> None:
    """Wait until the page shows no training under way, and look at how the newest one ended."""
    expect(driver.page.get_by_role("heading", name="Under way")).to_have_count(0, timeout=120_000)
    newest = max(path.name for path in (home / "jobs").iterdir())
    driver.open(f"train?job={newest}", title="Train")
    expect(driver.page.locator(".stMarkdownBadge", has_text=state).first).to_be_visible()


def test_two_do_the_whole_job_at_once(two: list[Page], served: Served, tmp_path: Path) -> None:
    drivers = [Driver(page, served.url) for page in two]
    for seed, (name, driver) in enumerate(zip(NAMES, drivers, strict=True)):
        path = tmp_path / f"{name}.csv"
        loans(seed=seed).to_csv(path, index=False)
        driver.open("data")
        driver.page.locator("input[type=file]").first.set_input_files(path)

    for driver in drivers:
        driver.page.get_by_role("button", name="Import", exact=True).click()
    for name, driver in zip(NAMES, drivers, strict=True):
        driver.says("Imported")
        expect(driver.page.get_by_label("Data set", exact=True)).to_have_value(f"{name}@1")
        driver.open(f"clean?dataset={name}%401")
    for driver in drivers:
        driver.page.get_by_role("button", name="Suggest a recipe").click()
    for driver in drivers:
        driver.page.get_by_role("button", name=re.compile("Make the next version|Keep these steps")).click()
    for name, driver in zip(NAMES, drivers, strict=True):
        driver.says("will be learnt on the training rows")
        driver.open(f"train?dataset={name}%402", title="Train")
        expect(driver.page.get_by_label("Data set", exact=True)).to_have_value(f"{name}@2")
        only_boosting(driver)
    for driver in drivers:
        driver.page.get_by_role("button", name="Start 1 training").click()
        driver.says("1 training queued")
    for driver in drivers:
        expect(driver.page.get_by_role("heading", name="Under way")).to_have_count(0, timeout=120_000)
    for name, driver in zip(NAMES, drivers, strict=True):
        driver.open(f"evaluate?run={name}+boosting", title="Evaluate")
        driver.page.get_by_role("textbox", name="Model name").fill(f"{name}-risk")
    for driver in drivers:
        driver.page.get_by_role("button", name="Register", exact=True).click()
    for name, driver in zip(NAMES, drivers, strict=True):
        driver.says(f"{name}-risk@1")
        driver.open(f"decisions?model={name}-risk%401")
    for driver in drivers:
        driver.page.get_by_role("button", name="Decide", exact=True).click()
    for name, driver in zip(NAMES, drivers, strict=True):
        driver.says("The decision, stored")
        driver.says(f"{name}-risk@1")
        assert driver.problems() == []


def test_one_cancels_what_the_other_watches(two: list[Page], served: Served) -> None:
    one, other = (Driver(page, served.url) for page in two)
    one.open("train?dataset=ana%402")
    only_boosting(one)
    one.page.get_by_role("button", name="Start 1 training").click()
    held_worker(served.process.pid)
    other.open("train?dataset=ana%402")
    expect(other.page.get_by_role("heading", name="Under way")).to_be_visible()

    other.page.get_by_role("button", name="Cancel", exact=True).click()
    other.page.get_by_role("button", name="Cancel the training").click()

    for driver in (one, other):
        ended(driver, served.home, "Cancelled")
        driver.says("It was cancelled; the workspace is as it was.")
        assert driver.problems() == []


def test_a_worker_that_is_killed_is_told_and_the_next_training_runs(page: Page, served: Served) -> None:
    driver = Driver(page, served.url)
    driver.open("train?dataset=bo%402")
    only_boosting(driver)
    driver.page.get_by_role("button", name="Start 1 training").click()

    held_worker(served.process.pid).kill()

    ended(driver, served.home, "Killed")
    driver.says("Its process was killed from outside, or ran out of memory; the workspace is as it was.")
    driver.open("train?dataset=bo%402")
    only_boosting(driver)
    driver.page.get_by_role("button", name="Start 1 training").click()
    driver.says("1 training queued")
    ended(driver, served.home, "Done")


def test_a_training_outlives_the_server_and_the_page_finds_it_again(
    page: Page, served: Served, home: Path
) -> None:
    driver = Driver(page, served.url)
    driver.open("train?dataset=bo%402")
    only_boosting(driver)
    driver.page.get_by_role("button", name="Start 1 training").click()
    worker = held_worker(served.process.pid)
    driver.says("Running")

    served.process.send_signal(signal.SIGKILL)
    served.process.wait(30)
    with serve(home, AIMASS_API_KEY="a-key-of-the-bank") as again:
        driver = Driver(page, again.url)
        driver.open("train?dataset=bo%402")
        expect(page.get_by_role("heading", name="Under way")).to_be_visible()
        worker.resume()
        ended(driver, home, "Done")
        driver.says("See how good it is")

        send_large(driver, loans(seed=3).to_csv(index=False).encode(), "large.csv")
        driver.says("900 rows, 7 columns")


def test_a_large_file_is_sent_without_a_key_too(page: Page, tmp_path: Path) -> None:
    with serve(tmp_path) as running:
        driver = Driver(page, running.url)
        send_large(driver, loans(seed=4).to_csv(index=False).encode(), "年龄 & <b>.csv")
        driver.says("900 rows, 7 columns")
        assert driver.problems() == []


def send_large(driver: Driver, content: bytes, name: str) -> None:
    """Send a file by the part of the page for large ones, and import it."""
    driver.open("data")
    driver.expand("Import a file")
    driver.page.get_by_role("radio", name="This computer, large file").click(force=True)
    driver.settle()
    driver.page.get_by_label("File to send").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )
    with driver.page.expect_response(lambda response: "/api/v1/uploads" in response.url) as sent:
        driver.page.get_by_role("button", name="Send", exact=True).click()
    assert sent.value.status < 300
    driver.says("has arrived")
    driver.page.get_by_role("button", name="Import", exact=True).click()
    driver.says("Imported")
    driver.settle()
