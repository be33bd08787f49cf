"""Networks: whichever way half-differences are found, they are the same; every kind of layer adds up."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aimass_core.explain import attribution, coalitions, networks
from aimass_core.explain import members as members_module
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


def test_a_row_is_the_same_to_the_last_bit_alone_and_among_others(fitted: Any) -> None:
    rows, reference = X[:9], X[100:120]
    masks = coalitions.design(len(PLAYERS), (60,), seed=0).masks
    way = differences(fitted, reference, PLAYERS)

    together = way(rows, masks)

    for i in (0, 4, 8):
        np.testing.assert_array_equal(way(rows[i : i + 1], masks)[0], together[i])
    np.testing.assert_array_equal(differences(fitted, reference.copy(), PLAYERS)(rows, masks), together)


def test_halves_of_the_reference_rows_are_kept_within_bounds(
    fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(fitted.network_, "after_first_layer"):
        pytest.skip("mixes its tokens")
    masks = coalitions.design(len(PLAYERS), (40,), seed=0).masks
    kept = SplitFirstLayer.of(fitted, X[100:120], PLAYERS)
    found = kept(X[:2], masks)
    monkeypatch.setattr(networks, "_KEPT_CELLS", 0)

    fresh = SplitFirstLayer.of(fitted, X[100:120], PLAYERS)

    np.testing.assert_array_equal(fresh(X[:2], masks), found)
    assert kept.kept
    assert not fresh.kept


def test_double_precision_where_single_is_not_enough(fitted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "SINGLE", 0.0)
    kind = SplitFirstLayer if hasattr(fitted.network_, "after_first_layer") else MixedTokens
    masks = coalitions.design(len(PLAYERS), (40,), seed=0).masks

    way = kind.of(fitted, X[100:117], PLAYERS)

    assert way.reference.dtype == torch.float64
    plain = MixedRows(fitted.log_odds, X[100:117], PLAYERS)(X[:2], masks)
    np.testing.assert_allclose(way(X[:2], masks), plain, atol=1e-9)


def test_values_in_single_precision_are_those_in_double(fitted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    members, columns = Members.of(fitted), tuple((j,) for j in range(COLUMNS))
    tried = attribution.effort(members, COLUMNS, COLUMNS, "batch")

    def values() -> np.ndarray:
        again = attribution.attribute(members, X[:6], X[200:230], columns, tried, seed=0)
        return again.values

    single = values()
    monkeypatch.setattr(networks, "SINGLE", 0.0)
    monkeypatch.setattr(members_module, "_kept", WeakKeyDictionary())
    np.testing.assert_allclose(single, values(), atol=1e-7)


def test_column_that_a_network_does_not_look_at_gets_nothing(fitted: Any) -> None:
    if not hasattr(fitted.network_, "owned"):
        pytest.skip("every token is looked at")
    blind = copy.deepcopy(fitted)
    first = {
        "dann": lambda net: net.blocks[0].linear,
        "autoencoder": lambda net: net.encoder[0].linear,
        "tabm": lambda net: net.backbone.blocks[0][0],
    }[fitted.family](blind.network_)
    with torch.no_grad():
        first.weight[:, blind.network_.owned[4]] = 0.0
    members, columns = Members.of(blind), tuple((j,) for j in range(COLUMNS))
    tried = attribution.effort(members, COLUMNS, COLUMNS, "row")

    found = attribution.attribute(members, X[:6], X[200:230], columns, tried, seed=0)

    assert (np.abs(found.values[:, 4]) <= 4 * found.errors[:, 4] + 1e-7).all()
    assert np.abs(found.values[:, 0]).max() > 1e-4


def test_five_hundred_features() -> None:
    random = np.random.default_rng(0)
    wide = random.normal(size=(260, 500))
    target = (random.random(260) < 1 / (1 + np.exp(-3 * wide[:, 7]))).astype(int)
    model = catalog.build("dann", SMALL["dann"], device="cpu", seed=0).fit(wide, target)
    members, columns = Members.of(model), tuple((j,) for j in range(500))
    tried = attribution.effort(members, 500, 500, "row")

    assert tried is not None
    found = attribution.attribute(
        members, wide[:2], wide[100 : 100 + tried.references], columns, tried, seed=0
    )

    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.log_odds(wide[:2]), atol=1e-9)
    assert np.isfinite(found.errors).all()
    assert (found.errors > 0).any()


def test_torch_has_its_threads_back_afterwards() -> None:
    before = torch.get_num_threads()
    seen: list[int] = []

    class Watched(_Named):
        def log_odds(self, rows: np.ndarray) -> np.ndarray:
            seen.append(torch.get_num_threads())
            return rows[:, 0]

    try:
        torch.set_num_threads(2)
        members = Members.of(Watched())
        tried = attribution.effort(members, 2, 2, "row")
        attribution.attribute(members, X[:1, :2], X[5:9, :2], ((0,), (1,)), tried, seed=0)

        assert torch.get_num_threads() == 2
        assert 1 in seen
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("family", ["dann", "tabm", "autoencoder", "anomaly"])
def test_ten_minutes_are_enough_for_the_reasons_of_ten_thousand_rows(family: str) -> None:
    wide = np.random.default_rng(0).normal(size=(120, 30))
    config = {"epochs": 1} | ({"pretraining": 0} if family == "autoencoder" else {})
    model = catalog.build(family, config, device="cpu", seed=0).fit(wide, (wide[:, 0] > 0).astype(int))

    each = attribution.seconds_a_row(Members.of(model), 30, 30, "row")

    assert 10_000 * each <= 600
