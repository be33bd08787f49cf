"""Networks: whichever way half-differences are found, they are the same; every kind of layer adds up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aimass_core.explain import attribution, coalitions
from aimass_core.explain.game import MixedRows
from aimass_core.explain.members import Members, differences, seconds_a_score
from aimass_core.explain.networks import MixedInputs, MixedTokens, SplitFirstLayer
from aimass_core.models import catalog

RANDOM = np.random.default_rng(5)
SINGLE_PRECISION = 5e-7
"""What single precision may do to one half-difference; a value is made of hundreds."""
COLUMNS = 14
CATEGORY = 13


def data(rows: int) -> tuple[np.ndarray, np.ndarray]:
    X = RANDOM.normal(size=(rows, COLUMNS))
    X[:, CATEGORY] = RANDOM.integers(0, 4, rows)
    X[RANDOM.random(rows) < 0.2, 1] = np.nan
    X[RANDOM.random(rows) < 0.1, CATEGORY] = np.nan
    odds = X[:, 0] + np.nan_to_num(X[:, 1]) * X[:, 2] + (X[:, CATEGORY] == 2)
    return X, (RANDOM.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


X, Y = data(500)
SMALL: dict[str, dict[str, Any]] = {
    "dann": {"width": 16, "depth": 2, "bins": 4, "embedding": 3, "epochs": 3},
    "tabm": {"members": 3, "width": 16, "bins": 4, "epochs": 2},
    "transformer": {"width": 8, "depth": 1, "heads": 2, "bins": 4, "epochs": 2},
    "autoencoder": {"width": 16, "depth": 1, "code": 8, "bins": 4, "pretraining": 1, "epochs": 2},
}
PLAYERS = ((0, 3), (1,), (2,), *((j,) for j in range(4, COLUMNS)))


@pytest.fixture(scope="module", params=list(SMALL))
def fitted(request: pytest.FixtureRequest) -> Any:
    built = catalog.build(request.param, SMALL[request.param], categorical=(CATEGORY,), device="cpu", seed=1)
    return built.fit(X, Y)


def test_every_way_finds_the_same_half_differences(fitted: Any) -> None:
    rows, reference = X[:3].copy(), X[100:117]
    rows[0, CATEGORY], rows[1, 0] = 99.0, np.nan  # never seen in training
    masks = coalitions.design(len(PLAYERS), (40,), seed=0).masks

    plain = MixedRows(fitted.log_odds, reference, PLAYERS)(rows, masks)

    np.testing.assert_allclose(MixedInputs.of(fitted, reference, PLAYERS)(rows, masks), plain, atol=1e-9)
    fast = differences(fitted, reference, PLAYERS)
    assert isinstance(fast, SplitFirstLayer | MixedTokens | MixedInputs)
    np.testing.assert_allclose(fast(rows, masks), plain, atol=SINGLE_PRECISION)


def test_effort_is_counted_not_timed(fitted: Any) -> None:
    members = Members.of(fitted)

    one = seconds_a_score(members.functions, COLUMNS)

    assert 0 < one < 1e-3
    again = catalog.build(fitted.family, SMALL[fitted.family], categorical=(CATEGORY,), device="cpu", seed=1)
    assert seconds_a_score(Members.of(again.fit(X, Y)).functions, COLUMNS) == one


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Linear(1, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.tokens(x[:, :, None])
        found: Tensor = self.head(self.attention(tokens, tokens, tokens)[0].mean(dim=1))
        return found


class _Embedded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(9, 4)
        self.rest = nn.Sequential(nn.Linear(COLUMNS + 3, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x: Tensor) -> Tensor:
        label = (x[:, -1].abs() * 4).long().clamp(0, 8)
        found: Tensor = self.rest(torch.cat([x[:, :-1], self.table(label)], dim=1))
        return found


def _perceptron(activation: nn.Module, *more: nn.Module) -> nn.Module:
    return nn.Sequential(
        nn.Linear(COLUMNS, 24), *more, activation, nn.Linear(24, 24), activation, nn.Linear(24, 1)
    )


class _Named(SimpleNamespace):
    """A network that is nothing but a function of the matrix."""

    __hash__ = object.__hash__
    net: nn.Module

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return self.net(torch.from_numpy(np.nan_to_num(rows))).squeeze(1).numpy()


@pytest.mark.parametrize("kind", ["relu", "silu", "layer norm", "attention", "embedding", "ensemble"])
def test_every_kind_of_layer_adds_up(kind: str) -> None:
    torch.manual_seed(0)
    made = {
        "relu": lambda: _perceptron(nn.ReLU()),
        "silu": lambda: _perceptron(nn.SiLU()),
        "layer norm": lambda: _perceptron(nn.ReLU(), nn.LayerNorm(24)),
        "attention": _Attention,
        "embedding": _Embedded,
    }
    one = _Named(net=made.get(kind, made["relu"])().double().eval())
    model: Any = one
    if kind == "ensemble":
        other = _Named(net=made["silu"]().double().eval())
        model = SimpleNamespace(affine_intercept=0.25, affine_members=lambda: ((0.6, one), (0.4, other)))
        model.log_odds = lambda rows: 0.25 + 0.6 * one.log_odds(rows) + 0.4 * other.log_odds(rows)
    members, columns = Members.of(model), tuple((j,) for j in range(COLUMNS))
    tried = attribution.effort(members, COLUMNS, COLUMNS, "batch")

    found = attribution.attribute(members, X[:8], X[200:260], columns, tried, seed=0)

    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.log_odds(X[:8]), atol=1e-9)
    assert found.base == pytest.approx(model.log_odds(X[200:260]).mean(), abs=1e-9)
    assert "estimated" in found.method
