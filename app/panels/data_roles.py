"""What each column is for, edited in a table."""

from __future__ import annotations

from typing import cast, get_args

import pandas as pd
import streamlit as st

from aimass_core.errors import ConflictError
from aimass_core.schema import Role
from aimass_core.settings import settings
from aimass_core.workflows import importing
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import cache, state
from app.boundary import show_error
from app.text import code, counted

MEANING: dict[Role, str] = {
    "id": "Names the row; never learnt from.",
    "target": "What models predict; at most one.",
    "time": "When it happened; for splits by time; at most one.",
    "group": "The customer; rows of one stay on one side of a split.",
    "feature": "Models may learn from it.",
    "protected": "Sex, age band …: to measure fairness, not to train.",
    "ignore": "Kept, not used.",
}


_SAVE, _SEEN, _REFUSED = "data.roles.save", "data.roles.seen", "data.roles.refused"


def panel(ws: Workspace, version: Version) -> None:
    """Show the roles in a table with select boxes; a button saves all changes at once."""
    st.markdown("  \n".join(f"`{role}` {meaning}" for role, meaning in MEANING.items()))
    refused = st.session_state.pop(_REFUSED, None)
    if refused is not None:
        show_error(refused)
    version = _seen(version)
    columns = version.schema.columns
    with st.form("data.roles", border=False):
        edited = st.data_editor(
            pd.DataFrame(
                {
                    "Column": [column.name for column in columns],
                    "Kind": [column.kind for column in columns],
                    "Role": [column.role for column in columns],
                    "Why": [column.note for column in columns],
                }
            ),
            key=f"data.roles.{version.version_id}.{cache.roles_key(version)}",
            hide_index=True,
            height=min(36 * (len(columns) + 1) + 3, 640),
            disabled=["Column", "Kind", "Why"],
            column_config={
                "Role": st.column_config.SelectboxColumn(options=list(get_args(Role)), required=True),
                "Why": st.column_config.TextColumn(help="Why this role was guessed.", width="large"),
            },
            alt="Roles of the columns",
        )
        pressed = st.form_submit_button("Save roles", type="primary", icon=":material/save:", key=_SAVE)
    changed = {
        column.name: cast(Role, role)
        for column, role in zip(columns, edited["Role"], strict=True)
        if role != column.role
    }
    if pressed and not changed:
        st.info("No role was changed.")
    elif pressed:
        _save(ws, version, changed)


def _seen(version: Version) -> Version:
    """Return the version as it was on the page when the button was pressed; it may have changed since."""
    seen: Version | None = st.session_state.get(_SEEN)
    if seen is None or seen.version_id != version.version_id or not st.session_state.get(_SAVE):
        st.session_state[_SEEN] = seen = version
    return seen


def _save(ws: Workspace, seen: Version, changed: dict[str, Role]) -> None:
    try:
        saved = importing.set_roles(ws, seen, changed, actor=settings().user)
    except ConflictError as error:
        st.session_state[_REFUSED] = error  # shown above the roles as they are now
    else:
        state.flash(f"Saved {counted(len(changed), 'role')} of {code(saved.ref)}.")
    st.rerun()
