"""Shapley values of small games, against sums that can be written down and against shap."""

from __future__ import annotations

from itertools import permutations as orders_of
from math import factorial

import numpy as np
import numpy.typing as npt
import pytest

from aimass_core.explain import sampling
from aimass_core.explain.sampling import Game

Matrix = npt.NDArray[np.float64]
RANDOM = np.random.default_rng(7)
REFERENCE = RANDOM.normal(size=(12, 5))
ROW = RANDOM.normal(size=5)


def additive(X: Matrix) -> Matrix:
    return 2 * X[:, 0] - X[:, 1] ** 2 + np.sin(X[:, 2]) + 0.5


def tangled(X: Matrix) -> Matrix:
    return X[:, 0] * X[:, 1] * X[:, 2] + np.maximum(X[:, 3], X[:, 0]) * X[:, 4]


def by_definition(model: object, row: Matrix, reference: Matrix) -> Matrix:
    """Mean marginal gain over all orders of the players, straight from the definition."""
    values = np.zeros(len(row))
    for order in orders_of(range(len(row))):
        mixed = reference.copy()
        before = model(mixed).mean()  # type: ignore[operator]
        for player in order:
            mixed[:, player] = row[player]
            after = model(mixed).mean()  # type: ignore[operator]
            values[player] += after - before
            before = after
    return values / factorial(len(row))


def singles(count: int) -> list[tuple[int, ...]]:
    return [(j,) for j in range(count)]


@pytest.mark.parametrize("model", [additive, tangled])
def test_enumeration_is_the_definition(model: object) -> None:
    game = Game.of(model, REFERENCE, singles(5))  # type: ignore[arg-type]

    values = sampling.exact(game, ROW, float(model(ROW[None])[0]))  # type: ignore[operator]

    np.testing.assert_allclose(values, by_definition(model, ROW, REFERENCE), atol=1e-12)


def test_additive_model_gives_the_difference_from_the_mean_without_error() -> None:
    game = Game.of(additive, REFERENCE, singles(5))

    values, errors = sampling.estimated(
        game, ROW, float(additive(ROW[None])[0]), sampling.permutations(5, pairs=3, seed=0)
    )

    wanted = [
        2 * (ROW[0] - REFERENCE[:, 0].mean()),
        -(ROW[1] ** 2) + (REFERENCE[:, 1] ** 2).mean(),
        np.sin(ROW[2]) - np.sin(REFERENCE[:, 2]).mean(),
        0.0,
        0.0,
    ]
    np.testing.assert_allclose(values, wanted, atol=1e-12)
    np.testing.assert_allclose(errors, 0.0, atol=1e-12)


def test_estimate_adds_up_and_lies_within_its_error() -> None:
    game = Game.of(tangled, REFERENCE, singles(5))
    score = float(tangled(ROW[None])[0])
    truth = by_definition(tangled, ROW, REFERENCE)

    values, errors = sampling.estimated(game, ROW, score, sampling.permutations(5, pairs=40, seed=1))

    assert game.worth_of_none + values.sum() == pytest.approx(score, abs=1e-12)
    assert (errors > 0).any()
    assert (np.abs(values - truth) <= 4 * errors + 1e-12).all()


def test_all_orders_give_the_exact_values() -> None:
    game = Game.of(tangled, REFERENCE, singles(5))
    score = float(tangled(ROW[None])[0])

    values, _ = sampling.estimated(game, ROW, score, np.array(list(orders_of(range(5)))))

    np.testing.assert_allclose(values, by_definition(tangled, ROW, REFERENCE), atol=1e-12)


def test_columns_of_one_player_move_together() -> None:
    game = Game.of(tangled, REFERENCE, [(0, 3), (1,), (2, 4)])
    score = float(tangled(ROW[None])[0])

    values = np.zeros(3)
    columns = [[0, 3], [1], [2, 4]]
    for order in orders_of(range(3)):
        mixed = REFERENCE.copy()
        before = tangled(mixed).mean()
        for player in order:
            mixed[:, columns[player]] = ROW[columns[player]]
            after = tangled(mixed).mean()
            values[player] += (after - before) / 6
            before = after

    np.testing.assert_allclose(sampling.exact(game, ROW, score), values, atol=1e-12)


def test_shap_agrees_where_it_is_exact() -> None:
    import shap

    game = Game.of(tangled, REFERENCE, singles(5))
    values = sampling.exact(game, ROW, float(tangled(ROW[None])[0]))

    oracle = shap.ExactExplainer(tangled, shap.maskers.Independent(REFERENCE, max_samples=len(REFERENCE)))

    np.testing.assert_allclose(values, oracle(ROW[None]).values[0], atol=1e-9)


def test_one_player_gets_the_whole_difference() -> None:
    def model(X: Matrix) -> Matrix:
        return 3 * X[:, 0]

    game = Game.of(model, np.array([[1.0], [3.0]]), [(0,)])

    np.testing.assert_allclose(sampling.exact(game, np.array([5.0]), 15.0), [9.0])
    np.testing.assert_allclose(
        sampling.estimated(game, np.array([5.0]), 15.0, sampling.permutations(1, pairs=2, seed=0))[0], [9.0]
    )


def test_many_coalitions_are_valued_in_batches() -> None:
    reference = RANDOM.normal(size=(64, 12))
    row = RANDOM.normal(size=12)
    rows_seen: list[int] = []

    def model(X: Matrix) -> Matrix:
        rows_seen.append(len(X))
        return np.asarray(X.sum(axis=1))

    game = Game.of(model, reference, singles(12))
    masks = RANDOM.random((2_000, 12)) < 0.5

    worth = game.worth(row, masks)

    assert max(rows_seen) <= 32_768
    np.testing.assert_allclose(worth, np.where(masks, row, reference.mean(axis=0)).sum(axis=1), atol=1e-9)
