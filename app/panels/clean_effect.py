"""What a recipe would do: counts by rule, the very cells, and each column before and after."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.clean.recipe import Recipe
from aimass_core.intake.change import Change
from aimass_core.workflows.cleaning import CleaningPreview
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import cache, tables
from app.charts import profile as charts
from app.text import code, count, words
from app.ui import chart, metrics, section

MISSING = "(missing)"


def effect(ws: Workspace, version: Version, recipe: Recipe) -> None:
    """Show what the recipe would change, without keeping anything."""
    tried = cache.preview(ws, version, recipe)
    section("What would change")
    metrics(
        [
            ("Rows before", count(tried.rows_before), ""),
            ("Rows after", count(tried.rows_after), "Repairs that drop rows make the next version shorter."),
            ("Cells repaired", count(sum(c.cells for c in tried.repair_counts)), "By repairs, in all rows."),
            ("Cells by steps", count(sum(c.cells for c in tried.step_counts)),
             f"On {count(tried.step_rows)} rows; each training learns them anew on its own rows."),
        ]
    )  # fmt: skip
    _counts(tried)
    _cells(tried)
    _columns(ws, version, recipe, tried)


def _counts(tried: CleaningPreview) -> None:
    rows = [
        {
            "Rule": words(c.rule),
            "Column": c.column or "(whole rows)",
            "Cells": c.cells,
            "Rows": c.rows,
            "By": by,
        }
        for by, counts in (("repair", tried.repair_counts), ("step", tried.step_counts))
        for c in counts
    ]
    numbers = st.column_config.NumberColumn(format="localized")
    tables.table(
        pd.DataFrame(rows, columns=["Rule", "Column", "Cells", "Rows", "By"]),
        "Changes counted by rule",
        key="clean.counts",
        columns={"Cells": numbers, "Rows": numbers},
    )
    if tried.sampled and tried.step_counts:
        st.caption(f"Steps were tried on a sample of {count(tried.step_rows)} rows, on {tried.device}.")


def _cells(tried: CleaningPreview) -> None:
    section("Which cells, and why")
    if not tried.changes:
        st.caption("No cell would change.")
        return
    rules = list(dict.fromkeys(change.rule for change in tried.changes))
    with st.container(horizontal=True):
        rule = st.selectbox("Rule", rules, index=None, placeholder="All rules", format_func=words,
                            key="clean.cells.rule", width=260)  # fmt: skip
        named = [change.column for change in tried.changes if change.column is not None]
        column = st.selectbox("Column", list(dict.fromkeys(named)), index=None, placeholder="All columns",
                              key="clean.cells.column", width=260)  # fmt: skip
    shown = [c for c in tried.changes if rule in (None, c.rule) and column in (None, c.column)]
    tables.paged(
        len(shown),
        lambda offset, limit: _frame(shown[offset : offset + limit]),
        "Changed cells",
        key="clean.cells",
    )
    total = sum(c.cells if c.column else c.rows for c in tried.counts)
    if total > len(tried.changes):
        st.caption(
            f"{count(len(tried.changes))} of {count(total)} changes are listed, some of every rule; "
            "the counts above are of all."
        )


def _columns(ws: Workspace, version: Version, recipe: Recipe, tried: CleaningPreview) -> None:
    section("Before and after")
    changed = dict.fromkeys(c.column for c in tried.counts if c.column in version.schema)
    names = [*(name for name in changed if name), *(n for n in version.schema.names if n not in changed)]
    name = st.selectbox("Column to compare", names, key="clean.compare", filter_mode="contains")
    before, after = cache.before_after(ws, version, recipe, name)
    data = charts.before_after_data(before, after)
    sampled = "Counted on a sample of" if before.sampled else "Counted on"
    gone = f"Missing: {count(before.missing)} before, {count(after.missing)} after."
    note = f"{sampled} {count(before.rows)} rows. {gone}"
    alt = f"{name} before and after cleaning"
    if before.scale == after.scale:
        figure = charts.before_after(before, after, x_title=name)
        chart(figure, data, f"{code(name)} before and after", note=note, key="clean.compare.chart", alt=alt)
        return
    for slot, title, part in zip(st.columns(2), ("Before", "After"), (before, after), strict=True):
        with slot:
            chart(charts.one(part, name=title, x_title=name), data, f"{code(name)}: {title.lower()}",
                  note=note, key=f"clean.compare.{title}", alt=f"{alt}: {title}")  # fmt: skip


def _frame(changes: list[Change]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Row": [change.row for change in changes],
            "Column": [change.column or "(whole row)" for change in changes],
            "Before": [MISSING if change.before is None else change.before for change in changes],
            "After": [MISSING if change.after is None else change.after for change in changes],
            "Why": [words(change.rule) for change in changes],
        }
    )
