"""Faults planted in the sample data on purpose, each counted so that finding them can be checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Planted = list[dict[str, Any]]


def _rows(
    rng: np.random.Generator, table: pd.DataFrame, share: float, allowed: np.ndarray | None = None
) -> np.ndarray:
    """Pick a share of the rows (at least one), out of the allowed ones."""
    pool = np.arange(len(table)) if allowed is None else np.flatnonzero(allowed)
    return rng.choice(pool, min(max(1, round(share * len(table))), len(pool)), replace=False)


def _note(planted: Planted, file: str, column: str, fault: str, rows: int, what: str) -> None:
    planted.append({"file": file, "column": column, "fault": fault, "rows": rows, "what": what})


def spoil_applications(
    rng: np.random.Generator, clean: pd.DataFrame
) -> tuple[pd.DataFrame, Planted, np.ndarray]:
    """Plant faults in the applications.

    Returns
    -------
    The spoilt table, the list of what was planted, and for each of its rows the position in ``clean``.
    """
    table = clean.copy()
    file = "applications"
    planted: Planted = []
    partner = (table["channel"] == "partner").to_numpy()
    rows = _rows(rng, table, 0.06, partner)
    table.loc[rows, "bureau_score"] = np.nan
    _note(planted, file, "bureau_score", "missing", len(rows), "not at random: partner channel only")
    rows = _rows(rng, table, 0.04)
    table.loc[rows, "employment_years"] = np.nan
    _note(planted, file, "employment_years", "missing", len(rows), "at random")
    never = table["months_since_late"].isna()
    table["months_since_late"] = table["months_since_late"].fillna(-999).astype(int)
    _note(planted, file, "months_since_late", "sentinel", int(never.sum()), "-999 stands for 'never late'")
    rows = _rows(rng, table, 0.005)
    table.loc[rows, "monthly_income"] = 9_999_999
    _note(planted, file, "monthly_income", "sentinel", len(rows), "9999999 stands for 'not stated'")
    rows = _rows(rng, table, 0.012)
    table.loc[rows, "occupation"] = "?"
    _note(planted, file, "occupation", "sentinel", len(rows), "'?' stands for unknown")
    renting = (table["housing"] == "rent").to_numpy()
    rows = _rows(rng, table, 0.02, renting)
    table.loc[rows, "housing"] = rng.choice(["Rent", " rent", "rnt"], len(rows))
    _note(planted, file, "housing", "typo", len(rows), "'Rent', ' rent' and 'rnt' instead of 'rent'")
    rows = _rows(rng, table, 0.002)
    table.loc[rows, "amount"] = table.loc[rows, "amount"] * 100
    _note(planted, file, "amount", "outlier", len(rows), "amount in cents: 100 times too large")
    rows = _rows(rng, table, 0.0015)
    table.loc[rows, "age"] = rng.choice([0, 199], len(rows))
    _note(planted, file, "age", "impossible value", len(rows), "age 0 or 199")
    _note(
        planted,
        file,
        "collection_calls",
        "leak",
        len(table),
        "counted after the outcome: a model must not use it",
    )
    drift = (table["channel"] == "comparison site").to_numpy()
    _note(
        planted,
        file,
        "channel",
        "drift",
        int(drift.sum()),
        "a new channel and a higher default rate from November",
    )
    return _duplicated(rng, table, planted, file)


def spoil_transactions(
    rng: np.random.Generator, clean: pd.DataFrame
) -> tuple[pd.DataFrame, Planted, np.ndarray]:
    """Plant faults in the transactions; returns as :func:`spoil_applications`."""
    table = clean.copy()
    file = "transactions"
    planted: Planted = []
    rows = _rows(rng, table, 0.01)
    table.loc[rows, "distance_km"] = -1
    _note(planted, file, "distance_km", "sentinel", len(rows), "-1 stands for 'position unknown'")
    rows = _rows(rng, table, 0.004)
    table.loc[rows, "merchant_category"] = "N/A"
    _note(planted, file, "merchant_category", "sentinel", len(rows), "'N/A' stands for unknown")
    late_year = (table["at"] >= "2024-11-01") & (table["merchant_category"] == "gift cards")
    _note(
        planted,
        file,
        "merchant_category",
        "drift",
        int(late_year.sum()),
        "online gift-card fraud rises from November",
    )
    return _duplicated(rng, table, planted, file)


def _duplicated(
    rng: np.random.Generator, table: pd.DataFrame, planted: Planted, file: str
) -> tuple[pd.DataFrame, Planted, np.ndarray]:
    twice = _rows(rng, table, 0.004)
    order = np.sort(np.r_[np.arange(len(table)), twice])
    _note(planted, file, "(whole row)", "duplicate", len(twice), "exact copies right after the original")
    return table.iloc[order].reset_index(drop=True), planted, order
