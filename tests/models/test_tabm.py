"""TabM: the family's promises, members, gaps, the mean of probabilities, the parts of its network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from scipy.special import expit, logit
from tabm import ensemble_view

from aimass_core.evaluate.calibration import log_loss
from aimass_core.jobs.progress import Progress
from aimass_core.models import tabm as tabm_module
from aimass_core.models.catalog import check_config, estimate
from aimass_core.models.losses import log_odds_of_members
from aimass_core.models.network_inputs import Inputs
from aimass_core.models.tabm import TabmClassifier
from aimass_core.models.tabm_network import SharedDropout, TabmNetwork
from tests.models.contract import CATEGORY, FamilyContract, bank

SMALL = {"width": 16, "bins": 8, "number_size": 4}


class TestTabm(FamilyContract):
    key = "tabm"
    quick: ClassVar = {"members": 4, "width": 32, "bins": 8, "epochs": 10}


def network(members: int = 5, *, depth: int = 3) -> TabmNetwork:
    torch.manual_seed(0)
    made = TabmNetwork(
        (3, 1, 6),
        (True, False, True),
        (4,),
        width=16,
        depth=depth,
        dropout=0.1,
        number_size=4,
        label_size=3,
        members=members,
    )
    # The pieces start at nothing; here they bend.
    torch.nn.init.normal_(made.numbers.vectors.linear.weight)
    return made.double().eval()


def rows(count: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    numbers = torch.rand(count, 3, generator=generator, dtype=torch.float64) * torch.tensor([3.0, 1.0, 6.0])
    numbers[3, 0] = float("nan")
    return numbers, torch.randint(0, 4, (count, 1), generator=generator)


def logits(model: TabmClassifier, X: np.ndarray) -> np.ndarray:
    positions, labels = model.inputs_.transform(X)
    with torch.no_grad():
        return model.network_(torch.from_numpy(positions), torch.from_numpy(labels)).numpy()


def test_the_score_is_the_log_odds_of_the_mean_probability() -> None:
    X, y = bank(400)
    model = TabmClassifier(members=3, epochs=3, device="cpu", categorical=(CATEGORY,), **SMALL).fit(X, y)

    members = logits(model, X)

    assert members.shape == (400, 3)
    assert np.abs(members - members[:, :1]).max() > 1e-3
    np.testing.assert_allclose(model.log_odds(X), logit(expit(members).mean(axis=1)), atol=1e-9)


def test_training_stops_by_the_measure_of_the_mean() -> None:
    X, y = bank(500)
    held_out = bank(300, seed=4)
    seen: list[Progress] = []

    model = TabmClassifier(members=4, epochs=8, device="cpu", **SMALL)
    model.fit(X, y, validation=held_out, progress=seen.append)

    best = min(message.metric for message in seen)
    assert model.validation_metric_ == best
    assert log_loss(held_out[1], model.predict_proba(held_out[0])[:, 1]) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize(("kind", "expected"), [("cpu", 16), ("cuda", 32)])
def test_the_number_of_members_follows_the_device(
    monkeypatch: pytest.MonkeyPatch, kind: str, expected: int
) -> None:
    monkeypatch.setattr(tabm_module, "resolve", lambda device: torch.device(kind))
    X, _ = bank(50)
    inputs = Inputs.fit(X, np.ones(50), bins=4, categorical=())

    assert TabmClassifier(**SMALL)._build(inputs, 0).members == expected
    assert TabmClassifier(members=7, **SMALL)._build(inputs, 0).members == 7


def test_a_model_of_a_gpu_keeps_its_members_on_a_cpu(tmp_path: Path) -> None:
    X, y = bank(200)
    model = TabmClassifier(members=6, epochs=1, device="cpu", **SMALL).fit(X, y)
    model.save(tmp_path)
    state = json.loads((tmp_path / "estimator.json").read_text())
    state["settings"]["members"] = None
    (tmp_path / "estimator.json").write_text(json.dumps(state))

    loaded = TabmClassifier.load(tmp_path)

    assert loaded.members_count_ == 6
    np.testing.assert_array_equal(loaded.log_odds(X), model.log_odds(X))


def test_scaled_weights_give_what_the_package_gives_for_scaled_rows() -> None:
    made, (numbers, labels) = network(), rows()

    with torch.no_grad():
        encoded = made.encode(numbers, labels)
        expected = made.head(made.backbone(ensemble_view(encoded, 5, False))).squeeze(2)

        torch.testing.assert_close(made(numbers, labels), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("depth", [1, 3])
def test_the_first_layer_is_the_sum_over_columns(depth: int) -> None:
    made, (numbers, labels) = network(depth=depth), rows()

    with torch.no_grad():
        encoded, weight, after = made.encode(numbers, labels), made.first_weight(), made.after_first_layer()
        parts = [encoded[:, owned] @ weight[:, owned].T for owned in made.owned]
        total = torch.stack(parts).sum(dim=0).view(-1, *after.shift.shape) * after.scale + after.shift
        whole = after.log_odds(total)
        moved = numbers.clone()
        moved[:, 1] = 0.5
        others = made.encode(moved, labels)
        expected = log_odds_of_members(made(numbers, labels))

    torch.testing.assert_close(whole, expected, rtol=0, atol=1e-12)
    changed = [bool((others[:, owned] != encoded[:, owned]).any()) for owned in made.owned]
    assert changed == [False, True, False, False]


def test_a_gap_is_told_from_the_middle() -> None:
    made, (numbers, labels) = network(), rows()
    middle = numbers.clone()
    middle[3, 0] = 1.5

    with torch.no_grad():
        gap, filled = made.encode(numbers, labels)[3], made.encode(middle, labels)[3]

    differs = (gap != filled).nonzero().flatten().tolist()
    # Twelve inputs of three vectors, then "the first is missing" and "the third is missing".
    assert differs == [12]
    assert (float(gap[12]), float(filled[12])) == (1.0, 0.0)


def test_vectors_are_piecewise_linear_in_the_position() -> None:
    made = network()
    at = torch.tensor([[1.0, 0.5, 2.0], [1.5, 0.5, 2.0], [2.0, 0.5, 2.0], [3.0, 0.5, 2.0]]).double()
    labels = torch.zeros((4, 1), dtype=torch.int64)

    with torch.no_grad():
        vector = made.encode(at, labels)[:, :4]

    # A straight line from one knot to the next, bent at the knot.
    torch.testing.assert_close(vector[1], (vector[0] + vector[2]) / 2)
    assert (vector[2] - vector[0] - (vector[3] - vector[2])).abs().max() > 0.1


def test_one_mask_drops_for_all_members() -> None:
    torch.manual_seed(0)
    layer = SharedDropout(0.4).train()
    x = torch.ones(200, 5, 30)

    dropped = layer(x)

    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert sorted(dropped.unique().tolist()) == pytest.approx([0.0, 1 / 0.6])
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.03)
    assert torch.equal(layer.eval()(x), x)


def test_all_masks_are_shared() -> None:
    made = network()

    kinds = [type(part) for part in made.modules()]

    assert kinds.count(SharedDropout) == 3
    assert torch.nn.Dropout not in kinds


def test_only_labels_is_no_trouble() -> None:
    random = np.random.default_rng(0)
    X = random.integers(0, 4, size=(400, 2)).astype(float)
    y = (random.random(400) < np.where(X[:, 0] == 2, 0.8, 0.2)).astype(int)

    model = TabmClassifier(members=2, epochs=40, device="cpu", categorical=(0, 1), **SMALL).fit(X, y)
    p = model.predict_proba(X)[:, 1]

    assert p[X[:, 0] == 2].mean() > p[X[:, 0] != 2].mean() + 0.3


def test_more_members_cost_more() -> None:
    few = estimate("tabm", {"members": 8}, 50_000, 20, "cpu")
    many = estimate("tabm", {"members": 32}, 50_000, 20, "cpu")

    assert 2 < many.seconds / few.seconds < 4
    assert many.memory_bytes > few.memory_bytes
    assert check_config("tabm", {}).model_dump()["members"] is None
