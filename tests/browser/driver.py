"""Small words for driving the pages: open, wait until they have settled, read what they say."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

_SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testScriptState === 'notRunning'
    && app.dataset.testConnectionState === 'CONNECTED'
    && !document.querySelector('[data-testid=stSkeleton]')
    && !document.querySelector('[data-stale=true]');
}"""


class Driver:
    """One browser page on the running application."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, path: str = "", *, title: str | None = None) -> None:
        """Load an address of the application and wait for its title and for the page to settle."""
        self.page.goto(f"{self.url}/{path}")
        name = title or (path.split("?")[0].title() or "Overview")
        self.title(name)

    def title(self, name: str) -> None:
        """Wait until the page with this title is there and has settled."""
        expect(self.page.get_by_role("heading", level=1, name=name, exact=True)).to_be_visible(timeout=30_000)
        self.settle()

    def settle(self, *, seconds: float = 60) -> None:
        """Wait until the server has nothing more to send."""
        self.page.wait_for_function(_SETTLED, timeout=seconds * 1000)

    def click(self, name: str, *, role: str = "button", exact: bool = True) -> None:
        """Click a button, link or tab by its visible name, then wait for the page to settle."""
        self.page.get_by_role(role, name=name, exact=exact).first.click()  # type: ignore[arg-type]
        self.settle()

    def expand(self, title: str) -> None:
        """Open the expander with this title when it is closed."""
        summary = self.page.locator("summary", has_text=title).first
        if summary.locator("xpath=..").get_attribute("open") is None:
            summary.click()

    def fill(self, label: str, value: str) -> None:
        """Type into the field of that label, leave it, and wait for the page to settle."""
        field = self.page.get_by_label(label, exact=True).first
        field.fill(value)
        field.press("Tab")
        self.settle()

    def choose_models(self, *families: str) -> None:
        """On Train, in a new session: choose these families, by their titles, instead of the time."""
        self.page.get_by_text("Choose the models yourself").click()
        self.settle()
        for name in sorted({"Scorecard", "Gradient boosting"} ^ set(families)):  # those are chosen at first
            self.click(name)

    def says(self, text: str, *, seconds: float = 30) -> Locator:
        """Wait for a text to be visible and return where it is."""
        found = self.page.get_by_text(text).first
        expect(found).to_be_visible(timeout=seconds * 1000)
        return found

    def problems(self) -> list[str]:
        """Texts of all error boxes on the page."""
        return self.page.locator("[data-testid=stAlertContentError]").all_inner_texts()
