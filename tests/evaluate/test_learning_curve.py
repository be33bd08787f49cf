"""The answer to "would more data help?" from curves whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aimass_core.evaluate.learning_curve import learning_curve

ROWS = (1_000, 2_000, 4_000, 8_000)


def curve(gain: float, *, noise: float = 0.0, seeds: int = 4, power: float = 0.5) -> list[list[float]]:
    """A power law: the error above 0.2 shrinks with the rows."""
    random = np.random.default_rng(0)
    means = [0.8 - gain * (ROWS[0] / rows) ** power for rows in ROWS]
    return [[mean + noise * random.normal() for _ in range(seeds)] for mean in means]


def test_steep_curve_asks_for_more_and_foretells_the_next_doubling() -> None:
    found = learning_curve(ROWS, curve(0.1))

    assert found.answer == "yes"
    truth = 0.1 * (1 / 8**0.5 - 1 / 16**0.5)
    assert found.next_gain == pytest.approx(truth, rel=0.01)
    assert found.text.startswith("Yes. ")
    assert [point.rows for point in found.points] == list(ROWS)


def test_flat_curve_does_not() -> None:
    found = learning_curve(ROWS, curve(0.0, noise=0.0005))

    assert found.answer == "no"
    assert "Better features" in found.text


def test_shallow_curve_is_a_little() -> None:
    assert learning_curve(ROWS, curve(0.01)).answer == "a little"


def test_noisy_curve_cannot_tell() -> None:
    found = learning_curve(ROWS, curve(0.02, noise=0.03))

    assert found.answer == "unclear"


def test_uneven_steps_count_by_doublings() -> None:
    found = learning_curve((1_000, 4_000), [[0.70], [0.72]])

    assert found.last_gain == pytest.approx(0.01)
    assert math.isnan(found.last_error)


def test_spread_is_that_of_the_seeds() -> None:
    found = learning_curve((1_000, 2_000), [[0.70, 0.72], [0.73, 0.75]])

    assert found.points[0].mean == pytest.approx(0.71)
    assert found.points[0].spread == pytest.approx(np.std([0.70, 0.72], ddof=1))
    assert (found.points[0].low, found.points[0].high) == (0.70, 0.72)
    assert found.last_error == pytest.approx(0)


@pytest.mark.parametrize(("rows", "values"), [((1_000,), [[0.7]]), ((1_000, 2_000), [[0.7], [math.nan]])])
def test_too_little_to_read_is_unclear(rows: tuple[int, ...], values: list[list[float]]) -> None:
    found = learning_curve(rows, values)

    assert found.answer == "unclear"
    assert math.isnan(found.next_gain)
