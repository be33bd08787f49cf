"""What is predicted: the target column, which of its values is the bad outcome, or that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aimass_core.errors import SettingsError
from aimass_core.workflows import target as targets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app.boundary import show_error
from app.text import code, count, counted, share


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is predicted. Without a column, rows are ranked by how unusual they are."""

    column: str | None
    positive: tuple[str, ...] = ()


def ask(ws: Workspace, version: Version, prefix: str, *, by_hand: bool) -> Outcome | None:
    """Ask for the target and its bad outcome; None while the answer is not complete.

    Parameters
    ----------
    by_hand : models are chosen by hand, so that a target that is there may be left aside.
    """
    left, right = st.columns(2)
    without = bool(st.session_state.get(f"{prefix}.unlabelled"))
    column = left.selectbox(
        "Target (what is predicted)",
        _columns(version),
        index=_present(version),
        placeholder="Choose a column",
        key=f"{prefix}.target",
        persist_state="session",
        filter_mode="contains",
        disabled=without,
        help="The column that says how it turned out. Set its role on Data to have it chosen here.",
    )
    if column is None or without:
        if _without("There is no such column: look for what is unusual", right, prefix):
            return Outcome(None)
        st.info("Choose the column to be predicted.", icon=":material/arrow_upward:")
        return None
    classes = targets.target_classes(ws, version, column)
    problem = _problem(column, classes)
    if problem is not None:
        show_error(problem)
        return None
    positive = right.multiselect(
        "Bad outcome (the value whose probability is wanted)",
        [label for label, _ in classes],
        default=[targets.guess(classes)] if len(classes) == 2 else [],
        key=f"{prefix}.positive.{column}",
        persist_state="session",
        select_all=False,
        help="Several values may count as bad. All others count as good.",
    )
    st.markdown(_counts(classes, positive, version.rows))
    if by_hand and _without("Leave the target aside: look for what is unusual", left, prefix):
        return Outcome(None)
    if not positive:
        st.info(
            f"{code(column)} has {counted(len(classes), 'value')}: say which of them are the bad outcome.",
            icon=":material/arrow_upward:",
        )
        return None
    if len(positive) == len(classes):
        st.warning("At least one value must be left as the good outcome.", icon=":material/warning:")
        return None
    return Outcome(column, tuple(positive))


def _without(label: str, place: DeltaGenerator, prefix: str) -> bool:
    return place.toggle(
        label,
        key=f"{prefix}.unlabelled",
        persist_state="session",
        help="Rows get an anomaly score. It says what is rare, not what is fraud.",
    )


def _columns(version: Version) -> list[str]:
    known = [column.name for column in version.schema if column.role not in ("id", "ignore")]
    return known + [column.name for column in version.schema.by_role("ignore")]


def _present(version: Version) -> int | None:
    named, known = version.schema.target, _columns(version)
    return known.index(named.name) if named and named.name in known else None


def _problem(column: str, classes: Sequence[tuple[str, int]]) -> SettingsError | None:
    """Return what is wrong with a target that cannot be trained on, whatever is chosen as positive."""
    if 2 <= len(classes) <= targets.MOST_CLASSES:
        return None
    if len(classes) > 2:
        return SettingsError(
            f"target `{column}` must have a few values that can be told apart",
            f"it has more than {targets.MOST_CLASSES}",
            "Choose another target",
        )
    came = f"it has only '{classes[0][0]}'" if classes else "all its values are missing"
    return SettingsError(f"target `{column}` must have two classes", came, "Choose another target")


def _counts(classes: Sequence[tuple[str, int]], positive: Sequence[str], rows: int) -> str:
    known = sum(number for _, number in classes)
    parts = [
        f"{code(label)} {'bad' if label in positive else 'good'}: {count(number)} ({share(number / known)})"
        for label, number in classes[:8]
    ]
    if len(classes) > 8:
        parts.append(f"{count(len(classes) - 8)} more")
    if rows > known:
        parts.append(f"{count(rows - known)} without a target are left out")
    return " · ".join(parts)
