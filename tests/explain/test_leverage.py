"""Estimated values: right where shap is exact, honest about their error, each row for itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from aimass_core.explain import leverage
from aimass_core.explain.game import Game
from aimass_core.explain.leverage import Effort
from tests.explain.definition import by_coalitions, by_orders

Matrix = npt.NDArray[np.float64]
RANDOM = np.random.default_rng(7)
PLAYERS = 14
REFERENCE = RANDOM.normal(size=(12, PLAYERS))
ROWS = RANDOM.normal(size=(6, PLAYERS))


def tangled(X: Matrix) -> Matrix:
    """Interactions of up to five players, and a column that does nothing (the last)."""
    deep = X[:, 0] * X[:, 1] * X[:, 2] + np.maximum(X[:, 3], X[:, 0]) * X[:, 4]
    return deep + np.tanh(X[:, 5:10].sum(axis=1)) * X[:, 3] + X[:, 10] ** 2 + 0.3 * X[:, 11] * X[:, 12]


def singles(count: int) -> list[tuple[int, ...]]:
    return [(j,) for j in range(count)]


def truth() -> Matrix:
    """All 16,384 coalitions."""
    columns = singles(PLAYERS)
    return np.array([by_coalitions(tangled, row, REFERENCE, columns) for row in ROWS])


def estimated(pairs: int, *, seed: int = 0, rows: Matrix = ROWS) -> leverage.Estimate:
    game = Game.of(tangled, REFERENCE, singles(PLAYERS))
    return leverage.estimate(game, rows, tangled(rows), Effort((pairs,), 12), seed=seed)


def test_estimates_come_close_and_their_errors_cover_the_truth() -> None:
    wanted = truth()

    found = [estimated(60, seed=seed) for seed in range(40)]

    errors = np.array([item.errors for item in found])
    missed = np.array([item.values - wanted for item in found])
    assert np.sqrt((missed**2).mean()) < 0.15 * np.abs(wanted).mean()
    covered = (np.abs(missed) <= 1.96 * errors + 1e-12).mean()
    assert 0.90 <= covered <= 0.995
    # Errors as stated are errors as they are, and the estimate leans to no side.
    assert np.sqrt((errors**2).mean()) == pytest.approx(np.sqrt((missed**2).mean()), rel=0.4)
    leaning = np.abs(missed.mean(axis=0)) / (missed.std(axis=0) / np.sqrt(40))
    assert leaning.max() < 4.5


def test_more_coalitions_mean_less_error() -> None:
    wanted = truth()

    def rmse(pairs: int) -> float:
        return float(np.sqrt(np.mean([(estimated(pairs, seed=s).values - wanted) ** 2 for s in range(5)])))

    assert rmse(400) < 0.6 * rmse(60)


def test_column_that_is_ignored_gets_zero_within_its_error() -> None:
    found = [estimated(80, seed=seed) for seed in range(20)]

    values = np.array([item.values[:, -1] for item in found])
    errors = np.array([item.errors[:, -1] for item in found])
    assert (np.abs(values) <= 1.96 * errors + 1e-12).mean() > 0.9
    assert (np.abs(values) <= 5 * errors + 1e-12).all()


def test_rows_do_not_depend_on_each_other() -> None:
    game = Game.of(tangled, REFERENCE, singles(PLAYERS))
    effort = leverage.effort(PLAYERS, 12, evaluations=6_000)

    together = leverage.estimate(game, ROWS, tangled(ROWS), effort)

    assert len(effort.pairs) > 1
    for i in range(len(ROWS)):
        alone = leverage.estimate(game, ROWS[i : i + 1], tangled(ROWS[i : i + 1]), effort)
        np.testing.assert_allclose(alone.values[0], together.values[i], atol=1e-12)
        np.testing.assert_allclose(alone.errors[0], together.errors[i], atol=1e-12)
        assert alone.pairs[0] == together.pairs[i]


def test_coalitions_grow_until_the_top_reasons_cannot_swap() -> None:
    def clear(X: Matrix) -> Matrix:
        return 5 * X[:, 0] + 4 * X[:, 1] + 3 * X[:, 2] + 2 * X[:, 3] + 0.01 * np.prod(X[:, 4:8], axis=1)

    rows, effort = np.ones((1, PLAYERS)), Effort((30, 60, 400), 12)
    plain = Game.of(clear, np.zeros((12, PLAYERS)), singles(PLAYERS))
    hard = Game.of(tangled, REFERENCE, singles(PLAYERS))

    settled = leverage.estimate(plain, rows, clear(rows), effort)
    doubtful = leverage.estimate(hard, ROWS, tangled(ROWS), effort)

    assert settled.pairs.tolist() == [30]
    assert doubtful.pairs.max() == 400


@pytest.mark.parametrize("players", [1, 2, 5])
def test_few_players_are_exact(players: int) -> None:
    def model(X: Matrix) -> Matrix:
        return np.asarray(np.prod(1 + X, axis=1))

    reference, row = RANDOM.normal(size=(9, players)), RANDOM.normal(size=(1, players))
    game = Game.of(model, reference, singles(players))

    found = leverage.estimate(game, row, model(row), leverage.effort(players, 9, evaluations=10_000))

    assert found.exact
    np.testing.assert_array_equal(found.errors, 0.0)
    np.testing.assert_allclose(
        found.values[0], by_orders(model, row[0], reference, singles(players)), atol=1e-12
    )


def test_columns_of_one_player_move_together() -> None:
    columns = [(0, 3), (1,), (2, 4), tuple(range(5, PLAYERS))]
    game = Game.of(tangled, REFERENCE, columns)

    found = leverage.estimate(game, ROWS, tangled(ROWS), leverage.effort(4, 12, evaluations=10_000))

    for row, values in zip(ROWS, found.values, strict=True):
        np.testing.assert_allclose(values, by_orders(tangled, row, REFERENCE, columns), atol=1e-12)


@pytest.mark.filterwarnings("ignore:The set_:PendingDeprecationWarning")  # by shap, of matplotlib
def test_shap_agrees_where_it_is_exact() -> None:
    import shap

    masker = shap.maskers.Independent(REFERENCE[:, :8], max_samples=len(REFERENCE))

    def model(X: Matrix) -> Matrix:
        return tangled(np.column_stack([X, np.zeros((len(X), PLAYERS - 8))]))

    oracle = shap.ExactExplainer(model, masker)(ROWS[:2, :8]).values
    game = Game.of(model, REFERENCE[:, :8], singles(8))

    found = leverage.estimate(
        game, ROWS[:2, :8], model(ROWS[:2, :8]), leverage.effort(8, 12, evaluations=9_999)
    )

    np.testing.assert_allclose(found.values, oracle, atol=1e-9)


def test_one_reference_row_and_one_row_alike() -> None:
    game = Game.of(tangled, ROWS[:1], singles(PLAYERS))

    found = leverage.estimate(game, ROWS[:2], tangled(ROWS[:2]), leverage.effort(PLAYERS, 1, evaluations=400))

    np.testing.assert_allclose(found.values[0], 0.0, atol=1e-12)
    np.testing.assert_allclose(found.values.sum(axis=1) + game.base, tangled(ROWS[:2]), atol=1e-12)


def test_five_hundred_players() -> None:
    random = np.random.default_rng(0)
    weights, reference, rows = (
        random.normal(size=500),
        random.normal(size=(100, 500)),
        random.normal(size=(1, 500)),
    )

    def model(X: Matrix) -> Matrix:
        return X @ weights + X[:, 0] * X[:, 1]

    effort = leverage.effort(500, 100, evaluations=8_000)
    found = leverage.estimate(
        Game.of(model, reference[: effort.references], singles(500)), rows, model(rows), effort
    )

    used = reference[: effort.references]
    wanted = weights * (rows[0] - used.mean(axis=0))
    np.testing.assert_allclose(found.values[0, 2:], wanted[2:], atol=1e-8)


def test_budget_is_kept_and_every_reference_row_is_used_while_it_lasts() -> None:
    assert leverage.effort(9, 100, evaluations=40_000) == Effort((255,), 100)
    twelve = leverage.effort(12, 100, evaluations=40_000)
    assert twelve.pairs == (2_047,)
    assert 16 <= twelve.references < 25
    thirty = leverage.effort(30, 100, evaluations=40_000)
    assert thirty == Effort((60, 100, 200), 100)
    dear = leverage.effort(30, 100, evaluations=2_500)
    assert dear == Effort((62,), 20)
    assert leverage.effort(17, 100, evaluations=10_000) == Effort((34, 68), 73)
    assert leverage.effort(30, 100, evaluations=10).references == 16
    assert leverage.effort(1, 100, evaluations=10).pairs == (0,)
