"""Data whose truth is known: the bank of the sample data, and rows of hundreds of columns."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from aimass_core.explain import shapley
from aimass_core.explain.summary import summarise
from aimass_core.schema import Column
from sample_data.customers import make_applications, make_people
from tests.small_models import train

DRIVERS = {
    *("bureau_score", "card_utilisation_pct", "debt_to_income_pct", "employment_years"),
    *("late_payments_24m", "months_since_late", "interest_rate_pct"),
}
"""What the generator makes defaults from; the rate follows the bureau score almost exactly."""
IDLE = {"region", "amount"}
"""What it makes nothing from."""
NUMBERS = (
    *sorted(DRIVERS),
    *("amount", "term_months", "monthly_income", "existing_loans"),
)
LABELS = ("purpose", "housing", "region", "channel")


@cache
def bank() -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(11)
    table, probability = make_applications(random, make_people(random, 1_500, 1), 4_000, 1)
    return table.assign(y=table["defaulted"]), probability


@pytest.mark.parametrize("family", ["scorecard", "boosting", "tabm", "dann"])
def test_planted_drivers_of_the_sample_data_come_out_on_top(family: str) -> None:
    frame, probability = bank()
    columns = (
        *(Column(name=name, kind="number") for name in NUMBERS),
        *(Column(name=name, kind="category") for name in LABELS),
    )
    model = train(family, frame, columns=columns, steps=())
    X = model.prepare(frame.iloc[::33]).X  # of the whole year

    found = summarise(model, X)

    ranked = [feature.feature for feature in found.features]
    assert set(ranked[:4]) <= DRIVERS
    assert not IDLE & set(ranked[:7])
    truth = np.log(probability / (1 - probability))[::33]
    assert np.corrcoef(model.score_prepared(X).log_odds, truth)[0, 1] > 0.6


@pytest.mark.parametrize("family", ["scorecard", "boosting", "dann", "isolation"])
def test_five_hundred_features(family: str) -> None:
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.normal(size=(240, 500)), columns=[f"x{k}" for k in range(500)])
    frame["y"] = (random.random(240) < 1 / (1 + np.exp(-3 * frame["x7"]))).astype(int)
    columns = tuple(Column(name=f"x{k}", kind="number") for k in range(500))
    model = train(family, frame, columns=columns, steps=())
    X = model.prepare(frame.head(2)).X

    found = shapley.explain(model, X, reference="applicants", effort="batch")

    assert found.additivity <= 1e-6
    assert found.values.shape == (2, 500)
    if family in ("scorecard", "boosting"):  # the others saw no target, or too few epochs of it
        assert np.abs(found.values).mean(axis=0).argmax() == 7
