"""Keeping what a recipe makes: the next version, and the table as a file."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import streamlit as st

from aimass_core.clean.recipe import Recipe
from aimass_core.settings import settings
from aimass_core.workflows import cleaning
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import nav, state
from app.panels import recipe_editor
from app.text import code, counted
from app.ui import download, section

_MIME = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def keep(ws: Workspace, version: Version, recipe: Recipe) -> None:
    """Show the button that applies the recipe."""
    section("Keep it")
    unchanged = recipe == cleaning.recipe(ws, version)
    with st.form("clean.apply", border=False):
        note = st.text_input("Note (optional)", placeholder="Why this recipe", key="clean.note")
        label = "Make the next version" if recipe.repairs else "Keep these steps with this version"
        pressed = st.form_submit_button(label, type="primary", icon=":material/check:", disabled=unchanged)
    if unchanged:
        st.caption("The recipe is as it was kept; change it to make something new.")
    if not pressed:
        return
    with st.spinner("Cleaning…", show_time=True):
        made = cleaning.apply(ws, version, recipe, actor=settings().user, note=note)
    recipe_editor.forget(version)
    recipe_editor.forget(made)
    state.choose(state.DATASET, made.ref)
    steps = f"{counted(len(recipe.steps), 'step')} will be learnt on the training rows of each run."
    if recipe.repairs:
        state.flash(
            f"Made {code(made.ref)} with {counted(made.rows, 'row')} from {code(version.ref)}. {steps}"
        )
    else:
        state.flash(f"Kept with {code(made.ref)}: {steps}")
    st.rerun()


def take_away(ws: Workspace, version: Version) -> None:
    """Show the downloads of this version's table and the way on."""
    section(
        "Take it away",
        help="The chosen version, with its repairs. Steps that learn are not in it: each training "
        "learns them on its own rows.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _download(ws, version, "csv", "CSV")
        _download(ws, version, "parquet", "Parquet")
        nav.link("train", "Go on: train models", {state.DATASET: version.ref})


def _download(ws: Workspace, version: Version, kind: Literal["csv", "parquet"], label: str) -> None:
    name = f"{version.dataset}-v{version.version}.{kind}"
    download(
        f"This version as {label}",
        lambda: _bytes(ws, version, kind),
        name,
        key=f"clean.export.{kind}",
        mime=_MIME[kind],
    )


def _bytes(ws: Workspace, version: Version, kind: Literal["csv", "parquet"]) -> bytes:
    with TemporaryDirectory(dir=ws.home / "tmp", prefix="export-") as folder:
        path = Path(folder) / f"table.{kind}"
        cleaning.export(ws, version, path, kind)
        return path.read_bytes()
