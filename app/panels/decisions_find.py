"""Stored decisions: filtered, listed page by page, one of them opened."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from aimass_core.decide.policy import OUTCOMES
from aimass_core.workflows import reviewing
from aimass_core.workspace import registry
from aimass_core.workspace.cases import Decision
from aimass_core.workspace.connection import Workspace
from app import state, ui
from app.panels import address, decisions_show
from app.tables import paged
from app.text import count, share, when

DECISION = "decision"
"""Key of the id of the opened decision, also its name in the address."""
BATCH = "batch"
"""Key of the filter by batch (the rows of one file or request), also its name in the address."""


def show(ws: Workspace) -> None:
    """Show filters, the matching decisions, and the one that is opened."""
    filters = _filters(ws)
    outcome = filters.pop("outcome")
    counted = reviewing.counts(ws, **filters)
    if counted:
        ui.metrics({name.capitalize(): count(number) for name, number in sorted(counted.items())})
    _, total = reviewing.find(ws, outcome=outcome, limit=1, **filters)
    if not total:
        st.info("No decision fits these filters.", icon=":material/filter_alt_off:")
    page: list[Decision] = []

    def fetch(offset: int, limit: int) -> pd.DataFrame:
        found, _ = reviewing.find(ws, outcome=outcome, offset=offset, limit=limit, **filters)
        page.extend(found)
        return _frame(found)

    if total:
        paged(total, fetch, "Decisions", key="decisions.list")
    _open(ws, page)


def _filters(ws: Workspace) -> dict[str, Any]:
    first = st.columns(3)
    model = first[0].selectbox(
        "Model",
        [name for found in registry.models(ws) for name in _refs(ws, found.name)],
        index=None,
        placeholder="All models",
        key="decisions.model",
        persist_state="session",
        filter_mode="contains",
    )
    outcome = first[1].selectbox(
        "Outcome",
        [name for names in OUTCOMES.values() for name in names],
        index=None,
        placeholder="All outcomes",
        format_func=str.capitalize,
        key="decisions.outcome",
        persist_state="session",
    )
    text = first[2].text_input(
        "Search",
        max_chars=200,
        placeholder="Id, subject or a value of the input",
        key="decisions.text",
        persist_state="session",
    )
    second = st.columns(4)
    subject = second[0].text_input(
        "Subject",
        max_chars=200,
        placeholder="Exactly this one",
        key="decisions.subject",
        persist_state="session",
    )
    since = second[1].date_input("From (UTC)", None, key="decisions.since", persist_state="session")
    until = second[2].date_input("To (UTC)", None, key="decisions.until", persist_state="session")
    batch = second[3].text_input(
        "Batch",
        max_chars=80,
        placeholder="Id of a file or request",
        key=BATCH,
        bind="query-params",
        persist_state="session",
    )
    return {
        "model": model,
        "batch_id": batch.strip() or None,
        "outcome": outcome,
        "text": text.strip() or None,
        "subject": subject.strip() or None,
        "since": datetime.combine(since, time()) if since else None,
        "until": datetime.combine(until + timedelta(days=1), time()) if until else None,
    }


def _refs(ws: Workspace, name: str) -> list[str]:
    """Return a model's name, which means all its versions, and each version when there are several."""
    versions = registry.history(ws, name)
    return [name, *(state.model_ref(model) for model in versions)] if len(versions) > 1 else [name]


def _frame(found: list[Decision]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Decided": [when(item.decided_at) for item in found],
            "Subject": [item.subject or "" for item in found],
            "Outcome": [item.outcome.capitalize() for item in found],
            "Probability": [share(item.probability, 2) for item in found],
            "Main reason": [_main(item) for item in found],
            "Model": [item.model for item in found],
            "Policy": [item.policy_version for item in found],
            "Source": [item.source for item in found],
            "By": [item.decided_by for item in found],
            "Id": [item.decision_id for item in found],
        }
    )


def _main(decision: Decision) -> str:
    principal = decision.reasons.get("principal") or []
    return f"{principal[0]['feature']} = {principal[0]['value']}" if principal else ""


def _open(ws: Workspace, page: list[Decision]) -> None:
    labels = {item.decision_id: _label(item) for item in page}
    present = address.follow(DECISION, "decisions.opened")
    if present and present not in labels:
        labels = {present: present, **labels}
    if not labels:
        return
    chosen = st.selectbox(
        "Open a decision",
        list(labels),
        index=None,
        placeholder="Choose one of this page, or paste an id",
        format_func=lambda key: labels.get(key, key),
        accept_new_options=True,
        key="decisions.opened",
        persist_state="session",
        filter_mode="contains",
    )
    address.write(DECISION, "decisions.opened", chosen)
    if chosen:
        with st.container(border=True):
            decisions_show.show(ws, reviewing.decision(ws, chosen.strip()))


def _label(item: Decision) -> str:
    who = item.subject or item.decision_id
    return f"{who} · {item.outcome} · {share(item.probability, 2)} · {when(item.decided_at)}"
