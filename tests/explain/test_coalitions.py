"""Coalitions: enough of each size, never twice, nested, and solved to the values of the definition."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from aimass_core.explain import coalitions


@pytest.mark.parametrize("players", [1, 2, 3, 4, 7, 10])
def test_all_pairs_are_all_coalitions_once(players: int) -> None:
    every = coalitions.pairs_of_all(players)

    found = coalitions.design(players, (every,), seed=0)

    both = {row.tobytes() for row in np.concatenate([found.masks, ~found.masks])}
    assert len(found.masks) == every
    assert len(both) == 2 * every == 2**players - 2 if players > 1 else not both


@pytest.mark.parametrize("players", [13, 30, 101])
def test_sampled_pairs_differ_and_every_size_gets_its_share(players: int) -> None:
    found = coalitions.design(players, (4 * players,), seed=3)

    assert len(found.masks) == 4 * players
    assert len({row.tobytes() for row in np.concatenate([found.masks, ~found.masks])}) == 8 * players
    np.testing.assert_array_equal(found.masks.sum(axis=1), found.sizes)
    counts = np.bincount(found.sizes)[1:]
    limits = np.array([comb(players, size) for size in range(1, players // 2 + 1)])
    fair = 4 * players / (players / 2)
    assert (counts >= np.minimum(limits, np.floor(fair / 2))).all()
    assert counts.max() <= 3 * fair


def test_stages_contain_those_before_and_keep_players_balanced() -> None:
    long = coalitions.design(30, (60, 120, 240), seed=0)
    short = coalitions.design(30, (60,), seed=0)

    assert long.stages == (60, 120, 240)
    for stage in long.stages:
        sizes = np.bincount(long.sizes[:stage])
        np.testing.assert_array_equal(sizes, np.bincount(coalitions.design(30, (stage,), seed=5).sizes))
    assert short.masks.shape == (60, 30)
    occurs = long.masks[long.sizes == 10].sum(axis=0)
    assert occurs.max() - occurs.min() <= 3


def test_same_seed_same_coalitions() -> None:
    one, two = (coalitions.design(40, (90,), seed=4) for _ in range(2))

    np.testing.assert_array_equal(one.masks, two.masks)
    assert (one.masks != coalitions.design(40, (90,), seed=5).masks).any()


@pytest.mark.parametrize("players", [3, 9, 12])
def test_all_coalitions_solve_to_the_exact_values_without_error(players: int) -> None:
    """A unanimity game of a set: its members share the worth."""
    inside = np.zeros(players, dtype=bool)
    inside[[0, 2]] = True
    found = coalitions.design(players, (coalitions.pairs_of_all(players),), seed=0)

    def worth(masks: np.ndarray) -> np.ndarray:
        return (masks | ~inside).all(axis=1).astype(float)

    solver = coalitions.solver(found, len(found.masks))
    halves = ((worth(found.masks) - worth(~found.masks)) / 2)[None]

    values = solver.values(halves, np.array([1.0]))

    np.testing.assert_allclose(values[0], inside / 2, atol=1e-12)
    np.testing.assert_array_equal(solver.errors(halves, values), 0.0)


def test_games_of_pairs_are_exact_from_few_coalitions() -> None:
    """Pairing cancels what two players do together: the estimate is then exact, and says so."""
    random = np.random.default_rng(0)
    alone, together = random.normal(size=20), np.triu(random.normal(size=(20, 20)), 1)
    found = coalitions.design(20, (40,), seed=1)

    def worth(masks: np.ndarray) -> np.ndarray:
        z = masks.astype(float)
        return z @ alone + np.einsum("pi,ij,pj->p", z, together, z)

    solver = coalitions.solver(found, 40)
    halves = ((worth(found.masks) - worth(~found.masks)) / 2)[None]
    total = worth(np.ones((1, 20), dtype=bool))

    values = solver.values(halves, total)

    np.testing.assert_allclose(values[0], alone + (together + together.T).sum(axis=1) / 2, atol=1e-9)
    np.testing.assert_allclose(solver.errors(halves, values), 0.0, atol=1e-9)


def test_values_add_up_whatever_the_worths_are() -> None:
    found = coalitions.design(25, (60,), seed=0)
    halves = np.random.default_rng(2).normal(size=(7, 60))
    total = np.linspace(-3, 3, 7)

    values = coalitions.solver(found, 60).values(halves, total)

    np.testing.assert_allclose(values.sum(axis=1), total, atol=1e-12)
