"""What if this case were otherwise: a slider, a choice or a date for every feature, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from aimass_core.workflows.case import Case
from aimass_core.workflows.what_if import Control, Value
from aimass_core.workspace.connection import Workspace
from app import cache_case
from app.boundary import boundary, live
from app.panels import feature_input, what_if_result, what_if_state
from app.panels.what_if_state import Trial
from app.text import code, count, counted, escape

_FIRST = 6
_MORE = 12
_NUMBERS = ("integer", "number")


@live()
def show(ws: Workspace, case: Case) -> None:
    """Show the features beside what the score becomes."""
    found = cache_case.controls(ws, case)
    trial = what_if_state.of(case)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _changes(found, trial)
        _features(found, trial)
    with right, boundary():
        what_if_result.show(ws, case, found, trial)


def _changes(found: Sequence[Control], trial: Trial) -> None:
    with st.container(border=True):
        if not trial.changes:
            st.markdown("**Nothing changed yet**")
            st.caption("Move a slider or choose another value: score, outcome and reasons follow at once.")
        else:
            st.markdown(f"**{counted(len(trial.changes), 'change')}**")
        for place, control in enumerate(found):
            name = control.column.name
            if name in trial.changes:
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.markdown(
                        f"{code(name)}: {code(said(control.start))} → {code(said(trial.changes[name]))}"
                    )
                    st.button(
                        f"Reset {escape(name, longest=30)}",
                        key=f"whatif.{trial.case}.{place}.reset",
                        type="tertiary",
                        icon=":material/undo:",
                        on_click=trial.reset,
                        args=(name,),
                    )
        with st.container(horizontal=True, gap="small"):
            _versions(trial)


def _versions(trial: Trial) -> None:
    key = f"whatif.{trial.case}"
    if trial.changes:
        st.button("Reset all", key=f"{key}.all", icon=":material/restart_alt:", on_click=trial.reset)
    if trial.changes != (trial.kept or {}):
        st.button(
            "Keep as version A",
            key=f"{key}.keep",
            icon=":material/bookmark:",
            on_click=trial.keep,
            help="Then change more, and compare both.",
        )
        if trial.kept is not None:
            st.button("Back to version A", key=f"{key}.back", icon=":material/history:", on_click=trial.back)
    if trial.kept is not None:
        st.button("Drop version A", key=f"{key}.drop", icon=":material/delete:", on_click=trial.drop)


def _features(found: Sequence[Control], trial: Trial) -> None:
    key = f"whatif.{trial.case}"
    wanted = ""
    if len(found) > _FIRST:
        typed = st.text_input(
            f"Find one of {count(len(found))} features",
            key=f"{key}.find",
            placeholder="Part of its name",
            icon=":material/search:",
        )
        wanted = " ".join(typed.lower().split())
    matching = [
        (place, control)
        for place, control in enumerate(found)
        if wanted in " ".join(control.column.name.lower().split())
    ]
    if not matching:
        st.info("No feature has this in its name.", icon=":material/search_off:")
    shown = int(st.session_state.get(f"{key}.shown", _FIRST))
    for place, control in matching[:shown]:
        _feature(control, trial, f"{key}.{place}")
    if len(matching) > shown:
        st.button(
            f"Show {min(_MORE, len(matching) - shown)} more",
            key=f"{key}.more",
            icon=":material/expand_more:",
            on_click=_show_more,
            args=(f"{key}.shown", shown + _MORE),
        )
    st.caption("The most important to the model come first.")


def _show_more(key: str, shown: int) -> None:
    st.session_state[key] = shown


def _feature(control: Control, trial: Trial, key: str) -> None:
    """Show the widgets of one feature; what was tried is the truth, they only show and change it."""
    value = trial.value(control)
    _seed(key, _worn(control, value))
    labels = [*control.labels, *(text for text in (control.start, value) if isinstance(text, str))]
    if control.column.kind not in _NUMBERS:
        feature_input.control(
            control.column,
            list(dict.fromkeys(labels)),
            None,
            key,
            on_change=_take,
            args=(trial, control, key),
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if control.span is not None:
            _slider(control, value, trial, f"{key}.slider")
        with st.container(width=180 if control.span is not None else "stretch"):
            feature_input.control(
                control.column,
                (),
                None,
                key,
                bare=control.span is not None,
                on_change=_take,
                args=(trial, control, key),
            )
        st.button(
            "Missing",
            key=f"{key}.missing",
            type="tertiary",
            disabled=value is None,
            help=f"Leave {escape(control.column.name, longest=60)} empty.",
            on_click=trial.put,
            args=(control, None),
        )


def _slider(control: Control, value: Value, trial: Trial, key: str) -> None:
    span = control.span
    assert span is not None  # asked by the caller
    at = span.nearest(control.middle if value is None else float(value))  # type: ignore[arg-type]
    whole = control.column.kind == "integer"
    kind: Any = int if whole else float
    _seed(key, kind(at))
    st.slider(
        escape(control.column.name, longest=60),
        kind(span.low),
        kind(span.high),
        step=kind(span.step),
        format="%d" if whole else f"%.{span.decimals}f",
        key=key,
        on_change=_take,
        args=(trial, control, key),
    )


def _seed(key: str, value: Any) -> None:
    """Give a widget its value, unless it has it: while it is moved, it must not be set back."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _take(trial: Trial, control: Control, key: str) -> None:
    """Take over what was entered; a time that is none stays text, which the model then refuses."""
    value = st.session_state[key]
    kind = control.column.kind
    if kind == "boolean":
        value = {"true": True, "false": False}.get(value)
    elif kind == "integer" and value is not None:
        value = int(value)
    elif kind == "timestamp":
        value = _moment(str(value or "").strip())
    trial.put(control, value)


def _moment(text: str) -> Value:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return text


def _worn(control: Control, value: Value) -> Any:
    """Return a value as the widget of its feature holds it."""
    kind = control.column.kind
    if kind == "boolean":
        return None if value is None else str(value).lower()
    if kind == "timestamp":
        return "" if value is None else str(value)
    return float(value) if kind == "number" and value is not None else value  # type: ignore[arg-type]


def said(value: Value) -> str:
    """Return a value for people."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)
