"""Buttons that save an explanation as one page; the page is made only when one is pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, get_args

import streamlit as st

from aimass_core.workflows.explanation_page import Format
from app import ui
from app.exports import file_name

if TYPE_CHECKING:
    from aimass_core.papers.paper import Paper

_MIME: dict[Format, str] = {"html": "text/html", "pdf": "application/pdf"}


def save(make: Callable[[], Paper], name: str, *, key: str) -> None:
    """Show buttons that save what `make` returns as HTML and as PDF, under this name."""
    with st.container(horizontal=True, gap="small"):
        for form in get_args(Format):
            ui.download(
                f"Save as {form.upper()}",
                lambda form=form: _rendered(make, form),  # type: ignore[misc]
                f"{file_name(name)}.{form}",
                key=f"{key}.{form}",
                mime=_MIME[form],
                help="One page with the chart, the reasons and all that it rests on."
                + (" Characters of Chinese or emoji need the HTML page." if form == "pdf" else ""),
            )


def _rendered(make: Callable[[], Paper], form: Format) -> bytes:
    from aimass_core.workflows import explanation_page

    return explanation_page.render(make(), form)
