"""The addresses that show everything there is: each page, and each view of a page."""

from __future__ import annotations

from urllib.parse import urlencode

from app.nav import PAGES
from app.panels import decisions_views as decisions
from app.panels import evaluate_scrutiny as evaluate
from app.panels import explain_views as explain

TITLES = [page.title for page in PAGES]
_DATA = ("Roles", "Columns", "Distributions", "Rows", "Versions")
_DECISIONS = (decisions.FILE, decisions.POLICY, decisions.FIND)


def pages() -> list[tuple[str, str]]:
    """Return (title, path) of every page."""
    return [(page.title, "" if page.key == "overview" else page.key) for page in PAGES]


def views(**query: str) -> list[tuple[str, str]]:
    """Return (title, path) of every page and view, each with this query as well."""
    found = [(title, path, {}) for title, path in pages()]
    found += [("Data", "data", {"data_view": view}) for view in _DATA]
    found += [("Decisions", "decisions", {decisions.VIEW: view}) for view in _DECISIONS]
    found += [("Evaluate", "evaluate", {evaluate.VIEW: view}) for view in evaluate.VIEWS]
    found += [("Explain", "explain", {explain.VIEW: view}) for view in list(explain.VIEWS)[1:]]
    return [(title, f"{path}?{urlencode(query | more)}") for title, path, more in found]
