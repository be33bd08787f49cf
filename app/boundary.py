"""The one place where errors become something to read on a page."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from aimass_core.errors import AimassError, Fault
from aimass_core.workspace.connection import new_id
from app.text import prose

logger = logging.getLogger("aimass")

Panel = TypeVar("Panel", bound=Callable[..., None])


@contextmanager
def boundary() -> Iterator[None]:
    """Show any error raised inside as a box; a bug is logged with an id that the reader is shown.

    `st.stop`, `st.rerun` and `st.switch_page` are no errors and pass through.
    """
    try:
        yield
    except Fault as error:
        show_error(error, incident=_logged(error))
    except AimassError as error:
        show_error(error)
    except Exception as error:
        incident = _logged(error)
        st.error(
            f"**Something went wrong in the program itself.** Nothing of this step was kept. "
            f"Please report the incident `{incident}`; the server's log holds the details under this id.",
            icon=":material/bug_report:",
        )


def show_error(error: AimassError, *, incident: str | None = None) -> None:
    """Show what was expected, what came and what to do."""
    lines = [f"**{prose(_sentence(error.expected))}**"]
    if error.came:
        lines.append(prose(_sentence(error.came)))
    if error.todo:
        lines.append(f":material/arrow_forward: {prose(_sentence(error.todo))}")
    if incident:
        lines.append(f"Incident `{incident}`; the server's log holds the details under this id.")
    st.error("\n\n".join(lines), icon=":material/error:")


def live(run_every: float | None = None) -> Callable[[Panel], Panel]:
    """Make a panel a fragment: it reruns on its own, every `run_every` seconds if given, errors boxed.

    A fragment that reruns on its own is outside the boundary of the page, so it carries one.
    """

    def decorate(panel: Panel) -> Panel:
        @functools.wraps(panel)
        def guarded(*args: Any, **kwargs: Any) -> None:
            with boundary():
                panel(*args, **kwargs)

        return st.fragment(guarded, run_every=run_every)  # type: ignore[return-value]

    return decorate


def _logged(error: Exception) -> str:
    incident = new_id()
    logger.error("incident %s: %s", incident, error, exc_info=error)
    return incident


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
