"""What is wrong with a data set: findings by severity, each with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pandas as pd
import streamlit as st

from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import cache, nav, state
from app.exports import csv_bytes
from app.text import count, counted, prose, share, words
from app.ui import Severity, download, metrics, severity, severity_word

if TYPE_CHECKING:
    from aimass_core.intake.profile import Finding, Profile

TITLES = {
    "missing": "Missing values",
    "sentinel": "Codes that seem to mean missing",
    "constant": "One value only",
    "id-like": "Looks like an id",
    "mixed-type": "Mixed types",
    "infinite": "Infinite values",
    "target-leakage": "May give the target away",
}
"""Titles of findings whose code alone says too little."""
SHOWN = 4
"""Findings of one check shown at once; the rest folds away."""
MOST = 200
"""Findings of one check drawn at all; the rest is in the download."""


def panel(ws: Workspace, version: Version) -> None:
    """Show the figures of a data set and its findings."""
    profile = cache.profile(ws, version)
    cells = profile.rows * len(profile.columns)
    missing = sum(column.missing for column in profile.columns)
    metrics(
        [
            ("Rows", count(profile.rows), ""),
            ("Columns", count(len(profile.columns)), ""),
            ("Missing cells", share(missing / cells if cells else None),
             f"{count(missing)} of {count(cells)}."),
            ("Duplicate rows", count(profile.duplicates), "Rows equal to an earlier one in every column."),
            ("Findings", count(sum(f.severity in ("serious", "warning") for f in profile.findings)),
             "Serious ones and warnings; notes are not counted."),
        ]
    )  # fmt: skip
    if not profile.findings:
        st.success("Nothing stands out in this data set.", icon=":material/check_circle:")
        return
    chosen = _filter(profile)
    shown = [finding for finding in profile.findings if finding.severity in chosen]
    for (level, kind), group in _grouped(shown).items():
        _card(level, kind, group)
    with st.container(horizontal=True, vertical_alignment="center"):
        nav.link("clean", "Repair these in Clean", {state.DATASET: version.ref})
        download(
            "Findings as CSV",
            lambda: csv_bytes(_frame(profile.findings)),
            f"{version.dataset}-findings.csv",
            key="data.findings.csv",
            small=True,
        )


def _filter(profile: Profile) -> list[Severity]:
    numbers = {level: sum(f.severity == level for f in profile.findings) for level in get_args(Severity)}
    present = [level for level, number in numbers.items() if number]
    return st.pills(
        "Show",
        present,
        selection_mode="multi",
        default=present,
        format_func=lambda level: f"{severity_word(level)} ({numbers[level]})",
        key=f"data.findings.filter.{'.'.join(present)}",
    )


def _grouped(findings: list[Finding]) -> dict[tuple[Severity, str], list[Finding]]:
    """Put findings of the same check and severity together, the gravest first."""
    order = get_args(Severity)
    groups: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: order.index(finding.severity)):
        groups.setdefault((finding.severity, finding.code), []).append(finding)
    return groups


def _card(level: Severity, kind: str, group: list[Finding]) -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            severity(level)
            columns = [finding for finding in group if finding.column]
            number = f" · {counted(len(columns), 'column')}" if len(columns) > 1 else ""
            st.markdown(f"**{TITLES.get(kind, words(kind))}**{number}", width="content")
        _lines(group[:SHOWN])
        if len(group) > SHOWN:
            with st.expander(f"{count(len(group) - SHOWN)} more"):
                _lines(group[SHOWN:MOST])
                if len(group) > MOST:
                    st.caption("The rest is in the download.")
        for todo in dict.fromkeys(finding.todo for finding in group if finding.todo):
            st.markdown(f":material/arrow_forward: {prose(todo)}")


def _lines(findings: list[Finding]) -> None:
    marker = "- " if len(findings) > 1 else ""
    st.markdown("\n".join(f"{marker}{prose(finding.text)}" for finding in findings))


def _frame(findings: tuple[Finding, ...]) -> pd.DataFrame:
    return pd.DataFrame([finding.model_dump() for finding in findings])
