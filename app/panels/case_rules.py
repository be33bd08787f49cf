"""The rules for what may change in advice: an editor by column, and columns that are linked."""

from __future__ import annotations

from typing import Any, get_args

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from aimass_core.bundle import Bundle
from aimass_core.errors import AimassError, SettingsError
from aimass_core.explain.recourse_rules import ChangeRules, Link, LinkKind, May, Rule
from aimass_core.settings import settings
from aimass_core.workflows import counterfactuals
from aimass_core.workflows.case import Case
from aimass_core.workspace import change_rules
from aimass_core.workspace.connection import Workspace
from app import state
from app.boundary import show_error
from app.text import code, escape, when

_KINDS: dict[LinkKind, str] = {"shift": "by the same amount", "ratio": "by the same factor"}


def show(ws: Workspace, case: Case, bundle: Bundle, rules: ChangeRules) -> None:
    """Show the rules in force and save what is changed, for all versions of the data set."""
    dataset = bundle.manifest.dataset
    stored = change_rules.rules(ws, dataset)
    said = (
        "guessed from the columns"
        if stored is None
        else f"set {when(stored.set_at)} by {escape(stored.set_by)}"
    )
    st.caption(
        f"Rules for the data set {code(dataset)}, {said}. Protected columns, dates and moments of the past "
        "are fixed at first. Monthly histories are free: an applicant changes them by waiting, month by "
        "month. Limits hold for changed values."
    )
    # The key carries when rules were set, so that saved ones begin afresh.
    _columns(ws, bundle, rules, key=f"turn.rules.{dataset}.{'' if stored is None else stored.set_at}")
    _links(ws, bundle, rules)


def _columns(ws: Workspace, bundle: Bundle, rules: ChangeRules, *, key: str) -> None:
    before = [rules.of(column.name) for column in bundle.input_columns]
    with st.form(key, enter_to_submit=False):
        edited = st.data_editor(
            pd.DataFrame(
                {
                    "Column": [rule.column for rule in before],
                    "May change": [rule.may for rule in before],
                    "Whole": [rule.whole for rule in before],
                    "Smallest": pd.Series([rule.low for rule in before], dtype="float64"),
                    "Largest": pd.Series([rule.high for rule in before], dtype="float64"),
                    "Fill missing": [rule.fill for rule in before],
                    "Why": [rule.why for rule in before],
                }
            ),
            hide_index=True,
            disabled=["Column"],
            column_config={
                "May change": st.column_config.SelectboxColumn(
                    options=list(get_args(May)),
                    required=True,
                    help="Which way the value may change, if at all.",
                ),
                "Whole": st.column_config.CheckboxColumn(help="Changed values are whole numbers."),
                "Smallest": st.column_config.NumberColumn(help="Smallest value to change to."),
                "Largest": st.column_config.NumberColumn(help="Largest value to change to."),
                "Fill missing": st.column_config.CheckboxColumn(
                    help="A missing value may become a known one."
                ),
            },
            key=f"{key}.editor",
            alt="Rules for what may change, by column",
        )
        pressed = st.form_submit_button("Save rules", type="primary", icon=":material/save:", key="turn.save")
    if pressed:
        _save(
            ws,
            bundle,
            [{str(name): value for name, value in row.items()} for row in edited.to_dict("records")],
            rules.links,
        )


def _links(ws: Workspace, bundle: Bundle, rules: ChangeRules) -> None:
    for place, link in enumerate(rules.links):
        with st.container(horizontal=True, vertical_alignment="center"):
            names = ", ".join(code(name) for name in link.columns)
            st.markdown(f"Linked, {_KINDS[link.kind]}: {names}")
            if st.button("Unlink", key=f"turn.unlink.{place}", icon=":material/link_off:"):
                left = (*rules.links[:place], *rules.links[place + 1 :])
                _keep(ws, bundle, ChangeRules(rules=rules.rules, links=left))
    taken = {name for link in rules.links for name in link.columns}
    numbers = [
        c.name for c in bundle.input_columns if c.kind in ("integer", "number") and c.name not in taken
    ]
    if len(numbers) < 2:
        return
    with st.form("turn.link", enter_to_submit=False, clear_on_submit=True):
        wide, narrow = st.columns([3, 1])
        chosen = wide.multiselect("Columns that change together", numbers, key="turn.link.columns")
        kind = narrow.selectbox("How", list(_KINDS), format_func=_KINDS.__getitem__, key="turn.link.kind")
        pressed = st.form_submit_button("Link columns", icon=":material/link:", key="turn.link.save")
    if pressed and len(chosen) < 2:
        show_error(
            SettingsError("a link needs two columns or more", f"{len(chosen)} chosen", "Choose another")
        )
    elif pressed:
        link = Link(columns=tuple(chosen), kind=kind)
        _keep(ws, bundle, ChangeRules(rules=rules.rules, links=(*rules.links, link)))


def _save(ws: Workspace, bundle: Bundle, rows: list[dict[str, Any]], links: tuple[Link, ...]) -> None:
    try:
        made = ChangeRules(rules=tuple(map(_rule, rows)), links=links)
    except ValidationError as error:
        text = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        show_error(SettingsError(text, "", "Change it and save again"))
    else:
        _keep(ws, bundle, made)


def _rule(row: dict[str, Any]) -> Rule:
    low, high = (None if pd.isna(row[name]) else float(row[name]) for name in ("Smallest", "Largest"))
    return Rule(
        column=str(row["Column"]),
        may=row["May change"],
        whole=bool(row["Whole"]),
        low=low,
        high=high,
        fill=bool(row["Fill missing"]),
        why=str(row["Why"] or ""),
    )


def _keep(ws: Workspace, bundle: Bundle, rules: ChangeRules) -> None:
    try:
        counterfactuals.set_for_model(ws, bundle, rules, actor=settings().user)
    except AimassError as error:
        show_error(error)
    else:
        state.flash(f"Saved the change rules of {code(bundle.manifest.dataset)}.")
        st.rerun()
