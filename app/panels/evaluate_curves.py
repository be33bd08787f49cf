"""Curves of the chosen runs laid over each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from aimass_core.evaluate.report import Report
from app import ui
from app.boundary import live
from app.charts import curves

if TYPE_CHECKING:
    import plotly.graph_objects as go

Reports = Mapping[str, Report]

_CHARTS: dict[str, tuple[str, str]] = {
    "roc": ("ROC curve", "The closer to the upper left corner, the better bads and goods are told apart."),
    "pr": ("Precision and recall", "How many of the flagged are bad, as more of the bads are found."),
    "ks": ("KS curve", "How far apart the two classes are at each share of rows flagged."),
    "calibration": (
        "Calibration",
        "On the dotted line, 10% predicted means 10% observed. Bars: 95% intervals.",
    ),
    "gains": ("Gains", "Share of all bads found when the riskiest rows are flagged."),
    "lift": ("Lift", "How many times more bads are among the flagged than among all rows."),
}


@live()
def show(reports: Reports) -> None:
    """Show the curves that are asked for, two side by side, each with its data.

    Parameters
    ----------
    reports : evaluation of each run, by the run's name.
    """
    chosen = st.pills(
        "Curves",
        list(_CHARTS),
        selection_mode="multi",
        default=["roc", "calibration"],
        format_func=lambda key: _CHARTS[key][0],
        key="evaluate.curves",
        persist_state="session",
    )
    names = [key for key in _CHARTS if key in chosen]
    for first in range(0, len(names), 2):
        for slot, key in zip(st.columns(2), names[first : first + 2], strict=False):
            with slot:
                title, note = _CHARTS[key]
                ui.chart(
                    _DRAW[key](reports),
                    _DATA[key](reports),
                    title,
                    note=note,
                    alt=f"{title} of {len(reports)} runs on their test rows. {note}",
                )


def _rates(reports: Reports) -> dict[str, float]:
    return {name: report.bad_rate for name, report in reports.items()}


_DRAW: dict[str, Callable[[Reports], go.Figure]] = {
    "roc": lambda found: curves.roc({name: report.roc for name, report in found.items()}),
    "pr": lambda found: curves.precision_recall(
        {name: report.pr for name, report in found.items()}, base_rates=_rates(found)
    ),
    "ks": lambda found: curves.ks(
        {name: report.ks for name, report in found.items()}, base_rates=_rates(found)
    ),
    "calibration": lambda found: curves.calibration(
        {name: report.reliability for name, report in found.items()}
    ),
    "gains": lambda found: curves.gains({name: report.gains for name, report in found.items()}),
    "lift": lambda found: curves.lift({name: report.gains for name, report in found.items()}),
}


def _stacked(reports: Reports, columns: Callable[[Report], Mapping[str, Sequence[object]]]) -> pd.DataFrame:
    """Return the points of all runs below each other, the run's name in front."""
    parts = []
    for name, report in reports.items():
        part = pd.DataFrame(dict(columns(report)))
        part.insert(0, "run", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


_DATA: dict[str, Callable[[Reports], pd.DataFrame]] = {
    "roc": lambda found: _stacked(
        found,
        lambda r: {
            "false_positive_rate": r.roc.x,
            "true_positive_rate": r.roc.y,
            "threshold": r.roc.threshold,
        },
    ),
    "pr": lambda found: _stacked(
        found, lambda r: {"recall": r.pr.x, "precision": r.pr.y, "threshold": r.pr.threshold}
    ),
    "ks": lambda found: _stacked(
        found, lambda r: {"threshold": r.ks.threshold, "bads_flagged": r.ks.bads, "goods_flagged": r.ks.goods}
    ),
    "calibration": lambda found: _stacked(
        found,
        lambda r: {
            field: [getattr(item, field) for item in r.reliability]
            for field in ("predicted", "observed", "observed_low", "observed_high", "rows", "bads")
        },
    ),
    "gains": lambda found: _stacked(found, lambda r: r.gains.model_dump()),
    "lift": lambda found: _stacked(found, lambda r: r.gains.model_dump()),
}
