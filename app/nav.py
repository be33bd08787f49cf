"""The pages: their order, titles, icons and paths. Nothing else knows where a page lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

PageKey = Literal["overview", "data", "clean", "train", "evaluate", "explain", "decisions"]

_FOLDER = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True, slots=True)
class PageInfo:
    """What is known of a page before it runs."""

    key: PageKey
    title: str
    icon: str
    summary: str


PAGES: tuple[PageInfo, ...] = (
    PageInfo(
        "overview", "Overview", ":material/dashboard:", "What is in this workspace, and what comes next."
    ),
    PageInfo("data", "Data", ":material/database:", "Import files, see what is wrong with them, set roles."),
    PageInfo(
        "clean", "Clean", ":material/cleaning_services:", "Repair a data set by rules that are counted."
    ),
    PageInfo("train", "Train", ":material/model_training:", "Train models and watch them learn."),
    PageInfo(
        "evaluate", "Evaluate", ":material/monitoring:", "Compare runs, choose a cut-off, register a model."
    ),
    PageInfo("explain", "Explain", ":material/lightbulb:", "What drives a model, overall and for one row."),
    PageInfo(
        "decisions", "Decisions", ":material/gavel:", "Set a policy, score, find, open and replay decisions."
    ),
)


def info(key: PageKey) -> PageInfo:
    """Return what is known of a page."""
    return next(page for page in PAGES if page.key == key)


def page(key: PageKey) -> Page:
    """Return Streamlit's object for a page, made anew: each session needs its own."""
    known = info(key)
    return st.Page(
        _FOLDER / f"{key}.py",
        title=known.title,
        icon=known.icon,
        url_path=None if key == "overview" else key,
        default=key == "overview",
    )


def pages() -> list[Page]:
    """Return all pages, in order, for `st.navigation`."""
    return [page(known.key) for known in PAGES]


def go_to(key: PageKey, query: Mapping[str, str] | None = None) -> NoReturn:
    """Leave for another page; `query` sets its selectors, as `{state.DATASET: "loans@3"}`."""
    st.switch_page(page(key), query_params=dict(query or {}))


def link(
    key: PageKey, label: str, query: Mapping[str, str] | None = None, *, icon: str | None = None
) -> None:
    """Show a link to a page. The label is the program's own text, never data."""
    st.page_link(page(key), label=label, icon=icon or info(key).icon, query_params=dict(query or {}))
