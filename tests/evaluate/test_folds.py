"""Mean and spread over folds, and what a group of features adds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

from aimass_core.evaluate.compare import delong
from aimass_core.evaluate.folds import Fold, summarise
from aimass_core.evaluate.measure import Measure
from aimass_core.evaluate.validation import Validation, group_gain


def fold(area: float, *, rows: int = 100, train: int = 400) -> Fold:
    measures = dict.fromkeys(("auc", "average_precision", "ks", "brier", "log_loss"), area)
    return Fold(
        label="f", train_rows=train, rows=rows, bads=10, measures=measures, auc=Measure(value=area), seconds=1
    )


def test_interval_of_the_mean_allows_for_shared_training_rows() -> None:
    values = [0.70, 0.72, 0.74, 0.76, 0.78]

    found = summarise([fold(value) for value in values], exchangeable=True)["auc"]

    # Nadeau & Bengio (2003): 1/k + test/train = 1/5 + 100/400
    error = np.std(values, ddof=1) * math.sqrt(1 / 5 + 1 / 4)
    assert (found.mean, found.lowest, found.highest) == pytest.approx((0.74, 0.70, 0.78))
    assert found.low == pytest.approx(0.74 - t.ppf(0.975, 4) * error)
    assert found.high == pytest.approx(0.74 + t.ppf(0.975, 4) * error)


def test_periods_are_no_sample_and_get_no_interval() -> None:
    found = summarise([fold(0.7), fold(0.8)], exchangeable=False)["auc"]

    assert found.spread == pytest.approx(np.std([0.7, 0.8], ddof=1))
    assert math.isnan(found.low)


def test_undefined_folds_are_left_out_and_counted() -> None:
    found = summarise([fold(0.7), fold(math.nan)], exchangeable=True)["auc"]
    none = summarise([fold(math.nan)], exchangeable=True)["auc"]

    assert (found.folds, found.mean) == (1, 0.7)
    assert math.isnan(found.spread)
    assert none.folds == 0
    assert math.isnan(none.mean)


def test_undefined_numbers_travel_as_json() -> None:
    found = Validation(
        method="folds",
        folds=(fold(math.nan),),
        summary=summarise([fold(math.nan)], exchangeable=True),
    )

    back = Validation.model_validate_json(found.model_dump_json())

    assert math.isnan(back.folds[0].measures["auc"])
    assert math.isnan(back.summary["auc"].mean)


def test_gain_of_one_seed_is_delongs_difference() -> None:
    random = np.random.default_rng(0)
    risk = random.normal(size=500)
    y = (random.random(500) < 1 / (1 + np.exp(-risk))).astype(int)
    whole, without = 1 / (1 + np.exp(-risk)), 1 / (1 + np.exp(-risk - random.normal(size=500)))

    found = group_gain("a", ("x",), y, {0: whole}, {0: without})

    known = delong(y, whole, without)
    assert (found.gain, found.low, found.high) == pytest.approx((known.value, known.low, known.high))
    assert math.isnan(found.spread)
    assert found.verdict == "helps"


def test_spread_of_the_seeds_widens_the_interval() -> None:
    random = np.random.default_rng(0)
    risk = random.normal(size=500)
    y = (random.random(500) < 1 / (1 + np.exp(-risk))).astype(int)
    p = 1 / (1 + np.exp(-risk))
    noisy = {seed: 1 / (1 + np.exp(-risk - (0.2 + seed) * random.normal(size=500))) for seed in (0, 1)}

    one = group_gain("a", (), y, {0: p}, {0: noisy[0]})
    two = group_gain("a", (), y, {0: p, 1: p}, noisy)

    assert two.high - two.low > one.high - one.low
    assert two.fits == 2
    assert group_gain("a", (), y, {0: p}, {0: p}).verdict == "open"
