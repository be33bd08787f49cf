"""What is wrong with a data set: findings by severity, each with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pandas as pd
import streamlit as st

from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import cache, nav, state
from app.exports import csv_bytes
from app.text import code, count, prose, share, words
from app.ui import Severity, badge, download, metrics, severity, severity_word

if TYPE_CHECKING:
    from aimass_core.intake.profile import Finding, Profile

SHOWN = 40
"""Findings drawn one by one; the rest is in the download."""


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
    shown = [finding for finding in _sorted(profile) if finding.severity in chosen]
    for finding in shown[:SHOWN]:
        _finding(finding)
    with st.container(horizontal=True, vertical_alignment="center"):
        nav.link("clean", "Repair these in Clean", {state.DATASET: version.ref})
        download(
            "Findings as CSV",
            lambda: csv_bytes(_frame(_sorted(profile))),
            f"{version.dataset}-findings.csv",
            key="data.findings.csv",
            small=True,
        )
        if len(shown) > SHOWN:
            st.caption(f"{count(len(shown) - SHOWN)} more are in the download.")


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


def _finding(finding: Finding) -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            severity(finding.severity)
            title = f"**{words(finding.code)}**"
            st.markdown(f"{title} · {code(finding.column)}" if finding.column else title, width="content")
            if finding.count is not None:
                badge(f"{count(finding.count)} affected")
        st.markdown(prose(finding.text))
        if finding.todo:
            st.markdown(f":material/arrow_forward: {prose(finding.todo)}")


def _sorted(profile: Profile) -> list[Finding]:
    order = {level: position for position, level in enumerate(get_args(Severity))}
    return sorted(profile.findings, key=lambda finding: order[finding.severity])


def _frame(findings: list[Finding]) -> pd.DataFrame:
    return pd.DataFrame([finding.model_dump() for finding in findings])
