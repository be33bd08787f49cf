"""From a run to a registered model: a name, a version, and where to go next."""

from __future__ import annotations

import streamlit as st

from aimass_core.settings import settings
from aimass_core.workflows import evaluating
from aimass_core.workspace import registry, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.registry import Model
from aimass_core.workspace.runs import Run
from app import nav, state, ui
from app.panels import decisions_views as views
from app.text import code, escape, when


def show(ws: Workspace, run: Run) -> None:
    """Show which model versions this run is, and register it under a name."""
    known = registry.of_runs(ws).get(run.run_id, [])
    for model in known:
        _registered(model, run.name)
    names = sorted({model.name for model in registry.models(ws)})
    with st.expander(
        "Register it under another name" if known else "Register this run as a model",
        expanded=not known,
        icon=":material/inventory_2:",
    ):
        st.markdown(
            "A registered model has a name and a version. Only registered models decide: "
            "on the Decisions page, and over HTTP."
        )
        with st.form(f"register.{run.run_id}", border=False):
            left, right = st.columns([1, 2])
            name = left.text_input(
                "Model name",
                value=_suggested(ws, run, names),
                max_chars=80,
                key=f"register.name.{run.run_id}",
                help="A name that exists gets its next version; a new name begins with version 1.",
            ).strip()
            note = right.text_input(
                "Note", max_chars=2_000, placeholder="Why this run", key=f"register.note.{run.run_id}"
            )
            pressed = st.form_submit_button("Register", type="primary", icon=":material/how_to_reg:")
        if pressed and not name:
            st.warning("Give the model a name first.", icon=":material/warning:")
        elif pressed:
            model = evaluating.register(ws, run.run_id, name=name, note=note, actor=settings().user)
            state.flash(
                f"{code(run.name)} is now {code(state.model_ref(model))}. Next: set its policy and score."
            )
            state.choose(state.MODEL, state.model_ref(model))
            st.rerun()


def _suggested(ws: Workspace, run: Run, names: list[str]) -> str:
    """Return the model that other runs on this data set are versions of, or the data set's name."""
    dataset = str(run.spec.get("dataset", "")).partition("@")[0]
    of_run = registry.of_runs(ws)
    for other in runs.runs(ws):
        if str(other.spec.get("dataset", "")).partition("@")[0] == dataset:
            for model in of_run.get(other.run_id, []):
                if model.name in names:
                    return model.name
    return dataset


def _registered(model: Model, run: str) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            ui.badge("Registered", "good")
            note = f": {escape(model.note)}" if model.note else ""
            who = f"{when(model.registered_at)} by {escape(model.registered_by)}"
            st.markdown(f"{code(state.model_ref(model))}, {who}{note}")
        with st.container(horizontal=True):
            query = {state.MODEL: state.model_ref(model)}
            nav.link("decisions", "Set its policy and score", query | {views.VIEW: views.POLICY})
            nav.link("explain", "See what drives it", {state.RUN: run})
