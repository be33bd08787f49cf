"""What all networks share: goal, weights and focal loss, members, hooks, scoring in chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, logit
from torch import Tensor, nn

from aimass_core.errors import DataError
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models import network as network_module
from aimass_core.models.dann import DannClassifier
from aimass_core.models.device_rows import Batch, DeviceRows
from aimass_core.models.losses import class_loss, log_odds_of_members
from aimass_core.models.network import NetworkClassifier
from aimass_core.models.network_inputs import Inputs
from aimass_core.models.network_parts import LabelVectors, TabularNetwork
from tests.models.contract import CATEGORY, bank


class Line(TabularNetwork):
    """Logits linear in the positions; one per member."""

    def __init__(self, numbers: int, members: int) -> None:
        super().__init__()
        self.head = nn.Linear(numbers, members)
        nn.init.zeros_(self.head.weight)

    @torch.no_grad()
    def start_at(self, log_odds: float) -> None:
        self.head.bias.fill_(log_odds)

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        return self.head(torch.nan_to_num(numbers)).squeeze(1)


class LineClassifier(NetworkClassifier):
    """The smallest family: only `_build` and settings."""

    family = "line"

    def __init__(
        self,
        *,
        members: int = 1,
        bins: int = 4,
        rate: float = 0.05,
        weight_decay: float = 0.0,
        batch_size: int | None = 64,
        epochs: int = 12,
        patience: int = 12,
        metric: str = "log_loss",
        goal: float | None = None,
        balanced: bool = False,
        focal: float = 0.0,
        validation_share: float = 0.2,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.members = members
        self.bins = bins
        self.rate = rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.metric = metric
        self.goal = goal
        self.balanced = balanced
        self.focal = focal
        self.validation_share = validation_share
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def _build(self, inputs: Inputs, domains: int) -> Line:
        return Line(len(inputs.segments), self.members)


def fitted(**settings: Any) -> tuple[LineClassifier, list[Progress]]:
    X, y = bank(600)
    seen: list[Progress] = []
    model = LineClassifier(**settings).fit(X, y, validation=bank(300, seed=4), progress=seen.append)
    return model, seen


@pytest.mark.parametrize("metric", ["log_loss", "auc", "average_precision"])
def test_a_goal_that_is_reached_ends_training_at_once(metric: str) -> None:
    free, seen = fitted(metric=metric)
    values = [message.metric for message in seen]
    goal = values[3]
    better = np.minimum if metric == "log_loss" else np.maximum
    first = int(np.argmax(better.accumulate(values) == better(goal, better.accumulate(values)))) + 1

    model, seen = fitted(metric=metric, goal=goal)

    assert 1 <= first <= 4
    assert len(seen) == model.epochs_ == model.best_epoch_ == first
    assert free.epochs_ == 12
    reached = model.validation_metric_
    assert reached <= goal if metric == "log_loss" else reached >= goal


def test_a_goal_out_of_reach_changes_nothing() -> None:
    free, _ = fitted(metric="auc")
    model, _ = fitted(metric="auc", goal=0.9999)

    assert model.epochs_ == free.epochs_
    assert model.best_epoch_ == free.best_epoch_


def test_a_goal_in_another_measure_than_the_validation_rows_allow_is_passed_over() -> None:
    X, y = bank(300)
    seen: list[Progress] = []

    # With one class of validation rows there is no AUC, so the log loss decides, for which -5 is no goal.
    LineClassifier(metric="auc", goal=-5.0, epochs=3).fit(
        X, y, validation=(X[y == 0], y[y == 0]), progress=seen.append
    )

    assert len(seen) == 3
    assert {message.metric_name for message in seen} == {"log_loss"}


def test_scores_start_at_the_mean() -> None:
    X, y = bank(900)

    model = LineClassifier(rate=1e-12, epochs=1, validation_share=0.01).fit(X, y)

    np.testing.assert_allclose(expit(model.log_odds(X)), y.mean(), atol=0.01)


def test_members_score_the_mean_of_their_probabilities(tmp_path: Path) -> None:
    X, y = bank(300)
    model = LineClassifier(members=3, epochs=1).fit(X, y)
    with torch.no_grad():
        model.network_.head.bias.copy_(torch.tensor([-2.0, 0.0, 3.0]))

    positions, labels = model.inputs_.transform(X)
    with torch.no_grad():
        logits = model.network_(torch.from_numpy(positions), torch.from_numpy(labels)).numpy()

    assert logits.shape == (300, 3)
    np.testing.assert_allclose(model.log_odds(X), logit(expit(logits).mean(axis=1)), atol=1e-10)
    model.save(tmp_path)
    np.testing.assert_array_equal(LineClassifier.load(tmp_path).log_odds(X), model.log_odds(X))


def test_the_mean_of_members_is_exact_far_from_even_odds() -> None:
    logits = torch.tensor([[800.0, 700.0], [-800.0, -700.0], [40.0, 40.0]], dtype=torch.float64)

    found = log_odds_of_members(logits)

    # p is 1 - (e^-800 + e^-700) / 2, then its mirror image.
    assert found.tolist() == pytest.approx([700 + np.log(2), -700 - np.log(2), 40.0], abs=1e-9)


def test_the_loss_is_the_weighted_log_loss_of_each_member() -> None:
    logits = torch.tensor([[0.0, 2.0], [1.0, -1.0]])
    target, weight = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 1.5])

    found = float(class_loss(logits, target, weight))

    rows = -np.log(expit([[0.0, 2.0], [-1.0, 1.0]]))
    assert found == pytest.approx(float((rows * [[0.5], [1.5]]).mean()), abs=1e-6)


def test_focal_loss_plays_down_rows_already_right() -> None:
    logits, target, weight = torch.tensor([2.0, -2.0, 2.0]), torch.tensor([1.0, 1.0, 0.0]), torch.ones(3)

    found = float(class_loss(logits, target, weight, focal=2.0))

    right = expit(np.array([2.0, -2.0, -2.0]))  # probability given to the true class
    assert found == pytest.approx(float((-((1 - right) ** 2) * np.log(right)).mean()), abs=1e-6)


def test_logits_of_half_precision_are_lost_on_in_float32() -> None:
    logits = torch.tensor([3.0, -1.0], dtype=torch.bfloat16)

    assert class_loss(logits, torch.ones(2), torch.ones(2)).dtype == torch.float32


@pytest.mark.parametrize("settings", [{"balanced": True}, {"focal": 2.0}])
def test_weights_and_focal_loss_are_reachable_from_the_settings(settings: dict[str, Any]) -> None:
    X, y = bank(1_200)
    keep = (y == 0) | (np.arange(1_200) % 8 == 0)
    X, y = X[keep], y[keep]

    plain = LineClassifier().fit(X, y).predict_proba(X)[:, 1]
    changed = LineClassifier(**settings).fit(X, y).predict_proba(X)[:, 1]

    assert changed.mean() > plain.mean() + 0.03


def test_a_domain_is_passed_over_where_the_family_knows_none() -> None:
    X, y = bank(300)

    plain = LineClassifier(epochs=2).fit(X, y).log_odds(X)
    with_domain = LineClassifier(epochs=2).fit(X, y, domain=X[:, 0] > 0).log_odds(X)

    np.testing.assert_array_equal(plain, with_domain)


def test_an_earlier_phase_counts_in_what_is_reported() -> None:
    seen: list[Progress] = []

    class Warm(LineClassifier):
        def _pretrain(
            self,
            network: TabularNetwork,
            inputs: Inputs,
            rows: DeviceRows,
            held_out: DeviceRows,
            progress: Report | None,
        ) -> int:
            assert progress is not None
            for step in (1, 2):
                progress(Progress(step=step, steps=2 + self.epochs, message="Pretraining"))
            return 2

    X, y = bank(200)
    Warm(epochs=3).fit(X, y, progress=seen.append)

    assert [message.step for message in seen] == [1, 2, 3, 4, 5]
    assert {message.steps for message in seen} == {5}


def test_the_loss_of_a_family_gets_epochs_in_fractions() -> None:
    epochs: list[float] = []

    class Noted(LineClassifier):
        def _loss(self, network: TabularNetwork, batch: Batch, epoch: float) -> Tensor:
            epochs.append(epoch)
            return super()._loss(network, batch, epoch)

    X, y = bank(200)
    Noted(epochs=2, batch_size=50).fit(X, y, validation=(X, y))

    assert epochs == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]


def test_scores_are_the_same_whatever_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = bank(700)
    model = DannClassifier(epochs=2, device="cpu", categorical=(CATEGORY,)).fit(X, y)
    whole = model.log_odds(X)

    monkeypatch.setattr(network_module, "CPU_SCORING_ROWS", 64)
    monkeypatch.setattr(network_module, "TRANSFORM_ROWS", 130)

    np.testing.assert_allclose(model.log_odds(X), whole, rtol=0, atol=1e-10)


def test_no_rows_give_no_scores() -> None:
    model, _ = fitted(epochs=1)

    assert model._log_odds(np.empty((0, 4))).shape == (0,)


def test_training_rows_of_one_class_left_after_weights_are_refused() -> None:
    X, y = bank(100)
    domain = np.arange(100) % 2

    with pytest.raises(DataError, match="only one class"):
        DannClassifier(device="cpu", epochs=1).fit(X, y, (y == 1).astype(float), domain=domain)


def test_every_table_of_labels_is_settled() -> None:
    class Two(Line):
        def __init__(self) -> None:
            super().__init__(1, 1)
            self.a, self.b = LabelVectors((4,), 3), LabelVectors((4,), 2, shrink=False)

    network = Two()
    network.settle_unseen([torch.tensor([0, 0, 1, 3])])

    for vectors in (network.a, network.b):
        table = vectors[0].weight.detach()
        torch.testing.assert_close(table[0], 0.25 * table[2] + 0.75 * table[3])
    assert network.a.sizes == [2]
    assert network.b.sizes == [2]
