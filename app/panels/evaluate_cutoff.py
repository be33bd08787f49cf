"""The cut-off of one run: what each error costs, which cut-off is cheapest, what happens at any other."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.decide.default import DEFAULT_COSTS, Costs
from aimass_core.decide.policy import PolicyKind
from aimass_core.evaluate.cutoff import BestCutoff, Confusion, CutoffTable, best_cutoff
from aimass_core.evaluate.report import Report
from app import ui
from app.boundary import live
from app.charts import cutoff
from app.text import count, money, share

_WORDS: dict[str, tuple[str, str]] = {
    "credit": ("a good applicant declined", "a bad applicant approved"),
    "fraud": ("a genuine payment blocked", "a fraud allowed"),
}
_PASSED = {"credit": "Approval rate", "fraud": "Share allowed"}


def costs(kind: PolicyKind) -> tuple[Costs, str]:
    """Show the boxes for what each error costs; return the costs and the currency."""
    false_positive, false_negative = _WORDS[kind]
    start = DEFAULT_COSTS[kind]
    left, middle, right = st.columns(3)
    fp = left.number_input(
        f"Cost of {false_positive}",
        min_value=0.0,
        value=start.false_positive,
        step=1.0,
        format="%.2f",
        key=f"cost.{kind}.false_positive",
        persist_state="session",
        help="Margin not earned, or a customer annoyed. Only the ratio of the two moves the best cut-off.",
    )
    fn = middle.number_input(
        f"Cost of {false_negative}",
        min_value=0.0,
        value=start.false_negative,
        step=1.0,
        format="%.2f",
        key=f"cost.{kind}.false_negative",
        persist_state="session",
        help="Loss given default, or the amount of the fraud.",
    )
    currency = right.text_input(
        "Currency", max_chars=8, placeholder="EUR", key="cost.currency", persist_state="session"
    )
    return Costs(false_positive=fp, false_negative=fn), currency.strip()


@live()
def show(report: Report, kind: PolicyKind, run_id: str) -> None:
    """Show costs, the slider and what happens at the chosen cut-off."""
    stated, currency = costs(kind)
    table = report.cutoffs
    best = best_cutoff(
        table, cost_false_positive=stated.false_positive, cost_false_negative=stated.false_negative
    )
    key = f"evaluate.cutoff.{run_id}"
    if st.button(
        f"Go to the best: {share(best.confusion.threshold, 2)}", icon=":material/target:", key=f"{key}.best"
    ):
        st.session_state[key] = best.confusion.threshold
    if key not in st.session_state:
        st.session_state[key] = best.confusion.threshold
    chosen = table.at(
        st.select_slider(
            "Cut-off: decline or block from this probability on"
            if kind == "credit"
            else "Cut-off: block from this probability on",
            options=list(table.threshold),
            format_func=lambda value: share(value, 2),
            key=key,
            persist_state="session",
        )
    )
    _figures(chosen, best, stated, currency, kind, report)
    left, right = st.columns([3, 2])
    with left:
        ui.chart(
            cutoff.cost(
                table,
                cost_false_positive=stated.false_positive,
                cost_false_negative=stated.false_negative,
                best=best.confusion.threshold,
                chosen=chosen.threshold,
                currency=currency,
            ),
            _frame(table, stated),
            "Cost of errors by cut-off",
            note=f"Exact at {count(len(table))} thresholds, on {count(report.rows)} test rows.",
            alt=f"Cost of errors at each cut-off; lowest at {share(best.confusion.threshold, 2)}, "
            f"chosen {share(chosen.threshold, 2)}",
        )
    with right:
        st.markdown("**Confusion matrix**")
        st.table(_matrix(chosen, kind), alt="Confusion matrix at the chosen cut-off")
        st.caption(
            f"Flagged means a probability of {share(chosen.threshold, 2)} or more. "
            f"Precision {share(chosen.precision)}, recall {share(chosen.recall)}, "
            f"false positive rate {share(chosen.false_positive_rate)}."
        )


def _figures(
    chosen: Confusion, best: BestCutoff, stated: Costs, currency: str, kind: PolicyKind, report: Report
) -> None:
    cost = chosen.cost(cost_false_positive=stated.false_positive, cost_false_negative=stated.false_negative)
    flag = "Decline" if kind == "credit" else "Block"
    ui.metrics(
        [
            (_PASSED[kind], share(chosen.approval_rate), "Share of the test rows below the cut-off."),
            (
                "Bads passed",
                share(chosen.accepted_bad_rate),
                f"Share of bads among the rows let through; among all rows it is {share(report.bad_rate)}.",
            ),
            ("Bads caught", share(chosen.recall), "Share of all bads at or above the cut-off."),
            ("Cost of errors", money(cost, currency), "On the test rows, at the chosen cut-off."),
            (
                "Lowest cost",
                money(best.cost, currency),
                f"At the best cut-off, {share(best.confusion.threshold, 2)}.",
            ),
            (
                f"If you {flag.lower()} none",
                money(best.cost_flag_none, currency),
                "What the model is measured against.",
            ),
        ]
    )
    above = cost - best.cost
    if above > 0:
        st.caption(
            f"The chosen cut-off costs {money(above, currency)} more than the best one on these rows. "
            f"Were the probabilities perfectly calibrated, {share(best.break_even, 2)} would be best."
        )
    else:
        st.caption(
            "This is the cheapest cut-off for these costs. "
            f"Were the probabilities perfectly calibrated, {share(best.break_even, 2)} would be best."
        )


def _matrix(chosen: Confusion, kind: PolicyKind) -> pd.DataFrame:
    passed, flagged = ("Approved", "Declined") if kind == "credit" else ("Allowed", "Blocked")
    cells = [[chosen.tn, chosen.fp], [chosen.fn, chosen.tp]]
    rows = chosen.rows or 1
    text = [[f"{count(value)} ({share(value / rows)})" for value in row] for row in cells]
    return pd.DataFrame(text, index=["Really good", "Really bad"], columns=[passed, flagged])


def _frame(table: CutoffTable, stated: Costs) -> pd.DataFrame:
    found = pd.DataFrame(table.model_dump())
    found["cost"] = table.costs(
        cost_false_positive=stated.false_positive, cost_false_negative=stated.false_negative
    )
    return found
