"""A scorecard's points: bins of each feature, edits by hand tried at once, files to take away."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from aimass_core.errors import SettingsError
from aimass_core.jobs.runner import Runner
from aimass_core.models.families.scorecard import BinEdit
from aimass_core.models.scorecard_table import BinRow, words
from aimass_core.settings import settings
from aimass_core.workflows import binning, evaluating, scorecard_export, training
from aimass_core.workflows.binning import FeatureBins, Preview
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import nav, state, ui
from app.boundary import live, show_error
from app.charts import scorecard as charts
from app.exports import excel_bytes, file_name
from app.panels import scorecard_draft, scorecard_edit
from app.tables import table
from app.text import code, count, counted, escape, measure, number, prose, share


def offered(ws: Workspace, run: Run) -> bool:
    """Whether a run's model has bins to show."""
    return binning.offers_bins(ws, run.run_id)


@live()
def show(ws: Workspace, runner: Runner[Workspace], run: Run) -> None:
    """Show the points of a scorecard run; the panel reruns on its own."""
    card = binning.scorecard(ws, run.run_id)
    trained = binning.edits_of(card)
    edits = scorecard_draft.get(run.run_id, trained)
    scorecard_draft.write(run.run_id, edits, trained)
    found = {item.feature: item for item in binning.features(ws, run.run_id)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        feature = st.selectbox(
            "Feature",
            list(found),
            format_func=lambda name: f"{name} · information value {found[name].information:.3f}",
            key=f"bins.feature.{run.run_id}",
            persist_state="session",
            filter_mode="contains",
            width=420,
        )
        editing = st.toggle(
            "Edit the bins",
            value=edits != trained,
            key=f"bins.edit.{run.run_id}",
            persist_state="session",
            help="Tried at once on the rows the run learnt from; nothing changes until you train again.",
        )
    names = card.column_names
    reads = binning.shown(evaluating.bundle(ws, run.run_id), names.index(feature))
    tried, pending = None, None
    if editing:
        tried, pending = _edit(ws, run, feature, edits, trained, reads)
    edited = edits != trained or pending is not None
    if tried is not None and edited:
        _effect(tried)
    _bins(found[feature] if tried is None else tried.after, reads, edited=edited)
    if editing:
        _record(ws, runner, run, edits, trained, pending)
    elif trained:
        _listed(ws, run, trained, 0, "Edits this run was trained with")
    _downloads(ws, run, edited=edits != trained)


def _edit(
    ws: Workspace,
    run: Run,
    feature: str,
    edits: tuple[BinEdit, ...],
    trained: tuple[BinEdit, ...],
    reads: scorecard_edit.Show,
) -> tuple[Preview | None, BinEdit | None]:
    """Show the controls; return what the draft with the edit in hand makes of the feature, and that edit."""
    try:
        now = binning.preview(ws, run.run_id, feature, edits)
    except SettingsError as error:
        show_error(error)
        if st.button("Back to the bins as trained", icon=":material/restart_alt:", key="bins.restart"):
            scorecard_draft.put(run.run_id, trained, trained)
            st.rerun()
        return None, None
    with st.container(border=True):
        key = f"bins.{run.run_id}.{scorecard_draft.turn(run.run_id)}.{feature}"
        pending = scorecard_edit.controls(ws, run.run_id, now.after.rows, reads, key)
        tried = now
        if pending is not None:
            try:
                tried = binning.preview(ws, run.run_id, feature, (*edits, pending))
            except SettingsError as error:
                show_error(error)
                pending = None
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Keep this edit",
                icon=":material/check:",
                type="primary",
                disabled=pending is None,
                key=f"bins.keep.{run.run_id}",
            ):
                scorecard_draft.put(run.run_id, (*edits, *([pending] if pending else [])), trained)
                st.rerun()
            st.caption("The table and the charts below show it already." if pending else "Choose a change.")
    return tried, pending


def _bins(item: FeatureBins, reads: scorecard_edit.Show, *, edited: bool) -> None:
    rows = [row for row in item.rows if row.rows > 0 or row.kind in ("range", "labels", "special")]
    names = [words(row, reads) for row in rows]
    frame = _frame(rows, names)
    trend = f" Its bad rate runs {item.trend}." if item.trend else ""
    st.caption(
        f"{code(item.feature)}: information value {measure(item.information)} over {count(len(rows))} bins."
        f"{trend}" + (" **As edited, not trained yet.**" if edited else "")
    )
    total, bads = sum(row.rows for row in rows), sum(row.bads for row in rows)
    left, right = st.columns(2)
    with left:
        ui.chart(
            charts.rates(rows, names, bad_rate=bads / total if total else 0.0),
            frame,
            "Risk of the bins",
            key="bins.chart.rates",
            note="Training rows. Dashed: all of them.",
            alt="Bad rate and share of the training rows of each bin",
        )
    with right:
        ui.chart(
            charts.points(rows, names),
            frame,
            "Points of the bins",
            key="bins.chart.points",
            note="Above 0 is safer than the mean row.",
            alt="Points of each bin less their mean over the training rows",
        )
    table(frame, f"Bins of {item.feature}", key="bins.table")


