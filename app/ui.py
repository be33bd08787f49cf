"""Parts every page is built of: header, metrics, empty states, charts, badges, buttons that ask first.

Labels and texts given here are markdown. Text from data goes through :mod:`app.text` first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import pandas as pd
import streamlit as st

from app import nav, state
from app.exports import csv_bytes, file_name

if TYPE_CHECKING:
    import plotly.graph_objects as go

Severity = Literal["serious", "warning", "info", "not applicable"]
Tone = Literal["good", "bad", "middle", "neutral"]

_SEVERITY: dict[str, tuple[str, str, str]] = {
    "serious": ("Serious", ":material/error:", "red"),
    "warning": ("Warning", ":material/warning:", "orange"),
    "info": ("Note", ":material/info:", "blue"),
    "not applicable": ("Not applicable", ":material/block:", "gray"),
}
_TONE: dict[Tone, tuple[str, Literal["blue", "orange", "yellow", "gray"]]] = {
    "good": (":material/check_circle:", "blue"),
    "bad": (":material/cancel:", "orange"),
    "middle": (":material/pending:", "yellow"),
    "neutral": (":material/circle:", "gray"),
}
_STYLE = """
.stMainBlockContainer { padding-top: 3.2rem; padding-bottom: 3rem; max-width: 1320px; }
@media (min-width: 641px) { .stMainBlockContainer { padding-left: 3rem; padding-right: 3rem; } }
@media (max-width: 640px) { .stMainBlockContainer { padding-top: 3.6rem; } }
.stPlotlyChart .modebar-btn { min-width: 26px; min-height: 26px; }
.stApp [data-testid="stCaptionContainer"] code { background-color: transparent; }
.stApp button[kind^="primary"]:not(:disabled), .stApp [data-tag], .stApp [data-tag] * {
  color: light-dark(#FFFFFF, #0B1220); }
"""
"""Less empty room around the page than Streamlit leaves; room for a finger on the button of a chart; no grey
behind the grey code of a caption, which would leave it a contrast of 4.4:1; and dark text on the light accent
of the dark theme, where Streamlit's white would have a contrast of 2:1."""
_IMAGE_SCALE = 2  # pixels of a saved image for one on the page


def header(key: nav.PageKey) -> None:
    """Open a page: its title, one line on what it is for, and messages kept by the last run."""
    page = nav.info(key)
    st.html(f"<style>{_STYLE}</style>")
    st.title(page.title, anchor=False)
    st.caption(page.summary)
    state.show_flash()


def section(title: str, help: str | None = None) -> None:  # noqa: A002 — named as Streamlit names it
    """Open a part of a page (second level heading)."""
    st.header(title, anchor=False, help=help)


def views(key: str, options: Sequence[str], *, label: str = "View") -> str:
    """Show the views of a page side by side and return the chosen one; only that one is then drawn.

    `key` is also its name in the address, so that a view can be shared.
    """
    chosen = st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
    )
    return chosen or options[0]


def question(key: str, options: Sequence[str], *, label: str = "Question") -> str | None:
    """Show questions side by side and return the one that was asked; None while nobody has asked.

    As :func:`views`, but nothing is worked out before it is wanted.
    """
    chosen = st.segmented_control(
        label,
        options,
        key=key,
        wrap=True,
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
    )
    return chosen if chosen in options else None


def metrics(values: Mapping[str, str] | Sequence[tuple[str, str, str]]) -> None:
    """Show figures in a row that wraps on a narrow screen.

    Parameters
    ----------
    values : label → value, or (label, value, what it means); values are already formatted with their units.
    """
    rows = [(k, v, "") for k, v in values.items()] if isinstance(values, Mapping) else list(values)
    with st.container(horizontal=True, gap="small"):
        for label, value, meaning in rows:
            st.metric(label, value, help=meaning or None, border=True, width=160)


def empty(
    title: str,
    text: str,
    *,
    page: nav.PageKey | None = None,
    label: str = "",
    query: Mapping[str, str] | None = None,
) -> None:
    """Show that there is nothing yet and what to do next, with a button to the page where it is done."""
    with st.container(border=True):
        st.markdown(f"**{title}**")
        st.markdown(text)
        if page and st.button(
            label or f"Go to {nav.info(page).title}",
            key=f"empty.{page}.{file_name(title)}",
            type="primary",
            icon=nav.info(page).icon,
        ):
            nav.go_to(page, query)


def chart(
    figure: go.Figure,
    data: pd.DataFrame | Mapping[str, Sequence[object]],
    name: str,
    *,
    note: str = "",
    key: str | None = None,
    alt: str = "",
) -> None:
    """Show a figure with its name above and the data behind it as a CSV download below.

    A button in its upper right corner saves it as an image; the browser makes that itself.

    Parameters
    ----------
    figure : made by :func:`app.charts.template.figure`.
    data : what the figure draws; a frame, or columns of equal length.
    name : heading of the figure (markdown), also the name of the file.
    note : one line below: how the data was binned or sampled.
    key : needed when two figures of a page have the same name.
    alt : what the figure shows, for screen readers; default: its name.
    """
    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(dict(data))
    identity = key or f"chart.{file_name(name)}"
    with st.container(gap="xsmall"):
        st.markdown(f"**{name}**")
        st.plotly_chart(figure, key=identity, config=_config(name), alt=alt or f"Chart: {name}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            download(
                "Data as CSV",
                lambda: csv_bytes(frame),
                f"{file_name(name)}.csv",
                key=f"{identity}.csv",
                small=True,
            )
            if note:
                st.caption(note)


def _config(name: str) -> dict[str, object]:
    """Return how the browser shows a chart: no tools but the one that saves it as an image."""
    return {
        "displaylogo": False,
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "scale": _IMAGE_SCALE, "filename": file_name(name)},
        "responsive": True,
    }


def download(
    label: str,
    data: bytes | Callable[[], bytes],
    name: str,
    *,
    key: str,
    mime: str = "text/csv",
    small: bool = False,
    help: str | None = None,  # noqa: A002 — named as Streamlit names it
) -> None:
    """Show a download button; a function as `data` is called only when the button is pressed."""
    st.download_button(
        label,
        data,
        file_name=name,
        mime=mime,
        key=key,
        help=help,
        on_click="ignore",
        type="tertiary" if small else "secondary",
        icon=":material/download:",
    )


def severity(level: Severity) -> None:
    """Show how grave a finding is: word, icon and colour."""
    word, icon, colour = _SEVERITY[level]
    st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]


def severity_word(level: str) -> str:
    """Return the word for a severity, for tables."""
    return _SEVERITY[level][0]


def badge(text: str, tone: Tone = "neutral") -> None:
    """Show a short state (an outcome, a job's state): word, icon and colour, never colour alone."""
    icon, colour = _TONE[tone]
    st.badge(text, icon=icon, color=colour)


def confirm(
    label: str,
    question: str,
    *,
    key: str,
    yes: str = "Yes, go on",
    disabled: bool = False,
    icon: str | None = None,
) -> bool:
    """Show a button that asks before it acts; True in the one run in which it was confirmed."""
    with st.popover(label, disabled=disabled, icon=icon, key=f"{key}.ask"):
        st.markdown(question)
        return st.button(yes, key=key, type="primary")


def facts(pairs: Mapping[str, str]) -> None:
    """Show labelled facts as short lines; values are markdown (use :mod:`app.text` for data)."""
    st.markdown("  \n".join(f"**{label}:** {value}" for label, value in pairs.items()))
