"""How good is it really? The run trained again on other rows: folds, blocks of time, groups."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from aimass_core.evaluate.measure import Measure
from aimass_core.evaluate.report import Report
from aimass_core.evaluate.validation import Method, Validation
from aimass_core.schema import TEMPORAL
from aimass_core.workflows import validating
from aimass_core.workflows.validating import Result
from aimass_core.workflows.validation_spec import ValidationSpec
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import ui
from app.charts import validation as charts
from app.panels import evaluate_jobs
from app.panels.evaluate_run import MEASURES
from app.tables import table
from app.text import count, counted, duration, escape, interval, measure, prose, when

_METHODS: dict[Method, tuple[str, str]] = {
    "folds": (
        "Repeated folds",
        "All rows are dealt into folds at random; each fold is measured by a model trained on the others. "
        "The spread says how much the result depends on which rows were drawn.",
    ),
    "time": (
        "Out of time",
        "Learn from the past, measure on the next block of time, again and again: what to expect next year.",
    ),
    "group": (
        "Out of group",
        "Whole customers, branches or countries are left out: what to expect of one never seen.",
    ),
}


def show(ws: Workspace, run: Run, report: Report) -> None:
    """Start and show validations by folds, time or group."""
    method = st.segmented_control(
        "Method",
        list(_METHODS),
        default="folds",
        required=True,
        format_func=lambda key: _METHODS[key][0],
        key="evaluate.method",
        persist_state="session",
        wrap=True,
    )
    st.caption(_METHODS[method][1])
    key = f"evaluate.{method}.{run.run_id}"
    spec = _asked(ws, run, method, key)
    if spec is None:
        return
    evaluate_jobs.start(ws, spec, key=key)
    evaluate_jobs.failure(ws, run.run_id, method)
    found = pick(ws, run, method)
    if found is not None:
        _folds(found, report.measures["auc"])


def pick(ws: Workspace, run: Run, method: Method) -> Result | None:
    """Show which result is open when there are several; the newest at first. None while there is none."""
    found = validating.results(ws, run.run_id, method)
    if not found:
        if not evaluate_jobs.under_way(ws, run.run_id, method):
            st.info("There is no result yet: start it above.", icon=":material/arrow_upward:")
        return None
    by_id = {result.validation_id: result for result in found}
    chosen = next(iter(by_id))
    if len(found) > 1:
        chosen = (
            st.selectbox(
                "Result",
                list(by_id),
                format_func=lambda key: _label(by_id[key]),
                key=f"evaluate.result.{method}.{run.run_id}.{len(found)}",
            )
            or chosen
        )
    result = by_id[chosen]
    st.caption(
        f"{counted(result.validation.fits, 'training')} in {duration(result.seconds)}, "
        f"{when(result.created_at)} by {escape(result.created_by)}."
    )
    for note in result.validation.notes:
        st.caption(prose(note))
    return result


def _label(result: Result) -> str:
    return f"{when(result.created_at)} · {counted(result.validation.fits, 'training')}"


def _asked(ws: Workspace, run: Run, method: Method, key: str) -> ValidationSpec | None:
    """Show the few settings of a method; None while a column is needed that is not there."""
    values: dict[str, Any] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if method != "folds":
            column = _column(ws, run, method, key)
            if column is None:
                st.info(
                    f"There is no column to divide by {method}. Give one the role `{method}` on Data.",
                    icon=":material/info:",
                )
                return None
            values[f"{method}_column"] = column
        values["folds"] = int(
            st.number_input("Folds", 2, 20, 5, key=f"{key}.folds", persist_state="session", width=120)
        )
        if method == "folds":
            values["repeats"] = int(
                st.number_input("Rounds", 1, 20, 1, key=f"{key}.repeats", persist_state="session", width=120)
            )
    return ValidationSpec(run=run.run_id, method=method, **values)


def _column(ws: Workspace, run: Run, method: Method, key: str) -> str | None:
    version = datasets.get(ws, run.version_id)
    if method == "time":
        known = [c.name for c in version.schema if c.role == "time" or c.kind in TEMPORAL]
    else:
        known = [c.name for c in version.schema if c.role == "group"]
        known += [
            c.name
            for c in version.schema
            if c.role != "group"
            and c.kind in ("category", "integer", "boolean")
            and c.role not in ("id", "target")
        ]
    named = run.spec["split"].get(f"{method}_column")
    known = sorted(known, key=lambda name: name != named)
    if not known:
        return None
    return st.selectbox(
        "Time column" if method == "time" else "Group column",
        known,
        key=f"{key}.column",
        persist_state="session",
        filter_mode="contains",
        width=260,
    )


def _folds(result: Result, run: Measure) -> None:
    found = result.validation
    summary = found.summary["auc"]
    st.markdown(f"**{in_words(found, run)}**")
    ui.metrics(
        [
            (
                MEASURES[key][0],
                measure(item.mean),
                f"{MEASURES[key][1]} Mean over {item.folds} folds; from {measure(item.lowest)} to "
                f"{measure(item.highest)}.",
            )
            for key, item in found.summary.items()
            if key in MEASURES
        ]
    )
    spreads = [
        f"{MEASURES[key][0]} {measure(item.spread)}"
        for key, item in found.summary.items()
        if key in MEASURES and math.isfinite(item.spread)
    ]
    if spreads:
        st.caption(f"Standard deviation over the folds: {', '.join(spreads)}.")
    if math.isfinite(summary.low):
        st.caption(
            f"95% interval of the mean AUC: {interval(summary.low, summary.high)}. Folds share training "
            "rows, which the interval allows for (Nadeau and Bengio 2003)."
        )
    ui.chart(
        charts.folds(found.folds, summary, run=run),
        _data(found),
        "AUC by fold",
        note="95% DeLong intervals: what chance in a fold's own rows explains.",
        key=f"evaluate.chart.{result.validation_id}",
        alt=f"AUC of {len(found.folds)} folds, mean {measure(summary.mean)}",
    )
    table(_table(found), "Folds", key=f"evaluate.folds.{result.validation_id}")


def in_words(found: Validation, run: Measure) -> str:
    """Say what folds have shown, beside what the run's own test rows say."""
    summary = found.summary["auc"]
    if not summary.folds:
        return "AUC is undefined in every fold: each holds one class only."
    spread = f", give or take {measure(summary.spread)}" if math.isfinite(summary.spread) else ""
    text = f"AUC {measure(summary.mean)} over {counted(summary.folds, 'fold')}{spread}. "
    if not (math.isfinite(run.value) and math.isfinite(summary.spread)):
        return text.strip()
    gap = run.value - summary.mean
    if abs(gap) <= 2 * summary.spread:
        return f"{text}The run's test rows said {measure(run.value)}: that fits."
    word = "more" if gap > 0 else "less"
    return f"{text}The run's test rows said {measure(run.value)}: {word} than other rows do."


def _data(found: Validation) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "fold": fold.label,
                "train_rows": fold.train_rows,
                "rows": fold.rows,
                "bads": fold.bads,
                **fold.measures,
                "auc_low": fold.auc.low,
                "auc_high": fold.auc.high,
                "seconds": fold.seconds,
            }
            for fold in found.folds
        ]
    )


def _table(found: Validation) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Fold": [fold.label for fold in found.folds],
            "AUC": [
                f"{measure(fold.auc.value)} ({interval(fold.auc.low, fold.auc.high)})" for fold in found.folds
            ],
            **{
                MEASURES[key][0]: [measure(fold.measures[key]) for fold in found.folds]
                for key in ("average_precision", "ks", "brier", "log_loss")
            },
            "Trained on": [count(fold.train_rows) for fold in found.folds],
            "Rows": [count(fold.rows) for fold in found.folds],
            "Bads": [count(fold.bads) for fold in found.folds],
            "Took": [duration(fold.seconds) for fold in found.folds],
        }
    )
