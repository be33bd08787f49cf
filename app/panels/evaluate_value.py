"""Value: what a run is worth in money, and two runs at the same approval rate or the same bad rate."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from aimass_core.decide.default import DEFAULT_COSTS
from aimass_core.decide.policy import PolicyKind
from aimass_core.evaluate.report import Report
from aimass_core.evaluate.value import Payoff, Value
from aimass_core.settings import settings
from aimass_core.workflows import scrutiny
from aimass_core.workflows.scrutiny import SameRates
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache_scrutiny, ui
from app.charts import scrutiny as charts
from app.panels.evaluate_compare import other_run
from app.text import count, escape, money, share

_CELLS: dict[str, dict[str, str]] = {
    "credit": {
        "good_passed": "Good approved",
        "bad_passed": "Bad approved",
        "good_flagged": "Good declined",
        "bad_flagged": "Bad declined",
    },
    "fraud": {
        "good_passed": "Genuine allowed",
        "bad_passed": "Fraud allowed",
        "good_flagged": "Genuine blocked",
        "bad_flagged": "Fraud blocked",
    },
}
_HELP = {
    "good_passed": "Margin earned on it.",
    "bad_passed": "Loss on it: below 0.",
    "good_flagged": "Cost of a review, or of a customer lost: below 0.",
    "bad_flagged": "Cost of a review: below 0; what was saved is counted by not being lost.",
}
_HELD = {"approval": "Same approval rate", "bad_rate": "Same bad rate"}


def payoff_of(ws: Workspace, run: Run) -> Payoff:
    """Return what was kept for a run, or else what its kind starts with."""
    kept = scrutiny.payoff(ws, run.run_id)
    if kept is not None:
        return kept
    costs = DEFAULT_COSTS["fraud" if run.spec["kind"] == "fraud" else "credit"]
    return Payoff(good_passed=costs.false_positive, bad_passed=-costs.false_negative)


def show(ws: Workspace, run: Run, report: Report) -> None:
    """Show the money at each cut-off, then the comparison at one rate with another run."""
    st.caption("What one row of each outcome brings, or costs when below 0. It is kept for this run.")
    payoff, currency = _amounts(ws, run)
    found = cache_scrutiny.value(ws, run.run_id, payoff)
    st.markdown(f"**{in_words(found, currency)}**")
    _figures(found, currency, run.spec["kind"])
    ui.chart(
        charts.profit(found, currency=currency),
        pd.DataFrame(
            {
                "threshold": found.cutoffs.threshold,
                "profit": found.profit,
                "tp": found.cutoffs.tp,
                "fp": found.cutoffs.fp,
                "tn": found.cutoffs.tn,
                "fn": found.cutoffs.fn,
            }
        ),
        "Profit by cut-off",
        note=f"On {count(report.rows)} test rows; the dotted line lets every row through.",
        alt=f"Profit at each cut-off; highest at {share(found.best.threshold, 2)}",
    )
    st.markdown("**Two runs at the same rate**")
    other = other_run(ws, run, key="evaluate.value.other")
    if other is not None:
        _same_rate(ws, run, other, report)


def _amounts(ws: Workspace, run: Run) -> tuple[Payoff, str]:
    before, unit = payoff_of(ws, run), scrutiny.currency(ws, run.run_id)
    names = _CELLS["fraud" if run.spec["kind"] == "fraud" else "credit"]
    key = f"evaluate.payoff.{run.run_id}"
    values: dict[str, float] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for field, name in names.items():
            values[field] = float(
                st.number_input(
                    name,
                    value=float(getattr(before, field)),
                    step=1.0,
                    format="%.2f",
                    key=f"{key}.{field}",
                    help=_HELP[field],
                    width=160,
                )
            )
        currency = st.text_input(
            "Currency", value=unit, max_chars=8, placeholder="EUR", key=f"{key}.currency", width=110
        ).strip()
    payoff = Payoff(**values)
    if payoff != before or currency != unit:
        scrutiny.keep_payoff(ws, run.run_id, payoff, currency=currency, actor=settings().user)
    return payoff, currency


def in_words(found: Value, currency: str) -> str:
    """Say which cut-off is best, how sure that is, and what it brings."""
    unit = escape(currency)
    text = f"Best cut-off {share(found.best.threshold)}"
    if math.isfinite(found.cutoff_low):
        text += f" (95% interval {share(found.cutoff_low)} to {share(found.cutoff_high)})"
    gain = found.best_profit - max(found.pass_all, found.flag_all)
    if gain <= 0:
        return f"{text}: with these amounts no cut-off earns more than treating all rows alike."
    return f"{text}: {money(gain, unit)} more than treating all rows alike."


def _figures(found: Value, currency: str, kind: PolicyKind) -> None:
    unit = escape(currency)
    per_row = found.best_profit / found.rows if found.rows else math.nan
    passed = "Approved" if kind == "credit" else "Allowed"
    ui.metrics(
        [
            ("Best profit", money(found.best_profit, unit), "On the test rows, at the best cut-off."),
            (
                "To be expected",
                money(found.expected_profit, unit),
                "On as many new rows: less what choosing the cut-off on these very rows flatters "
                "(bootstrap).",
            ),
            ("Per row", money(per_row, unit), "Profit at the best cut-off divided by all rows."),
            (passed, share(found.best.approval_rate), "Share of rows below the best cut-off."),
            ("If all pass", money(found.pass_all, unit), "Every row let through."),
            ("If none passes", money(found.flag_all, unit), "Every row flagged."),
        ]
    )
    st.caption(
        f"95% interval of the profit there: {money(found.best_low, unit)} to {money(found.best_high, unit)}. "
        f"Were probabilities perfectly calibrated, {share(found.break_even)} would be the best cut-off."
    )


def _same_rate(ws: Workspace, run: Run, other: Run, report: Report) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        held = st.segmented_control(
            "Held equal",
            list(_HELD),
            default="approval",
            required=True,
            format_func=_HELD.__getitem__,
            key="evaluate.value.held",
            persist_state="session",
            wrap=True,
        )
        start = 70.0 if held == "approval" else min(99.0, max(0.1, round(50 * report.bad_rate, 1)))
        at = st.number_input(
            f"{_HELD[held]}, %",
            0.1,
            100.0,
            start,
            step=1.0 if held == "approval" else 0.5,
            format="%.1f",
            key=f"evaluate.value.at.{held}.{run.version_id}",
            width=180,
        )
    found = cache_scrutiny.same_rate(
        ws, run.run_id, other.run_id, "bad_rate" if held == "bad_rate" else "approval", at / 100
    )
    st.markdown(f"**{rate_in_words(found)}**")
    ui.chart(
        charts.trade_offs({found.a: found.line_a, found.b: found.line_b}),
        pd.DataFrame(
            [
                {"run": name, "approval": approval, "bad_rate": bad_rate, "threshold": threshold}
                for name, line in ((found.a, found.line_a), (found.b, found.line_b))
                for approval, bad_rate, threshold in zip(
                    line.approval, line.bad_rate, line.threshold, strict=True
                )
            ]
        ),
        "Bad rate at each approval rate",
        note=f"On {count(found.held.rows)} rows both were tested on; the lower line is better.",
        alt="Bad rate of those approved at each approval rate, for two runs",
    )


def rate_in_words(found: SameRates) -> str:
    """Say how two runs compare with one rate held equal."""
    same = found.held
    a, b = escape(found.a), escape(found.b)
    if same.held == "approval":
        text = (
            f"Approving {share(same.at)}, {a} lets {share(same.a, 2)} bads through and {b} {share(same.b, 2)}"
        )
    else:
        text = f"At a bad rate of {share(same.at)}, {a} can approve {share(same.a)} and {b} {share(same.b)}"
    span = f"difference {_points(same.value)} (95% interval {_points(same.low)} to {_points(same.high)})"
    if not math.isfinite(same.low):
        return f"{text}."
    if same.verdict == "open":
        return f"{text}; they cannot be told apart: {span}."
    return f"{text}; {a if same.verdict == 'a' else b} is better: {span}."


def _points(value: float) -> str:
    return f"{100 * value:+.2f} points"
