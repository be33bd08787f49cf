"""The upper part of Train: data, target and time; everything else is one click deeper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from aimass_core.models.catalog import FAMILIES
from aimass_core.settings import settings
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app.panels import train_columns, train_families, train_options, train_target
from app.panels.train_families import Chosen
from app.panels.train_target import Outcome

MINUTES = (1, 3, 10, 30)
"""Times that can be given to the automatic choice."""
AUTOMATIC = "auto"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be trained; `automatic`: by the time given, without models being chosen."""

    specs: tuple[TrainingSpec, ...]
    automatic: bool


def show(ws: Workspace, version: Version) -> Wanted | None:
    """Show the set-up and return what is to be trained; None while it is not complete."""
    prefix = f"train.{version.version_id}"
    by_hand = bool(st.session_state.get(f"{prefix}.by_hand"))
    outcome = train_target.ask(ws, version, prefix, by_hand=by_hand)
    if outcome is None:
        return None
    decided = outcome.column is None or train_columns.catch(ws, version, outcome.column, prefix)
    minutes, by_hand = _time(prefix, labelled=outcome.column is not None)
    chosen: list[Chosen] | None = None
    if by_hand:
        features = train_columns.offered(version, outcome.column, prefix)
        chosen = train_families.ask(features, prefix, labelled=outcome.column is not None)
    elif minutes is not None:
        chosen = [Chosen(FAMILIES[AUTOMATIC], {"budget_seconds": 60.0 * minutes}, None)]
    common = _more(version, outcome, chosen or [], prefix)
    if common is None or chosen is None:
        return None
    if not decided:
        st.info("Say first what to do with the column above.", icon=":material/arrow_upward:")
        return None
    return Wanted(tuple(_spec(version, outcome, item, common) for item in chosen), not by_hand)


def _time(prefix: str, *, labelled: bool) -> tuple[int | None, bool]:
    """Ask how much time there is, or for models chosen by hand; without a target they always are."""
    if not labelled:
        return None, True
    by_hand = bool(st.session_state.get(f"{prefix}.by_hand"))
    minutes = None
    if not by_hand:
        minutes = st.segmented_control(
            "How much time do you have?",
            MINUTES,
            default=3,
            required=True,
            format_func=lambda minutes: f"{minutes} min",
            key=f"{prefix}.minutes",
            persist_state="session",
            help="Families and settings are tried within this time; what does best on rows kept back is "
            "averaged. More time tries more of them.",
        )
    by_hand = st.toggle("Choose the models yourself", key=f"{prefix}.by_hand", persist_state="session")
    return minutes, by_hand


def _more(version: Version, outcome: Outcome, chosen: list[Chosen], prefix: str) -> dict[str, Any] | None:
    """Show the settings that most trainings leave as they are; those of every specification."""
    with st.expander("More settings", icon=":material/tune:"):
        left, right = st.columns([1, 2])
        with left:
            name = train_options.name(version, prefix)
        with right:
            kind = train_options.kind(version, outcome.column, prefix)
        split = train_options.split(version, prefix)
        found: dict[str, Any] = {"kind": kind, "split": split, "name": name}
        found |= train_columns.ask(version, outcome.column, prefix)
        if outcome.column is not None:
            found["calibration"] = train_options.calibration(prefix)
            if any(_takes_domain(item) for item in chosen):
                found["domain"] = train_options.domain(version, outcome.column, prefix)
        found |= train_options.numbers(prefix)
    if not name:
        st.info("Give the training a name, under More settings.", icon=":material/arrow_upward:")
        return None
    return found if split is not None else None


def _takes_domain(item: Chosen) -> bool:
    return "domain_weight" in item.family.config.model_fields


def _spec(version: Version, outcome: Outcome, item: Chosen, common: dict[str, Any]) -> TrainingSpec:
    domain = common.get("domain") if _takes_domain(item) else None
    features = common.get("features")
    return TrainingSpec(
        **{
            **common,
            "dataset": version.ref,
            "target": outcome.column,
            "positive": outcome.positive or None,
            "unlabelled": outcome.column is None,
            "family": item.family.key,
            "config": item.config,
            "search": item.search,
            "name": f"{common['name']} {item.family.key}",
            "domain": domain,
            "features": None if features is None else tuple(f for f in features if f != domain),
            "device": settings().device,
        }
    )
