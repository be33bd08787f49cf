"""DANN: the family's promises, early stopping, unseen labels, domains."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from aimass_core.errors import DataError
from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.progress import Progress
from aimass_core.models.dann import DannClassifier
from tests.models.contract import CATEGORY, FamilyContract, bank


class TestDann(FamilyContract):
    key = "dann"


def test_domain_training_makes_scores_depend_less_on_the_domain() -> None:
    # Odds are 2 x0 + 1 in one portfolio and 2 x0 in the other; x1 only tells the portfolio.
    held_fixed = [_moved_by_the_marker(domain_weight=0.0, seed=seed) for seed in (0, 1)]
    reversed_ = [_moved_by_the_marker(domain_weight=1.0, seed=seed) for seed in (0, 1)]

    assert np.mean(held_fixed) > 0.6
    assert np.mean(reversed_) < 0.75 * np.mean(held_fixed)


def _moved_by_the_marker(*, domain_weight: float, seed: int) -> float:
    """Mean move of the log-odds of new rows when only their portfolio marker is turned round."""
    X, y, domain = _portfolios(3_000, seed=seed)
    model = DannClassifier(epochs=30, domain_weight=domain_weight, device="cpu", seed=seed)
    model.fit(X, y, domain=domain)
    fresh, truth, _ = _portfolios(3_000, seed=100 + seed)
    turned = fresh * np.array([1.0, -1.0])
    assert auc(truth, model.predict_proba(fresh)[:, 1]) > 0.84
    return float(np.abs(model.log_odds(turned) - model.log_odds(fresh)).mean())


def _portfolios(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    domain = random.integers(0, 2, rows)
    signal = random.normal(size=rows)
    marker = domain * 2.0 - 1.0 + 0.3 * random.normal(size=rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-(2 * signal + domain - 0.5)))).astype(int)
    return np.column_stack([signal, marker]), y, domain


def test_only_epochs_after_the_reversal_took_hold_are_kept() -> None:
    X, y = bank(400)

    model = DannClassifier(epochs=9, patience=2, device="cpu").fit(X, y, domain=X[:, CATEGORY])

    assert model.best_epoch_ > 3


def test_unlabelled_rows_of_another_portfolio_only_teach_the_domain() -> None:
    X, y, domain = _portfolios(1_000, seed=3)
    weight = np.where(domain == 0, 1.0, 0.0)

    def odds(target: np.ndarray) -> np.ndarray:
        model = DannClassifier(epochs=4, device="cpu").fit(X, target, weight, domain=domain)
        return model.log_odds(X)

    invented = np.where(domain == 0, y, 1 - y)
    np.testing.assert_array_equal(odds(y), odds(invented))


def test_one_domain_is_refused() -> None:
    X, y = bank(100)

    with pytest.raises(DataError, match="at least two domains"):
        DannClassifier(device="cpu").fit(X, y, domain=np.full(100, "north"))


def test_a_domain_per_row_is_needed() -> None:
    X, y = bank(100)

    with pytest.raises(DataError, match="one domain per row"):
        DannClassifier(device="cpu").fit(X, y, domain=np.zeros(99))


def test_the_domain_head_is_not_kept() -> None:
    X, y = bank(200)

    model = DannClassifier(epochs=2, device="cpu").fit(X, y, domain=X[:, 0] > 0)

    assert not any(name.startswith("domain_head") for name in model.network_.state_dict())


def test_an_unseen_label_gets_the_mean_vector_of_the_seen_ones() -> None:
    X, y = bank(400)
    model = DannClassifier(epochs=3, device="cpu", categorical=(CATEGORY,), validation_share=0.25).fit(
        X, y, validation=(X, y)
    )

    table = model.network_.embeddings[0].weight.detach().numpy()
    share = np.bincount(X[:, CATEGORY].astype(int)) / len(X)

    np.testing.assert_allclose(table[0], share @ table[2:], atol=1e-6)


def test_the_best_epoch_is_kept() -> None:
    X, y = bank(600)
    held_out = bank(300, seed=4)
    seen: list[Progress] = []

    model = DannClassifier(epochs=40, patience=4, device="cpu").fit(
        X, y, validation=held_out, progress=seen.append
    )

    losses = [message.metric for message in seen]
    assert seen[0].metric_name == "log_loss"
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert model.epochs_ == len(seen) == min(40, model.best_epoch_ + 4)
    p = model.predict_proba(held_out[0])[:, 1]
    from aimass_core.evaluate.calibration import log_loss

    assert log_loss(held_out[1], p) == pytest.approx(min(losses), abs=1e-6)


@pytest.mark.parametrize("metric", ["auc", "average_precision"])
def test_other_measures_stop_training_too(metric: str) -> None:
    X, y = bank(500)
    seen: list[Progress] = []

    model = DannClassifier(epochs=10, metric=metric, device="cpu").fit(X, y, progress=seen.append)

    assert model.validation_metric_ == max(message.metric for message in seen)
    assert {message.metric_name for message in seen} == {metric}


def test_balanced_classes_raise_the_scores_of_a_rare_class() -> None:
    X, y = bank(1_500)
    keep = (y == 0) | (np.arange(1_500) % 8 == 0)
    X, y = X[keep], y[keep]

    plain = DannClassifier(epochs=10, device="cpu").fit(X, y).predict_proba(X)[:, 1]
    balanced = DannClassifier(epochs=10, device="cpu", balanced=True).fit(X, y).predict_proba(X)[:, 1]

    assert plain.mean() == pytest.approx(y.mean(), abs=0.05)
    assert balanced.mean() > plain.mean() + 0.1


def test_training_leaves_torchs_own_random_state_alone() -> None:
    X, y = bank(200)
    before = torch.random.get_rng_state()

    DannClassifier(epochs=2, device="cpu").fit(X, y)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_another_seed_gives_another_model() -> None:
    X, y = bank(300)

    a = DannClassifier(epochs=2, device="cpu", seed=0).fit(X, y).log_odds(X)
    b = DannClassifier(epochs=2, device="cpu", seed=1).fit(X, y).log_odds(X)

    assert not np.allclose(a, b)


def test_a_model_saved_before_numbers_had_vectors_still_scores(tmp_path: Path) -> None:
    X, y = bank(300)
    model = DannClassifier(epochs=2, number_size=0, device="cpu", categorical=(CATEGORY,)).fit(X, y)
    model.save(tmp_path)
    state = json.loads((tmp_path / "estimator.json").read_text())
    for newer in ("number_size", "goal", "focal"):
        del state["settings"][newer]
    (tmp_path / "estimator.json").write_text(json.dumps(state))

    loaded = DannClassifier.load(tmp_path)

    assert loaded.number_size == 0
    np.testing.assert_array_equal(loaded.log_odds(X), model.log_odds(X))


@pytest.mark.parametrize("number_size", [0, 4])
def test_numbers_enter_spread_or_as_vectors(number_size: int) -> None:
    X, y = bank(1_500)
    fresh, truth = bank(2_000, seed=2)

    model = DannClassifier(epochs=12, number_size=number_size, device="cpu", categorical=(CATEGORY,))
    model.fit(X, y)

    assert auc(truth, model.predict_proba(fresh)[:, 1]) > 0.8
    learnt = [name for name in model.network_.state_dict() if name.startswith("numbers.vectors.linear")]
    assert bool(learnt) == bool(number_size)


def test_units_do_not_matter() -> None:
    X, y = bank(300)
    scaled = X.copy()
    scaled[:, 0] = X[:, 0] * 1e9 + 1e12

    a = DannClassifier(epochs=3, device="cpu").fit(X, y).log_odds(X)
    b = DannClassifier(epochs=3, device="cpu").fit(scaled, y).log_odds(scaled)

    np.testing.assert_allclose(a, b, atol=1e-3)
