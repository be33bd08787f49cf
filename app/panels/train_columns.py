"""What a training learns from: columns that may know the answer, those left out, protected ones."""

from __future__ import annotations

from typing import Any, NoReturn

import streamlit as st

from aimass_core.schema import Column
from aimass_core.settings import settings
from aimass_core.workflows import leaks
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app.text import code, counted, prose


def offered(version: Version, target: str | None, prefix: str) -> tuple[Column, ...]:
    """Return the columns that may be learnt from, those left out by hand included."""
    roles = ("feature", "protected") if st.session_state.get(_protected(prefix)) else ("feature",)
    return tuple(c for c in version.schema.by_role(*roles) if c.name != target and c.kind != "text")


def left_out(prefix: str) -> list[str]:
    """Return the columns that were left out of this training by hand."""
    return list(st.session_state.get(_widget(prefix), st.session_state.get(_out(prefix), [])))


def catch(ws: Workspace, version: Version, target: str, prefix: str) -> bool:
    """Warn of columns that may know the answer, with a click to leave each out; whether all is decided.

    Where a column's values alone give the target away, training waits until somebody has said what to do.
    """
    features = offered(version, target, prefix)
    out = [name for name in left_out(prefix) if name in {column.name for column in features}]
    kept: list[str] = st.session_state.setdefault(f"{prefix}.kept.{target}", [])
    decided = True
    for leak in leaks.suspected(ws, version, target, features):
        if leak.column in out or leak.column in kept:
            continue
        decided = decided and not leak.certain
        with st.container(border=True, gap="small"):
            st.markdown(
                f":orange[:material/warning:] **This column may know the answer.** {prose(leaks.told(leak))}"
            )
            st.caption(
                "A model that learns from it looks excellent here and fails on new cases, "
                "where the value is not known yet."
            )
            with st.container(horizontal=True, gap="small"):
                if st.button("Leave it out", type="primary", icon=":material/block:",
                             key=f"{prefix}.leave.{leak.column}"):  # fmt: skip
                    _leave(prefix, [*left_out(prefix), leak.column])
                if st.button("Keep it: known before the decision", type="tertiary",
                             key=f"{prefix}.keep.{leak.column}"):  # fmt: skip
                    kept.append(leak.column)
                    st.rerun()
    if out:
        _said(out, prefix)
    return decided


def _said(out: list[str], prefix: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        named = ", ".join(code(name) for name in out[:8]) + (" …" if len(out) > 8 else "")
        st.markdown(f":material/block: Left out of this training: {named}", width="content")
        if st.button("Put back", type="tertiary", icon=":material/undo:", key=f"{prefix}.back"):
            _leave(prefix, [])


def ask(version: Version, target: str | None, prefix: str) -> dict[str, Any]:
    """Ask for columns to leave out and whether protected ones may be learnt from; settings of the spec."""
    features = offered(version, target, prefix)
    names = [column.name for column in features]
    out = st.multiselect(
        "Columns to leave out",
        names,
        [name for name in st.session_state.get(_out(prefix), []) if name in names],
        key=_widget(prefix),
        persist_state="session",
        select_all=False,
        filter_mode="contains",
        placeholder="None: all are learnt from",
        help="For this training alone. To leave a column out for good, set its role to ignore on Data.",
    )
    st.caption(f"{counted(len(features) - len(out), 'column')} of {len(features):,} are learnt from.")
    found: dict[str, Any] = {}
    protected = [c.name for c in version.schema.by_role("protected") if c.name != target]
    if protected:
        listed = ", ".join(code(name) for name in protected[:12]) + (" …" if len(protected) > 12 else "")
        st.markdown(f"Protected, kept out and used to measure fairness only: {listed}.")
        found["allow_protected"] = st.toggle(
            "Train on protected columns as well (this is put on the record)",
            key=_protected(prefix),
            persist_state="session",
        )
        if found["allow_protected"]:
            st.warning(
                "Training on protected characteristics is unlawful for many credit decisions. "
                f"The run will say that {settings().user} allowed it.",
                icon=":material/gavel:",
            )
    if out:
        found["features"] = tuple(column.name for column in features if column.name not in out)
    return found


def _leave(prefix: str, names: list[str]) -> NoReturn:
    """Leave these columns out, as if they had been chosen in the list of columns, and draw the page anew.

    The list lies in an expander that the browser may never have drawn; what is set for its widget would be
    lost with the next click, so the widget begins anew with these columns.
    """
    st.session_state[_out(prefix)] = names
    st.session_state[_round(prefix)] = st.session_state.get(_round(prefix), 0) + 1
    st.rerun()


def _out(prefix: str) -> str:
    return f"{prefix}.out"


def _round(prefix: str) -> str:
    return f"{prefix}.out.round"


def _widget(prefix: str) -> str:
    return f"{prefix}.left_out.{st.session_state.get(_round(prefix), 0)}"


def _protected(prefix: str) -> str:
    return f"{prefix}.protected"
