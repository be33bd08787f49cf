"""What the sample bank tells its customers: sentences for the reasons against a case."""

from __future__ import annotations

from collections.abc import Callable

from aimass_core.workflows import wording
from aimass_core.workspace import wording as kept
from aimass_core.workspace.connection import Workspace

OWNER = "Sample bank, lending policy"

SENTENCES: dict[str, dict[str, str]] = {
    "applications": {
        "amount": "The amount you asked for, {value}, is high for this product; {typical} is typical.",
        "term_months": "The term you asked for, {value} months, adds to the risk.",
        "purpose": "Loans for the purpose you named ({value}) are repaid less often than others.",
        "channel": "Applications that reach us this way ({value}) are repaid less often than others.",
        "region": "Loans in your region ({value}) are repaid less often than in others.",
        "occupation": "Your present occupation ({value}) gives less certainty about your income.",
        "housing": "Your housing situation ({value}) adds to your monthly obligations.",
        "employment_years": "Years with your employer ({value}); {typical} is typical.",
        "monthly_income": "Your monthly income ({value}) is low or not shown; {typical} is typical.",
        "existing_loans": "You have {value} other loans to repay.",
        "card_utilisation_pct": "You use {value} % of your card limits; {typical} % is typical.",
        "late_payments_24m": "You paid late {value} times in the last 24 months.",
        "months_since_late": "Months since your last late payment: {value}.",
        "bureau_score": "Your credit bureau score ({value}); {typical} is typical.",
        "debt_to_income_pct": "Your debts take {value} % of your income; {typical} % is typical.",
        "interest_rate_pct": "The rate your risk class calls for, {value} %, makes the loan hard to carry.",
    },
    "transactions": {
        "amount": "The amount of {value} is unusual for a card payment.",
        "merchant_category": "Payments to this kind of merchant ({value}) are often not the cardholder's.",
        "entry_mode": "The card was used in a way ({value}) that is often misused.",
        "country": "The payment came from a country ({value}) that is unusual for the card.",
        "distance_km": "The payment was made {value} km from your home.",
        "minutes_since_last": "Only {value} minutes had passed since the card's last payment.",
        "amount_to_usual": "The amount is {value} times what is usual on this card.",
        "new_device": "The payment was made from a device that had not been seen with this card.",
    },
}
"""Sentences for the customer by data set and feature, where the feature speaks against the case."""


def ensure(ws: Workspace, *, actor: str, doing: Callable[[str], None]) -> None:
    """Set the sentences of each data set that has no dictionary yet."""
    for dataset, sentences in SENTENCES.items():
        if kept.version(ws, dataset):
            continue
        doing(f"Wording the reasons of {dataset}")
        rows = [
            {
                "feature": feature,
                "direction": "raises",
                "customer": text,
                "reviewer": "",
                "owner": OWNER,
            }
            for feature, text in sentences.items()
        ]
        wording.save(ws, dataset, rows, actor=actor)
