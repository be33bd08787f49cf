"""Layers folded into each other say what the network says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from aimass_core.models import catalog
from aimass_core.models.folded import of_norm

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(300, 4))
X[:, 3] = RANDOM.integers(0, 3, 300)
X[RANDOM.random(300) < 0.2, 1] = np.nan
Y = (RANDOM.random(300) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("dann", {"width": 8, "depth": 1, "bins": 4, "epochs": 2}),
    ("dann", {"width": 8, "depth": 3, "bins": 4, "number_size": 0, "epochs": 2}),
    ("tabm", {"width": 8, "depth": 1, "bins": 4, "members": 3, "epochs": 1}),
    ("tabm", {"width": 8, "depth": 3, "bins": 4, "members": 2, "epochs": 1}),
    ("autoencoder", {"width": 8, "depth": 1, "code": 4, "bins": 4, "pretraining": 1, "epochs": 1}),
    ("autoencoder", {"width": 8, "depth": 3, "code": 4, "bins": 4, "pretraining": 1, "epochs": 1}),
)


@pytest.mark.parametrize(("family", "config"), CASES)
def test_first_layer_and_what_follows_are_the_network(family: str, config: dict[str, Any]) -> None:
    model: Any = catalog.build(family, config, categorical=(3,), device="cpu", seed=0).fit(X, Y)
    network = model.network_
    with torch.inference_mode():
        encoded = network.encode(*(torch.from_numpy(part) for part in model.inputs_.transform(X[:20])))
        after = network.after_first_layer()
        weight = network.first_weight()
        parts = [encoded[:, owned] @ weight[:, owned].T for owned in network.owned]
        total = torch.stack(parts).sum(dim=0).view(-1, *after.shift.shape) * after.scale + after.shift

        found = after.log_odds(total)

    np.testing.assert_allclose(found.numpy(), model.log_odds(X[:20]), atol=1e-12)
    assert len(network.owned) == X.shape[1]
    assert sorted(i for owned in network.owned for i in owned) == list(range(weight.shape[1]))


def test_batch_norm_is_a_scale_and_a_shift() -> None:
    norm = nn.BatchNorm1d(2).double()
    norm(torch.tensor([[0.0, 10.0], [4.0, 30.0], [2.0, 80.0]], dtype=torch.float64))
    norm.eval()
    x = torch.tensor([[1.5, -7.0]], dtype=torch.float64)

    scale, shift = of_norm(norm)

    np.testing.assert_allclose((x * scale + shift).numpy(), norm(x).detach().numpy(), atol=1e-14)


def test_operations_count_the_products() -> None:
    model: Any = catalog.build("dann", CASES[0][1] | {"depth": 2}, device="cpu", seed=0).fit(X[:, :3], Y)

    assert model.network_.after_first_layer().operations == 2 * (8 * 8 + 8)
