"""Weak spots: a planted one is found and named, and where none was planted none is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import log_loss
from aimass_core.evaluate.conditions import Condition, Feature, candidates, words
from aimass_core.evaluate.discrimination import auc
from aimass_core.evaluate.segments import By, expected_auc, row_loss, weak_spots

ROWS = 8_000


def made(seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64], list[Feature]]:
    """Perfect probabilities, with ages, limits (some missing) and towns to tell rows apart by."""
    random = np.random.default_rng(seed)
    risk = random.normal(size=ROWS) - 1
    p = 1 / (1 + np.exp(-risk))
    y = (random.random(ROWS) < p).astype(np.int64)
    limit = random.lognormal(10, 1, ROWS)
    limit[random.random(ROWS) < 0.1] = math.nan
    features = [
        Feature("age", random.integers(18, 80, ROWS).astype(float)),
        Feature("limit", limit),
        Feature("town", random.integers(0, 3, ROWS).astype(float), ("Bonn", "Rom", "Ulm", "other")),
        Feature("risk", risk),
    ]
    return y, p, features


@pytest.mark.parametrize("by", ["surprise", "loss"])
def test_none_is_found_where_none_was_planted(by: By) -> None:
    found = [weak_spots(*made(seed), by=by, seed=seed) for seed in range(10)]

    assert sum(bool(item.weak) for item in found) <= 1  # one in twenty by chance


@pytest.mark.parametrize("by", ["surprise", "loss"])
def test_planted_underestimate_is_found_and_named(by: By) -> None:
    y, p, features = made()
    young_romans = (features[0].values < 30) & (features[2].values == 1)
    random = np.random.default_rng(1)
    y[young_romans] = random.random(young_romans.sum()) < 0.75

    found = weak_spots(y, p, features[:3], by=by, depth=2)

    assert found.weak[0].text == "age < 30 and town is Rom"
    assert found.weak[0].weak[0] == "underestimates"
    assert found.weak[0].observed == pytest.approx(0.75, abs=0.1)
    assert len(found.weak) == 1


def test_planted_chance_is_found_as_too_sure_and_badly_ranked() -> None:
    y, p, features = made()
    without_limit = np.isnan(features[1].values)
    y[without_limit] = np.random.default_rng(1).permutation(y[without_limit])

    found = weak_spots(y, p, features, depth=1)

    assert [segment.text for segment in found.weak] == ["limit is missing"]
    assert found.weak[0].weak == ("overconfident", "ranks poorly")
    assert found.weak[0].auc_low < 0.5 < found.weak[0].auc_high
    assert found.weak[0].auc_expected > 0.7


def test_segments_are_measured_on_rows_that_did_not_find_them() -> None:
    y, p, features = made()

    found = weak_spots(y, p, features)

    assert found.rows_searched == pytest.approx(ROWS / 2, abs=1)
    assert (
        sum(segment.rows for segment in found.segments) == found.rows_measured == ROWS - found.rows_searched
    )
    assert sum(segment.bads for segment in found.segments) == pytest.approx(y.sum() / 2, abs=1)
    assert found == weak_spots(y, p, features)


def test_surprise_of_right_probabilities_is_nothing_and_loss_is_log_loss() -> None:
    y, p, _ = made()

    surprise = row_loss(y, p)
    assert abs(surprise.mean()) < 3 * surprise.std() / math.sqrt(ROWS)
    assert row_loss(y, p, "loss").mean() == pytest.approx(log_loss(y, p))


def test_expected_auc_is_that_of_drawn_outcomes() -> None:
    random = np.random.default_rng(0)
    p = random.beta(2, 5, 400).round(2)

    drawn = [auc((random.random(400) < p).astype(int), p) for _ in range(400)]

    assert expected_auc(p) == pytest.approx(np.mean(drawn), abs=0.005)
    assert expected_auc([0.3, 0.3]) == 0.5
    assert math.isnan(expected_auc([0.0, 0.0]))
    assert math.isnan(expected_auc([]))


def test_too_few_rows() -> None:
    y, p, _ = made()

    with pytest.raises(DataError, match="at least 8,000 test rows"):
        weak_spots(y[:7_999], p[:7_999], [], min_rows=2_000)


def test_rows_that_nothing_tells_apart_are_one_segment() -> None:
    y, p, _ = made()

    found = weak_spots(y, p, [Feature("same", np.ones(ROWS))])

    assert [segment.text for segment in found.segments] == ["all rows"]


AGE = Feature("age", np.array([20.0, 40.0, math.nan]))
TOWN = Feature("town", np.array([0.0, 1.0, math.nan]), ("Rom", "Ulm", "other"))


@pytest.mark.parametrize(
    ("path", "text", "rows"),
    [
        ((), "all rows", [True, True, True]),
        ((Condition(0, "<", 25.0),), "age < 25", [True, False, False]),
        ((Condition(0, ">=", 25.0),), "age ≥ 25 or missing", [False, True, True]),
        (
            (Condition(0, ">=", 25.0), Condition(0, "<", 50.0)),
            "age from 25 to below 50",
            [False, True, False],
        ),
        ((Condition(0, "known"), Condition(0, ">=", 25.0)), "age ≥ 25", [False, True, False]),
        ((Condition(0, "missing"),), "age is missing", [False, False, True]),
        ((Condition(0, "known"),), "age is known", [True, True, False]),
        ((Condition(1, "is", 1.0),), "town is Ulm", [False, True, False]),
        ((Condition(1, "is not", 1.0),), "town is not Ulm", [True, False, True]),
        (
            (Condition(1, "known"), Condition(1, "is not", 1.0)),
            "town is known and not Ulm",
            [True, False, False],
        ),
        (
            (Condition(0, "<", 25.0), Condition(1, "is", 0.0)),
            "age < 25 and town is Rom",
            [True, False, False],
        ),
    ],
)
def test_words_say_which_rows_hold(path: tuple[Condition, ...], text: str, rows: list[bool]) -> None:
    features = (AGE, TOWN)
    holds = np.ones(3, dtype=bool)
    for condition in path:
        holds &= condition.holds(features)
        np.testing.assert_array_equal(condition.opposite.holds(features), ~condition.holds(features))

    assert words(path, features) == text
    assert holds.tolist() == rows


def test_cuts_are_few_and_easy_to_remember() -> None:
    income = Feature("income", np.random.default_rng(0).lognormal(10, 1, 5_000))

    cuts = [condition.cut for condition in candidates([income])]

    assert 10 < len(cuts) <= 31
    assert all(float(f"{cut:.3g}") == cut for cut in cuts)
    assert not candidates([Feature("same", np.ones(10))])
    assert [c.sign for c in candidates([Feature("half", np.array([1.0, math.nan]))])] == ["missing"]
