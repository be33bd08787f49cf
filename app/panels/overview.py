"""What the workspace holds and how far it has come, drawn for the first page."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from aimass_core.models.catalog import FAMILIES
from aimass_core.settings import settings
from aimass_core.workspace import cases, datasets, joblog, registry, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from aimass_core.workspace.registry import Model
from aimass_core.workspace.runs import Run
from app import cache, nav, state
from app.boundary import live
from app.tables import table
from app.text import code, count, counted, duration, escape, measure, size, when
from app.ui import badge, empty, facts, metrics, section

NEWEST = 5
"""Rows of each list on the page."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the workspace holds, read once per run of the page."""

    versions: list[Version]
    newest: list[Version]
    runs: list[Run]
    models: list[Model]
    decisions: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Step:
    page: nav.PageKey
    title: str
    text: str
    done: bool
    state: str


def contents(ws: Workspace) -> Contents:
    """Read what the workspace holds."""
    return Contents(
        versions=datasets.versions(ws),
        newest=datasets.datasets(ws),
        runs=runs.runs(ws),
        models=registry.models(ws),
        decisions=cases.counts(ws),
    )


def figures(held: Contents) -> None:
    """Show how many of each thing there are."""
    metrics(
        [
            ("Data sets", count(len(held.newest)), f"In {counted(len(held.versions), 'version')}."),
            ("Rows", count(sum(v.rows for v in held.newest)), "In the newest version of each data set."),
            ("Runs", count(len(held.runs)), "Finished trainings."),
            ("Models", count(len(held.models)), "Registered under a name, newest version each."),
            ("Decisions", count(sum(held.decisions.values())), "Stored with input, score and reasons."),
        ]
    )


def way(held: Contents) -> None:
    """Show the way of a row from file to decision: what is done, and the next click."""
    section("From file to decision")
    steps = _steps(held)
    following = next((step for step in steps if not step.done), None)
    for number, (step, column) in enumerate(zip(steps, st.columns(len(steps)), strict=True), start=1):
        with column, st.container(border=True, height="stretch", key=f"overview.step.{step.page}"):
            if step.done:
                badge("Done", "good")
            elif step is following:
                badge("Next", "middle")
            else:
                badge("Later")
            st.markdown(f"**{number}. {step.title}**  \n{step.text}")
            st.caption(step.state)
            nav.link(step.page, nav.info(step.page).title)


def lists(held: Contents) -> None:
    """Show the newest data sets, runs and models side by side."""
    left, right = st.columns(2)
    with left:
        section("Newest data sets")
        _data_sets(held)
    with right:
        section("Newest runs")
        _runs(held)


def nothing_yet() -> None:
    """Show how to begin in an empty workspace."""
    empty(
        "This workspace is empty.",
        "Import a CSV, Parquet or Excel file of applications, transactions or customers. "
        "To look around first, stop the server and run `aimass demo`: it fills the workspace with a small "
        "bank's data and first models.",
        page="data",
        label="Import a file",
    )


@live(run_every=2.0)
def jobs(ws: Workspace) -> None:
    """Show the work that runs now, kept up to date on its own."""
    active = joblog.jobs(ws, active=True)
    if not active:
        st.caption("No job is running.")
        return
    for job in active:
        with st.container(horizontal=True, vertical_alignment="center"):
            badge("Running" if job.state == "running" else "Queued", "middle")
            st.markdown(f"{escape(job.title)} · started {when(job.created_at)} by {escape(job.created_by)}")
            nav.link("train", "Watch it")


def system(ws: Workspace) -> None:
    """Show the machine and the folder that the workspace lies in."""
    chosen = settings()
    found = cache.device(chosen.device)
    facts(
        {
            "Models train on": escape(found["name"]),
            "Memory": size(found["memory_bytes"]),
            "Workspace": code(ws.home),
            "Signed as": code(chosen.user),
        }
    )


def _steps(held: Contents) -> list[_Step]:
    cleaned = sum(bool(v.repairs) for v in held.versions)
    decided = sum(held.decisions.values())
    return [
        _Step("data", "Import", "A file becomes an immutable, typed version.", bool(held.newest),
              counted(len(held.newest), "data set")),
        _Step("clean", "Clean", "Counted repairs make the next version.", cleaned > 0,
              counted(cleaned, "cleaned version")),
        _Step("train", "Train", "Say how much time you have; the best is found.", bool(held.runs),
              counted(len(held.runs), "run")),
        _Step("evaluate", "Evaluate", "Compare, choose a cut-off, register.", bool(held.models),
              counted(len(held.models), "registered model")),
        _Step("decisions", "Decide", "Score by policy; open, explain and replay.", decided > 0,
              counted(decided, "decision")),
    ]  # fmt: skip


def _data_sets(held: Contents) -> None:
    table(
        pd.DataFrame(
            {
                "Data set": [v.ref for v in held.newest[:NEWEST]],
                "Rows": [count(v.rows) for v in held.newest[:NEWEST]],
                "Columns": [count(len(v.schema)) for v in held.newest[:NEWEST]],
                "Made": [when(v.created_at) for v in held.newest[:NEWEST]],
            }
        ),
        "Newest data sets",
        key="overview.datasets",
        export=False,
    )
    nav.link("data", "All data sets")


def _family(run: Run) -> str:
    return FAMILIES[run.family].title if run.family in FAMILIES else run.family


def _runs(held: Contents) -> None:
    if not held.runs:
        empty("No model yet.", "Choose a target and a model family; training takes a minute.", page="train",
              label="Train the first", query={state.DATASET: held.newest[0].ref})  # fmt: skip
        return
    shown = held.runs[:NEWEST]
    table(
        pd.DataFrame(
            {
                "Run": [run.name for run in shown],
                "Family": [_family(run) for run in shown],
                "Test AUC": [measure(run.metrics.get("test.auc")) for run in shown],
                "Test KS": [measure(run.metrics.get("test.ks")) for run in shown],
                "Took": [duration(run.seconds) for run in shown],
            }
        ),
        "Newest runs",
        key="overview.runs",
        export=False,
    )
    nav.link("evaluate", "Compare all runs")
