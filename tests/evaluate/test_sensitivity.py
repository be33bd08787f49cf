"""Noise and gaps: what they do to a score whose dependence is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from aimass_core.errors import SettingsError
from aimass_core.evaluate.sensitivity import Disturbed, sensitivity

Floats = NDArray[np.float64]
COLUMNS = (
    Disturbed("risk"),
    Disturbed("job", categorical=True),
    Disturbed("late", whole=True),
    Disturbed("idle"),
)


def rows(count: int = 2_000) -> tuple[Floats, NDArray[np.int64]]:
    random = np.random.default_rng(0)
    X = np.column_stack(
        [
            random.normal(size=count),
            random.integers(0, 2, count),
            random.poisson(1, count),
            random.normal(size=count),
        ]
    ).astype(float)
    return X, (random.random(count) < score(X)).astype(np.int64)


def score(X: Floats) -> Floats:
    """Depends on all columns but the last; a missing value counts as 0."""
    known = np.nan_to_num(X)
    return np.asarray(1 / (1 + np.exp(-(2 * known[:, 0] + known[:, 1] + 0.5 * known[:, 2] - 1.5))))


def test_feature_without_effect_flips_nothing_and_the_strongest_flips_most() -> None:
    X, y = rows()
    found = sensitivity(score, X, y, COLUMNS, cutoff=0.5)

    effects = {(item.feature, item.how): item for item in found.single}
    for how in ("noise", "missing"):
        idle = effects["idle", how]
        assert (idle.flipped, idle.moved, idle.change) == (0, 0, 0)
    assert found.single[0].feature == "risk"
    assert effects["risk", "noise"].change < 0
    assert len(found.single) == 2 * len(COLUMNS)


def test_more_noise_does_more() -> None:
    X, y = rows()
    found = sensitivity(score, X, y, COLUMNS, cutoff=0.5)

    for how in ("noise", "missing"):
        chosen = [item for item in found.together if item.how == how]
        assert [item.level for item in chosen] == [0.05, 0.1, 0.25, 0.5]
        assert [item.moved for item in chosen] == sorted(item.moved for item in chosen)
    assert found == sensitivity(score, X, y, COLUMNS, cutoff=0.5)


def test_share_of_flips_is_counted_at_the_cut_off() -> None:
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])

    found = sensitivity(
        lambda X: np.where(np.isnan(X[:, 0]), 0.0, X[:, 0] / 3), X, y, [Disturbed("x")], cutoff=0.5, level=1.0
    )

    missing = next(item for item in found.single if item.how == "missing")
    assert missing.flipped == 0.5  # two rows were above, all are at 0 now
    assert missing.auc == 0.5


def test_disturbed_values_stay_what_they_can_be() -> None:
    X, y = rows(300)
    X[5, 2] = math.nan
    seen: list[Floats] = []

    def watching(values: Floats) -> Floats:
        seen.append(values)
        return score(values)

    sensitivity(watching, X, y, COLUMNS, cutoff=0.5, level=1.0)

    for values in seen:
        known = values[:, 2][~np.isnan(values[:, 2])]
        assert (known == known.round()).all()
        assert (known >= np.nanmin(X[:, 2])).all()
        assert set(np.unique(values[:, 1][~np.isnan(values[:, 1])])) <= {0.0, 1.0}
    np.testing.assert_array_equal(seen[0], X)


def test_one_class_has_no_auc_but_flips() -> None:
    X, _ = rows(200)
    found = sensitivity(score, X, np.zeros(200), COLUMNS, cutoff=0.5)

    assert math.isnan(found.auc)
    assert found.single[0].flipped > 0


@pytest.mark.parametrize("level", [0.0, -1.0, 1.5])
def test_level_must_be_one(level: float) -> None:
    X, y = rows(50)
    with pytest.raises(SettingsError, match="above 0 and at most 1"):
        sensitivity(score, X, y, COLUMNS, cutoff=0.5, level=level)
