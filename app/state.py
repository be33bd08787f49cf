"""What a session remembers: its keys, and the selectors shared by the pages.

The current data set, run and model are widgets bound to the address (`?dataset=loans%403`), so a view can be
shared and survives a refresh; the same key on the next page finds the same thing. Other widgets use their own
key, prefixed with the page (`data.…`), with `persist_state="session"` when they shall survive a page switch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from aimass_core.workspace import datasets, registry, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from aimass_core.workspace.registry import Model
from aimass_core.workspace.runs import Run
from app.text import counted, escape, when

DATASET = "dataset"
RUN = "run"
MODEL = "model"
"""Keys of the shared selectors, also their names in the address."""

_CHOSEN = "chosen."
_FLASH = "flash"
Item = TypeVar("Item")


def model_ref(model: Model) -> str:
    """Return how a registered model is named in the address: `default-risk@2`."""
    return f"{model.name}@{model.version}"


def pick_version(ws: Workspace, *, label: str = "Data set") -> Version | None:
    """Show the selector of the data set version and return the choice; None while there is none at all."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        version = _pick(label, DATASET, datasets.versions(ws), lambda version: version.ref)
        if version:
            st.caption(
                f"{counted(version.rows, 'row')} · {counted(len(version.schema), 'column')} · "
                f"{when(version.created_at)} by {escape(version.created_by)}",
                width="content",
            )
    return version


def pick_run(ws: Workspace, version: Version | None = None, *, label: str = "Run") -> Run | None:
    """Show the selector of the run, of all or of one data set version; None while there is none at all."""
    found = runs.runs(ws, version_id=version.version_id if version else None)
    return _pick(label, RUN, found, lambda run: run.name)


def pick_model(ws: Workspace, *, label: str = "Model") -> Model | None:
    """Show the selector of the registered model and return the choice; None while there is none at all."""
    return _pick(label, MODEL, registry.models(ws), model_ref)


def choose(key: str, ref: str) -> None:
    """Make a shared selector point at something on the next run, e.g. at what was just imported.

    Call before the selector is shown, or follow with `st.rerun()`.
    """
    st.session_state[_CHOSEN + key] = ref


def flash(text: str, icon: str = ":material/check_circle:") -> None:
    """Keep a message for the next run of a page, where :func:`show_flash` shows it once."""
    st.session_state.setdefault(_FLASH, []).append((text, icon))


def show_flash() -> None:
    """Show the messages that were kept, once."""
    for text, icon in st.session_state.pop(_FLASH, []):
        st.success(text, icon=icon)


def _pick(label: str, key: str, items: Sequence[Item], name: Callable[[Item], str]) -> Item | None:
    if not items:
        return None
    by_ref: dict[str, Item] = {}
    for item in items:
        by_ref.setdefault(name(item), item)
    wanted = st.session_state.pop(_CHOSEN + key, None)
    if wanted in by_ref:
        st.session_state[key] = wanted
    elif st.session_state.get(key) not in by_ref and st.query_params.get(key) not in by_ref:
        st.session_state[key] = next(iter(by_ref))
    ref = st.selectbox(
        label,
        list(by_ref),
        index=None,  # with a default, the address would leave it out and mean another thing tomorrow
        key=key,
        bind="query-params",
        persist_state="session",
        filter_mode="contains",
        width=420,
    )
    return by_ref[ref] if ref is not None else items[0]
