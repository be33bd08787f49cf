"""Anomaly score of an autoencoder: the family's promises, combinations, tails."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.progress import Progress
from aimass_core.models.anomaly import AnomalyScorer
from aimass_core.models.isolation import IsolationScorer
from aimass_core.models.scaled_inputs import ScaledInputs
from tests.models.contract import CATEGORY
from tests.models.unlabelled_contract import UnlabelledContract, ordinary


class TestAnomaly(UnlabelledContract):
    key = "anomaly"
    quick: ClassVar[dict[str, Any]] = {"width": 32, "epochs": 15, "rate": 5e-3}


def test_unusual_combinations_of_usual_values_are_found() -> None:
    # Each column alone is as usual as ever, but the sums no longer are sums.
    strange = ordinary(300, seed=8)
    strange[:, 2] = np.random.default_rng(0).permutation(strange[:, 2])
    X = np.vstack([ordinary(2_000, seed=5), strange])
    truth = np.arange(len(X)) >= 2_000
    estimator = AnomalyScorer(epochs=40, rate=5e-3, device="cpu", categorical=(CATEGORY,)).fit(
        ordinary(6_000)
    )
    plain = IsolationScorer(categorical=(CATEGORY,)).fit(ordinary(6_000))

    found = auc(truth, estimator.predict_proba(X)[:, 1])

    assert found > 0.85
    assert found > auc(truth, plain.predict_proba(X)[:, 1]) + 0.1


def test_the_best_epoch_is_kept_and_training_stops() -> None:
    seen: list[Progress] = []
    held_out = ordinary(300, seed=7)

    estimator = AnomalyScorer(epochs=30, patience=2, rate=2e-2, device="cpu").fit(
        ordinary(400), validation=(held_out, None), progress=seen.append
    )

    errors = [message.metric for message in seen]
    assert seen[0].metric_name == "reconstruction"
    assert estimator.learnt_.best_epoch == 1 + int(np.argmin(errors))
    assert estimator.learnt_.epochs == len(seen) == min(30, estimator.learnt_.best_epoch + 2)
    assert estimator.learnt_.error == min(errors)


def test_training_leaves_torchs_own_random_state_alone() -> None:
    before = torch.random.get_rng_state()

    AnomalyScorer(epochs=2, device="cpu").fit(ordinary(100))

    assert torch.equal(torch.random.get_rng_state(), before)


def test_scaled_numbers_keep_their_tails() -> None:
    values = np.random.default_rng(0).normal(100.0, 5.0, 10_000)[:, None]
    inputs = ScaledInputs.fit(values, categorical=())

    moved = np.array([[100.0], [105.0], [1e4], [1e9], [1e300], [-1e300], [np.nan]])
    found = inputs.transform(moved)[0][:, 0]

    assert abs(found[0]) < 0.1
    assert 1.0 < found[1] < 1.5
    assert found[1] < found[2] < found[3] <= found[4] == -found[5]
    assert np.isnan(found[6])


def test_units_do_not_matter() -> None:
    X = ordinary(800)
    scaled = X.copy()
    scaled[:, 0] = X[:, 0] * 1e6 + 1e7

    a = AnomalyScorer(epochs=3, device="cpu").fit(X).log_odds(X)
    b = AnomalyScorer(epochs=3, device="cpu").fit(scaled).log_odds(scaled)

    np.testing.assert_allclose(a, b, atol=0.05)


def test_a_far_off_number_is_more_unusual_the_farther_it_is() -> None:
    estimator = AnomalyScorer(epochs=10, device="cpu").fit(ordinary(1_000))
    row = ordinary(1, seed=4)

    scores = []
    for value in (0.0, 5.0, 50.0, 5_000.0):
        row[0, 6] = value
        scores.append(float(estimator.raw_scores(row)[0]))

    assert scores == sorted(scores)
    assert scores[3] > scores[0] + 5
