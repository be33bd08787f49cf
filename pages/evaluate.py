"""Evaluate: compare runs, look at one in full, choose its cut-off, register it as a model."""

from __future__ import annotations

from aimass_core.workspace import runs
from app import cache, state, ui
from app.context import runner, workspace
from app.panels import (
    evaluate_board,
    evaluate_calibration,
    evaluate_cost,
    evaluate_curves,
    evaluate_cutoff,
    evaluate_learnt,
    evaluate_members,
    evaluate_register,
    evaluate_run,
    evaluate_scrutiny,
    evaluate_unusual,
    scorecard_bins,
)

ui.header("evaluate")
ws = workspace()
if not runs.names(ws):
    ui.empty(
        "There is no run yet",
        "Train one or more models; they are compared here on rows they never saw.",
        page="train",
        label="Train a model",
    )
else:
    ui.section("Runs side by side")
    chosen = evaluate_board.show(ws)
    if chosen:
        found = {runs.get(ws, key).name: cache.report(ws, key) for key in chosen}
        reports = {name: report for name, report in found.items() if report.labelled}
        if reports:
            evaluate_curves.show(reports)
    ui.section("One run in full")
    run = state.pick_run(ws)
    if run is not None:
        report = cache.report(ws, run.run_id)
        if report.labelled:
            evaluate_run.measures(report)
            evaluate_cost.show(ws, run)
            evaluate_run.spread(report)
            evaluate_members.show(ws, run)
            evaluate_calibration.show(ws, run)
            evaluate_calibration.tried(ws, run)
            ui.section("Cut-off", help="From which probability on a case is declined or blocked.")
            evaluate_cutoff.show(report, run.spec["kind"], run.run_id)
            ui.section(
                "A closer look", help="Questions that one number on one set of test rows cannot answer."
            )
            evaluate_scrutiny.show(ws, run, report)
        else:
            evaluate_unusual.show(ws, run, report)
        evaluate_learnt.show(ws, run)
        if scorecard_bins.offered(ws, run):
            ui.section("Points and bins", help="What each bin holds and adds; change bins by hand.")
            scorecard_bins.show(ws, runner(), run)
        ui.section("Register")
        evaluate_register.show(ws, run)
