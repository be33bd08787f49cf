"""Sums of models: taken apart by what members offer, explained against the same rows, added up again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from aimass_core.explain import attribution
from aimass_core.explain.members import Members
from aimass_core.models import catalog
from tests.explain.definition import by_coalitions

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(400, 6))
X[:, 5] = RANDOM.integers(0, 3, 400)
Y = (RANDOM.random(400) < 1 / (1 + np.exp(-X[:, 0] - X[:, 1] * X[:, 2]))).astype(int)
COLUMNS = ((0,), (1, 3), (2,), (4,), (5,))
QUICK: dict[str, dict[str, Any]] = {
    "scorecard": {"bins": 4},
    "boosting": {"trees": 15, "min_child": 5},
    "dann": {"width": 8, "depth": 1, "bins": 4, "epochs": 2},
    "isolation": {"trees": 10},
}


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    return {
        key: catalog.build(key, config, categorical=(5,), device="cpu", seed=0).fit(X, Y)
        for key, config in QUICK.items()
    }


def mixed(intercept: float, *members: tuple[float, Any]) -> Any:
    def log_odds(rows: np.ndarray) -> np.ndarray:
        return intercept + sum(weight * member.log_odds(rows) for weight, member in members)

    return SimpleNamespace(affine_intercept=intercept, affine_members=lambda: members, log_odds=log_odds)


def test_members_are_told_apart_by_what_they_offer(parts: dict[str, Any]) -> None:
    inner = mixed(0.5, (2.0, parts["boosting"]), (-1.0, parts["isolation"]))

    found = Members.of(mixed(0.1, (0.4, parts["scorecard"]), (0.3, inner), (0.2, parts["dann"])))

    assert found.intercept == pytest.approx(0.1 + 0.3 * 0.5)
    assert [(weight, member.family) for weight, member in found.additive] == [(0.4, "scorecard")]
    assert [(weight, member.family) for weight, member in found.trees] == [(0.6, "boosting")]
    assert [(weight, member.family) for weight, member in found.functions] == [
        (-0.3, "isolation"),
        (0.2, "dann"),
    ]
    assert found.only is None
    assert Members.of(parts["dann"]).only is parts["dann"]


@pytest.mark.parametrize("names", [("boosting", "boosting"), ("scorecard", "boosting"), tuple(QUICK)])
def test_sum_of_members_is_the_value_of_the_sum(parts: dict[str, Any], names: tuple[str, ...]) -> None:
    model = mixed(-0.7, *((0.5 + 0.2 * k, parts[name]) for k, name in enumerate(names)))
    members, rows, reference = Members.of(model), X[:4], X[100:130]
    tried = attribution.effort(members, len(COLUMNS), 6, "row")

    found = attribution.attribute(members, rows, reference, COLUMNS, tried, seed=0)

    for row, values in zip(rows, found.values, strict=True):
        wanted = by_coalitions(model.log_odds, row, reference, COLUMNS)
        np.testing.assert_allclose(values, wanted, atol=1e-9)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.log_odds(rows), atol=1e-9)
    assert found.base == pytest.approx(model.log_odds(reference).mean(), abs=1e-9)
    assert (found.errors == 0).all()
    assert found.method.count("exact") == len(set(names) - {"isolation"})


def test_cost_of_a_row_grows_with_the_members(parts: dict[str, Any]) -> None:
    one = Members.of(parts["dann"])
    both = Members.of(mixed(0.0, (0.5, parts["dann"]), (0.5, parts["isolation"])))

    costs = [attribution.seconds_a_row(members, 20, 6, "batch") for members in (one, both)]

    assert 0 < costs[0] <= 1.5 * costs[1]
    assert attribution.seconds_a_row(Members.of(parts["scorecard"]), 20, 6, "batch") < 1e-3
