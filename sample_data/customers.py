"""Customers of the fictitious bank and their loan applications, with the true probability of default."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

START = np.datetime64("2024-01-01", "s")
DAYS = 366
DRIFT_FROM = np.datetime64("2024-11-01", "s")
"""From this day on the bank sells through a comparison site: riskier, more indebted applicants."""

_FIRST = (
    *("Ana", "Ben", "Cora", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ida", "Jon"),
    *("Kim", "Lea", "Max", "Nia", "Omar", "Pia", "Quinn", "Rosa", "Sam", "Tia"),
)
_LAST = (
    *("Abel", "Brandt", "Costa", "Dietz", "Evans", "Fischer", "Garcia", "Huber"),
    *("Ito", "Jensen", "Kraus", "Lund", "Meyer", "Novak", "Ortiz"),
)
_REGIONS = np.array(["North", "East", "South", "West", "Capital", "Islands"])
_OCCUPATIONS = np.array(["employee", "public service", "self-employed", "student", "retired", "out of work"])
_HOUSING = np.array(["rent", "own", "mortgage", "with family"])
_PURPOSES = np.array(["car", "home improvement", "debt consolidation", "travel", "medical", "business"])


@dataclass(frozen=True)
class People:
    """Customers (one row each) and the hidden traits that drive everything they do."""

    table: pd.DataFrame
    prudence: np.ndarray
    """Standard normal, shape (customers,); higher pays on time."""
    taste: np.ndarray
    """Spending style 0…4, shape (customers,)."""


def make_people(rng: np.random.Generator, count: int, first: int) -> People:
    """Make ``count`` customers numbered from ``first``."""
    age = np.clip(rng.gamma(3.2, 8.0, count) + 18, 18, 88)
    occupation = rng.choice(6, count, p=[0.52, 0.16, 0.12, 0.07, 0.09, 0.04])
    occupation = np.where(age > 67, 4, occupation)
    prudence = rng.normal(size=count)
    pay = np.array([3000, 3200, 3100, 1100, 1900, 1000])[occupation]
    income = pay * np.exp(0.35 * rng.normal(size=count) + 0.10 * prudence) * (0.8 + age / 150)
    names = rng.choice(_FIRST, count).astype(object) + " " + rng.choice(_LAST, count).astype(object)
    numbers = np.arange(first, first + count)
    table = pd.DataFrame(
        {
            "customer_id": [f"C{n:08d}" for n in numbers],
            "name": names,
            "email": [
                f"{n.lower().replace(' ', '.')}{k}@example.com" for n, k in zip(names, numbers, strict=True)
            ],
            "sex": rng.choice(["F", "M"], count, p=[0.51, 0.49]),
            "birth_date": (START - (age * 365.25).astype(int).astype("timedelta64[D]")).astype(
                "datetime64[D]"
            ),
            "region": _REGIONS[rng.choice(6, count, p=[0.2, 0.18, 0.2, 0.15, 0.22, 0.05])],
            "occupation": _OCCUPATIONS[occupation],
            "marital_status": rng.choice(
                ["single", "married", "divorced", "widowed"], count, p=[0.42, 0.43, 0.11, 0.04]
            ),
            "monthly_income": income.round(-1),
            "customer_since": (START - rng.integers(30, 7000, count).astype("timedelta64[D]")).astype(
                "datetime64[D]"
            ),
        }
    )
    taste = rng.choice(5, count, p=[0.28, 0.24, 0.20, 0.16, 0.12])
    return People(table=table, prudence=prudence, taste=taste)


def make_applications(
    rng: np.random.Generator, people: People, count: int, first: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Make loan applications of these customers.

    Returns
    -------
    The table (``count`` rows, by time) and the true probability of default, shape (count,).
    """
    who = rng.integers(0, len(people.table), count)
    person = people.table.iloc[who].reset_index(drop=True)
    prudence = people.prudence[who]
    when = np.sort(START + rng.integers(0, DAYS * 86_400, count).astype("timedelta64[s]"))
    late_year = when >= DRIFT_FROM
    channel = np.where(
        late_year & (rng.random(count) < 0.45),
        "comparison site",
        rng.choice(["branch", "online", "partner"], count),
    )
    pressed = (channel == "comparison site").astype(float)
    age = (when - person["birth_date"].to_numpy().astype("datetime64[s]")).astype(float) / (365.25 * 86_400)
    income = person["monthly_income"].to_numpy() * np.exp(0.08 * rng.normal(size=count))
    utilisation = 100 / (1 + np.exp(-(-0.6 - 0.9 * prudence + 0.8 * pressed + rng.normal(size=count))))
    late = rng.poisson(np.exp(-1.1 - 0.75 * prudence + 0.25 * pressed))
    since_late = np.where(late > 0, np.clip(rng.exponential(9, count), 0, 24).round(), np.nan)
    bureau = np.clip(
        640 + 55 * prudence - 22 * np.minimum(late, 4) + 30 * rng.normal(size=count), 300, 850
    ).round()
    loans = rng.poisson(0.8 + 0.4 * pressed, count)
    amount = np.clip(income * np.exp(0.8 + 0.7 * rng.normal(size=count)), 500, 75_000).round(-2)
    term = rng.choice([12, 24, 36, 48, 60, 72], count)
    rate = np.clip(4.5 + (700 - bureau) / 45 + 0.8 * rng.normal(size=count), 2.9, 19.9)
    debt_to_income = 100 * (amount / term * (1 + rate / 100) + loans * 140) / income
    employed = np.clip(rng.gamma(1.6, 4.0, count), 0, np.maximum(age - 17, 0.5))
    housing = rng.choice(4, count, p=[0.42, 0.18, 0.30, 0.10])
    purpose = rng.choice(6, count, p=[0.25, 0.22, 0.24, 0.11, 0.08, 0.10])
    logit = (
        -2.45
        + 0.022 * (utilisation - 38)
        + 0.55 * np.minimum(late, 4) * np.exp(-np.nan_to_num(since_late, nan=24.0) / 18)
        - 0.009 * (bureau - 640)
        + 0.028 * np.minimum(debt_to_income, 70)
        - 0.45 * np.log1p(employed)
        + 0.35 * (purpose == 2) * (debt_to_income > 30)
        + 0.55 * (purpose == 5)
        - 0.30 * (housing == 1)
        + 0.45 * (age < 25) * (term > 48)
        + 0.30 * (loans > 3)
        + 0.50 * late_year
        + 0.30 * pressed
    )
    probability = 1 / (1 + np.exp(-logit))
    defaulted = rng.random(count) < probability
    calls = np.where(defaulted, rng.poisson(4.5, count) + 1, rng.poisson(0.06, count))
    table = pd.DataFrame(
        {
            "application_id": [f"A{n:08d}" for n in range(first, first + count)],
            "customer_id": person["customer_id"],
            "applied_at": when,
            "amount": amount,
            "term_months": term,
            "purpose": _PURPOSES[purpose],
            "channel": channel,
            "region": person["region"],
            "sex": person["sex"],
            "age": age.astype(int),
            "occupation": person["occupation"],
            "housing": _HOUSING[housing],
            "employment_years": employed.round(1),
            "monthly_income": income.round(-1),
            "existing_loans": loans,
            "card_utilisation_pct": utilisation.round(1),
            "late_payments_24m": late,
            "months_since_late": since_late,
            "bureau_score": bureau,
            "debt_to_income_pct": debt_to_income.round(1),
            "interest_rate_pct": rate.round(2),
            "collection_calls": calls,
            "defaulted": defaulted.astype(int),
        }
    )
    return table, probability
