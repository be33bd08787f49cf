"""The widget of one feature of a model, by the kind of its column; an empty one means missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st

from aimass_core.schema import Column
from app.text import escape

BROWSER_LARGEST = 2**53 - 1
"""Largest whole number that a browser tells from its neighbours."""


def control(
    column: Column,
    labels: Sequence[str],
    start: Any,
    key: str,
    *,
    bare: bool = False,
    on_change: Callable[..., None] | None = None,
    args: tuple[Any, ...] = (),
) -> Any:
    """Show the widget of a feature and return its value; None is missing.

    Parameters
    ----------
    labels : labels known from training; a new one can be typed.
    start : value shown at first; None also where the session holds the value under `key`.
    bare : the name stands beside it already; it is read out all the same.
    """
    text = escape(column.name, longest=60)
    call: dict[str, Any] = {
        "key": key,
        "on_change": on_change,
        "args": args,
        "label_visibility": "collapsed" if bare else "visible",
    }
    if column.kind == "integer" and (start is None or abs(float(start)) <= BROWSER_LARGEST):
        whole = None if start is None else round(float(start))
        return st.number_input(text, value=whole, step=1, format="%d", placeholder="Missing", **call)
    if column.kind in ("integer", "number"):
        value = None if start is None else float(start)
        return st.number_input(text, value=value, step=None, format="%g", placeholder="Missing", **call)
    if column.kind == "boolean":
        known = ["true", "false"]
        said = None if start is None else str(start).lower()
        chosen = st.selectbox(
            text, known, index=known.index(said) if said in known else None, placeholder="Missing", **call
        )
        return None if chosen is None else chosen == "true"
    if column.kind == "date":
        return st.date_input(text, day(start), min_value=date(1900, 1, 1), max_value=date(2200, 1, 1), **call)
    if column.kind == "category":
        options = list(labels)
        said = None if start is None else str(start)
        return st.selectbox(
            text,
            options,
            index=options.index(said) if said in options else None,
            placeholder="Missing",
            accept_new_options=True,
            **call,
        )
    typed = st.text_input(
        text, "" if start is None else str(start), placeholder="Missing; as 2026-11-22 19:16:03", **call
    )
    return typed.strip() or None


def day(value: Any) -> date | None:
    """Return a value of a date column as a date."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) or value is None else date.fromisoformat(str(value)[:10])
