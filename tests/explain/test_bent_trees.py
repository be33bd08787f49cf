"""Isolation forests: walked once for all coalitions, as if every mixed row had been scored."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.explain import coalitions
from aimass_core.explain.bent_trees import BentTrees
from aimass_core.explain.game import MixedRows
from aimass_core.explain.members import differences
from aimass_core.models import catalog
from aimass_core.models.isolation_forest import Forest

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(400, 6))
X[:, 5] = RANDOM.integers(0, 4, 400)
X[RANDOM.random(400) < 0.2, 1] = np.nan
PLAYERS = ((0, 4), (1,), (2,), (3,), (5,))


def test_half_differences_are_those_of_mixed_rows() -> None:
    model = catalog.build("isolation", {"trees": 25}, categorical=(5,), device="cpu", seed=0).fit(X)
    rows, reference = X[:3].copy(), X[50:67]
    rows[0, 5], rows[1] = 99.0, np.nan  # a label never seen; nothing known at all
    masks = coalitions.design(5, (15,), seed=0).masks

    fast = differences(model, reference, PLAYERS)

    assert isinstance(fast, BentTrees)
    plain = MixedRows(model.log_odds, reference, PLAYERS)(rows, masks)
    np.testing.assert_allclose(fast(rows, masks), plain, atol=1e-12)


def test_trees_of_a_single_leaf() -> None:
    same = np.ones((30, 2))
    model = catalog.build("isolation", {"trees": 3}, device="cpu", seed=0).fit(same)
    masks = coalitions.design(2, (1,), seed=0).masks

    found = differences(model, same[:4], ((0,), (1,)))(np.array([[5.0, -5.0]]), masks)

    np.testing.assert_array_equal(found, 0.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("left", 0),  # a way back to the root, on which a walk would never end
        ("right", 2),  # two ways to one node
        ("left", 1),  # one child only
    ],
)
def test_nodes_that_make_no_trees_are_refused(name: str, value: int) -> None:
    model = catalog.build("isolation", {"trees": 2}, device="cpu", seed=0).fit(X[:, :1])
    arrays = model.forest.arrays()
    node = 1
    assert arrays["left"][node] != node
    arrays[name] = arrays[name].copy()
    arrays[name][node] = value

    with pytest.raises(ValueError, match="must make trees"):
        Forest.from_arrays(arrays)
