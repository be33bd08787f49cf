"""Autoencoder: the family's promises, pretraining, rows without a target."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.progress import Progress
from aimass_core.models.autoencoder import AutoencoderClassifier
from aimass_core.models.reconstruction import Reconstruction, swapped
from tests.models.contract import CATEGORY, FamilyContract, bank

QUICK: dict[str, Any] = {"width": 32, "depth": 1, "code": 16, "pretraining": 4, "epochs": 20}


class TestAutoencoder(FamilyContract):
    key = "autoencoder"
    quick: ClassVar[dict[str, Any]] = QUICK


def hidden_source(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Twelve noisy readings of one hidden number; its sign is the target."""
    random = np.random.default_rng(seed)
    source = random.normal(size=rows)
    X = source[:, None] * random.choice([-1.0, 1.0], 12) + 2.0 * random.normal(size=(rows, 12))
    return X, (source > 0).astype(int)


def test_rows_without_a_target_help_where_few_have_one() -> None:
    random = np.random.default_rng(3)
    signs = random.choice([-1.0, 1.0], 12)

    def made(rows: int) -> tuple[np.ndarray, np.ndarray]:
        source = random.normal(size=rows)
        X = source[:, None] * signs + 2.0 * random.normal(size=(rows, 12))
        return X, (source > 0).astype(int)

    truth = made(4_000)
    gains = []
    for seed in range(3):
        X, y = made(60)
        further = made(4_000)[0]
        settings: dict[str, Any] = {"width": 48, "depth": 1, "code": 4, "device": "cpu", "seed": seed}
        helped = AutoencoderClassifier(pretraining=15, **settings).fit(X, y, unlabelled=further)
        alone = AutoencoderClassifier(pretraining=0, **settings).fit(X, y)
        gains.append(
            auc(truth[1], helped.predict_proba(truth[0])[:, 1])
            - auc(truth[1], alone.predict_proba(truth[0])[:, 1])
        )

    assert np.mean(gains) > 0.01


def test_pretraining_learns_to_tell_rows_back_and_says_so() -> None:
    X, y = hidden_source(600)
    held_out = hidden_source(100, seed=1)

    model = AutoencoderClassifier(**QUICK, device="cpu").fit(X, y, validation=held_out, unlabelled=X[:50])

    shown = model.report()["pretraining"]
    assert shown["rows"] == 600 + 100 + 50
    assert shown["epochs"] == 4
    assert shown["after"] < shown["before"]


def test_rows_of_weight_zero_are_not_pretrained_on() -> None:
    X, y = hidden_source(300)
    weight = np.r_[np.ones(200), np.zeros(100)]

    model = AutoencoderClassifier(**QUICK, device="cpu").fit(X, y, weight)

    assert model.pretraining_["rows"] == 200


def test_without_pretraining_nothing_is_told_back() -> None:
    X, y = hidden_source(200)

    model = AutoencoderClassifier(**{**QUICK, "pretraining": 0}, device="cpu").fit(X, y)

    assert model.pretraining_ == {"rows": 0, "epochs": 0}


def test_validation_targets_do_not_reach_the_pretraining() -> None:
    X, y = hidden_source(300)
    held_out, truth = hidden_source(100, seed=1)
    seen: list[list[Progress]] = [[], []]

    for place, target in zip(seen, (truth, 1 - truth), strict=True):
        AutoencoderClassifier(**QUICK, device="cpu").fit(
            X, y, validation=(held_out, target), progress=place.append
        )

    losses = [
        [message.loss for message in place if message.metric_name == "reconstruction"] for place in seen
    ]
    assert len(losses[0]) == 4
    assert losses[0] == losses[1]


def test_steps_of_both_phases_count_on() -> None:
    X, y = hidden_source(300)
    seen: list[Progress] = []

    AutoencoderClassifier(**QUICK, device="cpu").fit(X, y, progress=seen.append)

    assert [message.step for message in seen] == list(range(1, len(seen) + 1))
    assert [message.metric_name for message in seen[:5]] == ["reconstruction"] * 4 + ["log_loss"]


def test_telling_back_can_go_on_while_the_head_is_trained() -> None:
    X, y = hidden_source(400)

    plain = AutoencoderClassifier(**QUICK, device="cpu").fit(X, y)
    both = AutoencoderClassifier(**QUICK, reconstruction=1.0, device="cpu").fit(X, y)

    def error(model: AutoencoderClassifier) -> float:
        numbers, labels = (torch.from_numpy(part) for part in model.inputs_.transform(X))
        with torch.inference_mode():
            return float(model.network_.reconstruction(numbers, labels, noise=0.0).mean())

    assert error(both) < error(plain)


def test_rows_without_a_target_must_have_the_columns_of_the_others() -> None:
    X, y = hidden_source(100)

    with pytest.raises(ValueError, match="features"):
        AutoencoderClassifier(**QUICK, device="cpu").fit(X, y, unlabelled=X[:, :3])


def test_fit_leaves_nothing_of_the_rows_behind() -> None:
    X, y = hidden_source(100)

    model = AutoencoderClassifier(**QUICK, device="cpu").fit(X, y, unlabelled=X)

    assert not [name for name in vars(model) if name.startswith("_un") or name == "_pretraining"]


def test_the_record_of_pretraining_survives_save(tmp_path: Path) -> None:
    X, y = bank(200)
    model = AutoencoderClassifier(**QUICK, categorical=(CATEGORY,), device="cpu").fit(X, y)

    model.save(tmp_path)

    assert AutoencoderClassifier.load(tmp_path).report() == model.report()


def test_swap_noise_keeps_columns_and_breaks_rows() -> None:
    numbers = torch.arange(4_000.0).reshape(1_000, 4) % 4 * 1_000 + torch.arange(1_000.0)[:, None]
    labels = torch.arange(1_000)[:, None]
    generator = torch.Generator().manual_seed(0)

    noisy, swapped_labels = swapped(numbers, labels, 0.3, generator=generator)

    assert ((noisy // 1_000) == (numbers // 1_000)).all()  # every cell stays in its column
    assert 0.27 < float((noisy != numbers).float().mean()) < 0.33
    assert 0.25 < float((swapped_labels != labels).float().mean()) < 0.35
    same, _ = swapped(numbers, labels, 0.0)
    assert torch.equal(same, numbers)


def test_errors_are_squares_for_numbers_and_surprise_for_flags_and_labels() -> None:
    told = Reconstruction(1, 2, (True, False), (3,))
    with torch.no_grad():
        told.out.weight.zero_()
        told.out.bias.copy_(torch.tensor([0.5, 1.0, 0.0, 0.0, 0.0, 0.0]))

    found = told(torch.zeros(1, 1), torch.tensor([[float("nan"), 3.0]]), torch.tensor([[1]]))[0]

    # A missing number has no error; its flag, at even odds, surprises by ln 2, one label of three by ln 3.
    np.testing.assert_allclose(found.detach().numpy(), [0.0, 4.0, np.log(2), np.log(3)], rtol=1e-6)
    assert told.parts == 4
