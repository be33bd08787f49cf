"""The reason dictionary, edited in a table: what the customer reads and what the reviewer reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pandas as pd
import streamlit as st

from aimass_core.errors import AimassError, ConflictError
from aimass_core.explain.wording import LONGEST, PLACEHOLDERS, drafted
from aimass_core.settings import settings
from aimass_core.workflows import wording
from aimass_core.workflows.wording import COLUMNS, Overview
from aimass_core.workspace import wording as kept
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import state, ui
from app.boundary import live, show_error
from app.exports import csv_bytes, file_name
from app.tables import table
from app.text import code, counted, when

VIEW = "Wording"
Row = dict[str, str]

_AGAINST, _FOR = "Speaks against", "Speaks for"
_DIRECTION = {"raises": _AGAINST, "lowers": _FOR}
_SHOWN = {
    "feature": "Feature",
    "direction": "Direction",
    "customer": "What the customer reads",
    "reviewer": "What the reviewer reads",
    "owner": "Owner",
}


@live()
def show(ws: Workspace, run: Run) -> None:
    """Show what is missing, the editor, the file, and the history of an entry."""
    found = wording.of_run(ws, run.run_id)
    _standing(found)
    also = st.toggle("Also what speaks for a case", key="explain.wording.also", persist_state="session")
    _editor(ws, found, "lowers" if also else "raises", also)
    _file(found)
    _history(ws, found)


def _standing(found: Overview) -> None:
    against = [feature for feature, direction in found.missing if direction == "raises"]
    named = ", ".join(code(feature) for feature in against[:6]) + (" and others" if len(against) > 6 else "")
    with st.container(horizontal=True, vertical_alignment="center"):
        if against:
            ui.badge(f"{len(against)} without a sentence", "middle")
            st.markdown(f"No customer can be told why, where the reason is {named}.")
        else:
            ui.badge("Complete", "good")
            st.markdown("Every reason against a case has a sentence for the customer.")
    st.caption(
        f"Dictionary of {code(found.dataset)}, version {found.version}: it serves every model that learnt "
        "from this data. A sentence may name "
        + ", ".join(code(f"{{{name}}}") for name in PLACEHOLDERS)
        + f", and has at most {LONGEST} characters. Emptying both sentences takes an entry back."
    )
    if found.protected:
        names = ", ".join(map(code, found.protected))
        st.warning(f"Protected, never shown to a customer: {names}.", icon=":material/shield_person:")


def _editor(ws: Workspace, found: Overview, last: str, also: bool) -> None:
    key = f"explain.wording.{found.dataset}"
    rows = _rows(found, also=also)
    pending: dict[tuple[str, str], Row] = st.session_state.get(f"{key}.pending", {})
    rows = [pending.get((row["feature"], row["direction"]), row) for row in rows]
    known = {(row["feature"], row["direction"]) for row in rows}
    rows += [row for place, row in pending.items() if place not in known and (also or place[1] == "raises")]
    seen = int(st.session_state.setdefault(f"{key}.seen", found.version))
    if error := st.session_state.pop(f"{key}.error", None):
        show_error(error)
    with st.form(f"{key}.form", border=False):
        edited = st.data_editor(
            _frame(rows, found),
            key=f"{key}.{st.session_state.get(f'{key}.round', 0)}.{seen}.{last}",
            hide_index=True,
            height=min(36 * (len(rows) + 1) + 3, 640),
            disabled=["Feature", "Direction", "Set"],
            column_config={
                _SHOWN["customer"]: st.column_config.TextColumn(width="large", max_chars=LONGEST),
                _SHOWN["reviewer"]: st.column_config.TextColumn(width="large", max_chars=LONGEST),
            },
            alt="Reason dictionary",
        )
        with st.container(horizontal=True):
            saves = st.form_submit_button(
                "Save sentences", type="primary", icon=":material/save:", key=f"{key}.save"
            )
            fills = st.form_submit_button(
                "Draft what is missing",
                icon=":material/edit_note:",
                key=f"{key}.draft",
                help="By a template, the same words for every feature. Nothing is saved before you save it.",
            )
    written = _written(edited)
    if saves:
        _save(ws, found, written, seen, key)
    elif fills:
        _keep(key, [_drafted(row, found) for row in written])
        st.rerun()


def _save(ws: Workspace, found: Overview, rows: Sequence[Row], seen: int, key: str) -> None:
    try:
        changed = wording.save(
            ws,
            found.dataset,
            rows,
            actor=settings().user,
            seen=seen,
            protected=found.protected,
        )
    except AimassError as error:
        _keep(key, rows)  # what was written stays in the table
        st.session_state[f"{key}.error"] = error
        if isinstance(error, ConflictError):
            st.session_state[f"{key}.seen"] = kept.version(ws, found.dataset)
        st.rerun()
    for name in ("pending", "seen"):
        st.session_state.pop(f"{key}.{name}", None)
    st.session_state[f"{key}.round"] = st.session_state.get(f"{key}.round", 0) + 1
    if changed:
        state.flash(f"Saved {counted(changed, 'sentence pair')} of {code(found.dataset)}.")
    else:
        state.flash("No sentence was changed.", ":material/info:")
    st.rerun()


def _keep(key: str, rows: Sequence[Row]) -> None:
    pending = st.session_state.setdefault(f"{key}.pending", {})
    pending.update({(row["feature"], row["direction"]): row for row in rows})
    st.session_state[f"{key}.round"] = st.session_state.get(f"{key}.round", 0) + 1


def _rows(found: Overview, *, also: bool) -> list[Row]:
    """Return the entries that are shown, those without a sentence for the customer first."""
    places = [
        (feature, direction)
        for direction in (("raises", "lowers") if also else ("raises",))
        for feature in (*found.features, *found.protected)
    ]
    rows = [_row(found, feature, direction) for feature, direction in places]
    return sorted(rows, key=lambda row: bool(row["customer"]))


def _row(found: Overview, feature: str, direction: str) -> Row:
    entry = found.entries.get((feature, direction))
    texts = ("", "", "") if entry is None else (entry.customer, entry.reviewer, entry.owner)
    return dict(zip(COLUMNS, (feature, direction, *texts), strict=True))


def _frame(rows: Sequence[Row], found: Overview) -> pd.DataFrame:
    made = {label: [row[name] for row in rows] for name, label in _SHOWN.items()}
    made["Direction"] = [_DIRECTION[row["direction"]] for row in rows]
    entries = [found.entries.get((row["feature"], row["direction"])) for row in rows]
    made["Set"] = ["" if e is None else f"{when(e.set_at)} by {e.set_by}" for e in entries]
    return pd.DataFrame(made)


def _written(edited: pd.DataFrame) -> list[Row]:
    back = {label: name for name, label in _DIRECTION.items()}
    return [
        {
            name: back[row[label]] if name == "direction" else str(row[label] or "").strip()
            for name, label in _SHOWN.items()
        }
        for row in cast(list[dict[str, Any]], edited.to_dict("records"))
    ]


def _drafted(row: Mapping[str, str], found: Overview) -> Row:
    if row["customer"] or row["feature"] in found.protected:
        return dict(row)
    draft = drafted(row["feature"], row["direction"], owner=row["owner"] or settings().user)  # type: ignore[arg-type]
    return {**draft.model_dump(), "reviewer": row["reviewer"] or draft.reviewer}


def _file(found: Overview) -> None:
    rows = [
        {name: getattr(entry, name) for name in COLUMNS}
        for entry in found.entries.values()
        if entry.customer or entry.reviewer
    ]
    key = f"explain.wording.{found.dataset}"
    with st.container(horizontal=True, vertical_alignment="center"):
        ui.download(
            "Dictionary as CSV",
            lambda: csv_bytes(pd.DataFrame(rows, columns=list(COLUMNS))),
            f"{file_name(found.dataset)}-reasons.csv",
            key=f"{key}.csv",
            small=True,
        )
        with st.popover("Take sentences from a file", icon=":material/upload:"):
            file = st.file_uploader(
                "CSV with the columns " + ", ".join(COLUMNS), type=["csv"], key=f"{key}.file"
            )
            if file is not None and st.button("Put them into the table", key=f"{key}.take", type="primary"):
                _keep(key, wording.read_csv(file.getvalue()))
                st.rerun()


def _history(ws: Workspace, found: Overview) -> None:
    features = list(dict.fromkeys(feature for feature, _ in found.entries))
    if not features:
        return
    chosen = st.selectbox(
        "History of a feature", features, index=None, placeholder="Choose one", key="explain.wording.history"
    )
    if chosen:
        entries = kept.history(ws, found.dataset, chosen)
        table(
            pd.DataFrame(
                {
                    "Set": [when(entry.set_at) for entry in entries],
                    "By": [entry.set_by for entry in entries],
                    "Direction": [_DIRECTION[entry.direction] for entry in entries],
                    _SHOWN["customer"]: [entry.customer or "(taken back)" for entry in entries],
                    _SHOWN["reviewer"]: [entry.reviewer for entry in entries],
                    "Owner": [entry.owner for entry in entries],
                }
            ),
            f"History of {chosen}",
            key="explain.wording.entries",
        )
