"""Models chosen by hand: families by what they are for, their settings, and a search for better ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from aimass_core.models.catalog import FAMILIES
from aimass_core.models.family import Family, Group
from aimass_core.models.search_config import SearchConfig
from aimass_core.schema import Column
from app import forms
from app.form_lists import Options
from app.panels.train_built import built
from app.text import escape, prose

GROUPS: Mapping[Group, str] = {
    "readable": "Models that can be read",
    "trees": "Trees",
    "network": "Networks",
    "ensemble": "Several models together",
    "automatic": "Automatic",
    "unlabelled": "Without a target",
}
_FIRST = {"readable": ["scorecard"], "trees": ["boosting"], "unlabelled": ["isolation"]}
"""Families that are chosen at first, as far as they are there."""
_LABELS = {
    "balanced": "Balance the classes",
    "column_share": "Share of columns",
    "focal": "Exponent of the focal loss",
    "goal": "Stop when the measure reaches",
    "l2": "L2 penalty",
    "metric": "Measure",
    "min_child": "Least rows in a leaf",
    "monotone": "Risk by column",
    "patience": "Patience (steps without gain)",
    "rate": "Learning rate",
    "row_share": "Share of rows",
}
"""What settings that many families share are called on the page."""
_FOLLOWS = ("ordered", "grouped")
"""Settings that follow from how rows are divided."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A family with the settings that differ from its defaults, and how better ones are searched."""

    family: Family
    config: dict[str, Any]
    search: SearchConfig | None


def ask(features: tuple[Column, ...], prefix: str, *, labelled: bool) -> list[Chosen] | None:
    """Ask for families and their settings; None while a setting does not fit."""
    picked = [family for group in GROUPS for family in _pick(group, prefix, labelled=labelled)]
    if not picked:
        st.info("Choose at least one model family.", icon=":material/arrow_upward:")
        return None
    searched, valid = _search(picked, prefix) if labelled else (None, True)
    found: list[Chosen] = []
    for family in picked:
        config = _card(family, features, prefix)
        if config is not None:
            found.append(Chosen(family, config, searched if family.space else None))
    return found if valid and len(found) == len(picked) else None


def _pick(group: Group, prefix: str, *, labelled: bool) -> list[Family]:
    members = {k: f for k, f in FAMILIES.items() if f.group == group and f.labelled == labelled}
    if not members:
        return []
    chosen = st.pills(
        GROUPS[group],
        list(members),
        selection_mode="multi",
        default=[key for key in _FIRST.get(group, []) if key in members],
        format_func=lambda key: members[key].title,
        key=f"{prefix}.families.{group}",
        wrap=True,
        persist_state="session",
        help="\n".join(f"- **{family.title}**: {family.purpose}" for family in members.values()),
    )
    return [members[key] for key in members if key in chosen]


def _card(family: Family, features: tuple[Column, ...], prefix: str) -> dict[str, Any] | None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{family.title}.** {prose(family.summary)}")
        good = " · ".join(escape(text) for text in family.strengths)
        weak = " · ".join(escape(text) for text in family.limits)
        st.caption(
            f"{prose(family.purpose)}  \n:material/add_circle: {good}  \n"
            f":material/remove_circle: {weak}  \n:material/schedule: {escape(family.cost)}"
        )
        own = st.toggle(
            f"Own settings of {family.title}",
            key=f"{prefix}.own.{family.key}",
            persist_state="session",
            help="Otherwise the defaults are used, which are good ones.",
        )
        if not own:
            return {}
        values = forms.fields(
            family.config,
            key=f"{prefix}.{family.key}",
            choices=_choices(features),
            labels=_LABELS,
            exclude=_FOLLOWS,
            columns=3,
        )
        config = built(family.config, values, _LABELS)
    return None if config is None else config.model_dump(mode="json", exclude_defaults=True)


def _choices(features: tuple[Column, ...]) -> dict[str, Options]:
    numbers = [column.name for column in features if column.kind in ("integer", "number")]
    single = {
        key: family.title
        for key, family in FAMILIES.items()
        if family.labelled and family.group != "automatic"
    }
    plain = {key: title for key, title in single.items() if FAMILIES[key].group != "ensemble"}
    return {"members": single, "families": plain, "monotone": numbers, "trends": numbers}


def _search(picked: list[Family], prefix: str) -> tuple[SearchConfig | None, bool]:
    """Ask whether settings are searched for and how; the search, and whether its settings fit."""
    able = [family for family in picked if family.space]
    if not able:
        return None, True
    wanted = st.toggle(
        "Search for the best settings first",
        key=f"{prefix}.search",
        persist_state="session",
        help="Tries settings within a time budget and trains the best; the given ones are the first trial.",
    )
    if not wanted:
        return None, True
    with st.container(border=True):
        without = [family.title for family in picked if not family.space]
        rest = f" {', '.join(without)}: trained as set." if without else ""
        st.caption(f"Searched one after the other: {', '.join(family.title for family in able)}.{rest}")
        values = forms.fields(
            SearchConfig,
            key=f"{prefix}.searched",
            columns=3,
            labels={
                "by": "Judged on",
                "trials": "Most trials",
                "budget_seconds": "Time for each, in seconds",
            },
        )
        found = built(SearchConfig, values)
    return found, found is not None
