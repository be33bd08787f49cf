"""The reasons of one score: waterfall, ranked reasons, and everything behind them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from aimass_core.explain.reasons import Reason, Reasons
from aimass_core.explain.wording import unworded
from app import ui
from app.charts import shapley
from app.text import code, counted, escape, prose, share


def chart(reasons: Reasons, *, base: float, log_odds: float, probability: float, key: str) -> None:
    """Show the waterfall of one row, with all contributions as its data."""
    found = every(reasons)
    ui.chart(
        shapley.waterfall(found, base=base, log_odds=log_odds),
        pd.DataFrame(
            {
                "feature": ["(reference)", *(reason.feature for reason in found), "(this row)"],
                "value": ["", *(reason.value for reason in found), ""],
                "typical": ["", *(reason.typical for reason in found), ""],
                "log_odds": [base, *(reason.contribution for reason in found), log_odds],
                "standard_error": [None, *(reason.error for reason in found), None],
            }
        ),
        "From the reference to this score",
        key=key,
        note="Orange raises the risk, blue lowers it."
        + (" Whiskers and ±: 95% intervals." if any(reason.error for reason in found) else ""),
        alt=f"Waterfall of the score: probability {share(probability)}. "
        + "; ".join(f"{reason.feature} {reason.contribution:+.3f}" for reason in found[:5]),
    )


def ranked(reasons: Reasons, *, key: str) -> None:
    """Show the principal reasons; what else spoke against and for the row is one click away."""
    if reasons.principal:
        st.markdown("**Principal reasons against**")
        customer = st.toggle("As the customer would read them", key=f"{key}.customer")
        st.markdown(_listed(reasons.principal, customer=customer))
        missing = unworded(reasons.principal)
        if missing:
            st.caption(
                f"{missing} of {counted(len(reasons.principal), 'principal reason')} without a sentence for "
                "the customer; write it in the view Wording of the Explain page."
            )
    else:
        st.markdown("No feature speaks against this row.")
    if reasons.tail and st.toggle(
        f"{counted(len(reasons.tail), 'further reason')} against", key=f"{key}.tail"
    ):
        st.markdown(_listed(reasons.tail, start=len(reasons.principal) + 1))
    if reasons.favourable and st.toggle(
        f"{counted(len(reasons.favourable), 'reason')} in favour", key=f"{key}.favourable"
    ):
        st.markdown(_listed(reasons.favourable))


def every(reasons: Reasons) -> list[Reason]:
    """Return all reasons, strongest first, whichever way they point."""
    found = [*reasons.principal, *reasons.tail, *reasons.favourable]
    return sorted(found, key=lambda reason: -abs(reason.contribution))


def _listed(reasons: Sequence[Reason], start: int = 1, *, customer: bool = False) -> str:
    said = _to_customer if customer else _to_reviewer
    return "\n".join(f"{number}. {said(reason)}" for number, reason in enumerate(reasons, start=start))


def _to_customer(reason: Reason) -> str:
    return prose(reason.customer) if reason.customer else f"*No sentence yet for* {code(reason.feature)}"


def _to_reviewer(reason: Reason) -> str:
    error = f" ± {1.96 * reason.error:.3f}" if reason.error else ""
    effect = f"{reason.contribution:+.3f}".replace("-", "−")
    return f"{prose(reason.text)} **{escape(f'{effect}{error} log-odds')}**"
