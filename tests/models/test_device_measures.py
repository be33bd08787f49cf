"""Measures in torch beside scikit-learn's, ties and extremes included."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn import metrics

from aimass_core.models.device_measures import auc, average_precision, log_loss, measure

CASES: dict[str, Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]] = {
    "distinct scores": lambda r: (r.integers(0, 2, 5_000), r.normal(size=5_000)),
    "many ties": lambda r: (r.integers(0, 2, 5_000), r.integers(0, 7, 5_000) - 3.0),
    "all tied": lambda r: (r.integers(0, 2, 100), np.zeros(100)),
    "rare positives": lambda r: (np.arange(20_000) % 4_000 == 0, r.normal(size=20_000)),
    "perfect": lambda r: (np.arange(100) >= 50, np.arange(100) - 50.0),
    "upside down": lambda r: (np.arange(100) < 50, np.arange(100) - 50.0),
    "far from even odds": lambda r: (r.integers(0, 2, 500), r.normal(size=500) * 30),
    "two rows": lambda r: (np.array([0, 1]), np.array([0.2, 0.1])),
}


@pytest.mark.parametrize("name", CASES)
def test_measures_are_those_of_scikit_learn(name: str) -> None:
    y, odds = CASES[name](np.random.default_rng(0))
    target, scores = torch.tensor(y.astype(np.float32)), torch.tensor(odds)
    p = expit(odds)

    assert auc(target, scores) == pytest.approx(metrics.roc_auc_score(y, odds), abs=1e-12)
    assert average_precision(target, scores) == pytest.approx(
        metrics.average_precision_score(y, odds), abs=1e-12
    )
    assert log_loss(target, scores) == pytest.approx(metrics.log_loss(y, p), abs=1e-9)


def test_scores_may_be_float32() -> None:
    random = np.random.default_rng(1)
    y, odds = random.integers(0, 2, 50_000), random.normal(size=50_000).astype(np.float32)
    target, scores = torch.tensor(y), torch.tensor(odds)

    assert auc(target, scores) == pytest.approx(metrics.roc_auc_score(y, odds), abs=1e-12)
    assert average_precision(target, scores) == pytest.approx(
        metrics.average_precision_score(y, odds), abs=1e-12
    )


def test_an_impossible_row_costs_what_it_costs_in_scikit_learn() -> None:
    target = torch.tensor([0.0, 1.0, 1.0, 0.0])
    odds = torch.tensor([500.0, -500.0, 1.0, -1.0], dtype=torch.float64)

    found = log_loss(target, odds)

    assert found == pytest.approx(metrics.log_loss(target.numpy(), expit(odds.numpy())), abs=1e-6)


def test_one_class_has_no_ranking() -> None:
    ones, scores = torch.ones(5), torch.arange(5.0)

    assert math.isnan(auc(ones, scores))
    assert math.isnan(auc(1 - ones, scores))
    assert math.isnan(average_precision(1 - ones, scores))
    assert average_precision(ones, scores) == 1.0


def test_greater_is_better_whatever_the_measure() -> None:
    target, good = torch.tensor([0.0, 1.0]), torch.tensor([-1.0, 1.0])

    for metric in ("log_loss", "auc", "average_precision"):
        assert measure(metric, target, good) > measure(metric, target, -good)
    assert measure("log_loss", target, good) == -log_loss(target, good)