def _frame(rows: Sequence[BinRow], names: Sequence[str]) -> pd.DataFrame:
    total = sum(row.rows for row in rows) or 1.0
    return pd.DataFrame(
        {
            "Bin": list(names),
            "Rows": [count(row.rows) for row in rows],
            "Share": [share(row.rows / total) for row in rows],
            "Bads": [count(row.bads) for row in rows],
            "Bad rate": [share(row.bad_rate) for row in rows],
            "Weight of evidence": [measure(row.evidence) for row in rows],
            "Information value": [measure(row.information, 4) for row in rows],
            "Points": [measure(row.points, 1) for row in rows],
        }
    )


def _effect(tried: Preview) -> None:
    before, after = tried.before.information, tried.after.information
    items = [
        (
            "Information",
            measure(after),
            f"Information value of this feature: {measure(before)} as trained. From 0.02 weak, 0.1 medium, "
            "0.3 strong (Siddiqi 2006).",
        )
    ]
    for effect in tried.effects:
        short = {"training": "train", "validation": "valid."}[effect.part]
        items.append(
            (
                f"AUC {short}",
                measure(effect.auc[1], 4),
                f"{measure(effect.auc[0], 4)} as trained, on {count(effect.rows)} {effect.part} rows.",
            )
        )
        items.append(
            (
                f"Log loss {short}",
                measure(effect.log_loss[1], 4),
                f"{measure(effect.log_loss[0], 4)} as trained. Lower is better.",
            )
        )
    ui.metrics(items)
    changes = ", ".join(f"{effect.part} AUC {effect.auc[1] - effect.auc[0]:+.4f}" for effect in tried.effects)
    st.caption(
        f"Against the run as trained: information value {after - before:+.4f}, {changes}. Points of the "
        "other features are kept as they are; training again settles all of them together."
    )


def _record(
    ws: Workspace,
    runner: Runner[Workspace],
    run: Run,
    edits: tuple[BinEdit, ...],
    trained: tuple[BinEdit, ...],
    pending: BinEdit | None,
) -> None:
    """Show the edits so far with undo, and the button that trains with them."""
    _listed(ws, run, edits, len(trained), "Edits, in order")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Undo the last", icon=":material/undo:", disabled=not edits, key="bins.undo"):
            scorecard_draft.put(run.run_id, edits[:-1], trained)
            st.rerun()
        if st.button(
            "Back to the bins as trained",
            icon=":material/restart_alt:",
            disabled=edits == trained,
            key="bins.reset",
        ):
            scorecard_draft.put(run.run_id, trained, trained)
            st.rerun()
        if st.button(
            "Train with these bins",
            icon=":material/play_arrow:",
            type="primary",
            disabled=edits == trained or pending is not None,
            key="bins.train",
        ):
            spec = training.check(ws, binning.retraining(ws, run.run_id, edits))
            runner.submit(training.KIND, spec.name, spec.model_dump(mode="json"), actor=settings().user)
            state.flash(
                f"Training of {escape(spec.name)} queued with {counted(len(edits), 'edit')} of bins.",
                ":material/play_circle:",
            )
            nav.go_to("train", {state.DATASET: spec.dataset})
    if pending is not None:
        st.caption("Keep or take back the edit in hand before you train.")


def _listed(ws: Workspace, run: Run, edits: tuple[BinEdit, ...], trained: int, title: str) -> None:
    """Show edits in words; the first `trained` of them are marked as part of the run."""
    if not edits:
        st.caption("No edits: the bins are as they were learnt.")
        return
    texts = binning.edit_texts(ws, run.run_id, edits)
    lines = [
        f"{k}. {code(edit.feature)}: {escape(text)}" + (" (trained)" if k <= trained else "")
        for k, (edit, text) in enumerate(zip(edits, texts, strict=True), start=1)
    ]
    st.markdown(f"**{title}**\n\n" + "\n".join(lines))


def _downloads(ws: Workspace, run: Run, *, edited: bool) -> None:
    name = file_name(run.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        ui.download(
            "Points as Excel",
            lambda: excel_bytes(scorecard_export.points_tables(ws, run.run_id)),
            f"{name}.xlsx",
            key="bins.excel",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )
        try:
            sql = scorecard_export.sql(ws, run.run_id)
        except SettingsError as error:
            st.caption(prose(f"No SQL: {error.expected}; {error.came}. {error.todo}."))
        else:
            ui.download(
                "Score as SQL",
                sql.encode("utf-8"),
                f"{name}.sql",
                key="bins.sql",
                mime="application/sql",
                help="One SELECT for DuckDB and PostgreSQL: raw rows in, the same score out.",
            )
        if edited:
            st.caption("The files hold the run as trained, without the edits above.")
    offset, factor = binning.scorecard(ws, run.run_id).scaling
    st.caption(
        f"Score = {number(offset, 6)} − {number(factor, 6)} × log-odds of the bad outcome: the sum of the "
        "points of a row's bins. High is safe."
    )
