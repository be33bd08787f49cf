"""How a feature acts: planted interactions are found, none where none is planted."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.errors import DataError
from aimass_core.evaluate.conditions import Feature
from aimass_core.explain.contributions import Contributions
from aimass_core.explain.dependence import Dependence, dependence, others, sampled

NAMES = ("income", "late", "town", "noise")


def planted(rows: int = 3_000, *, interaction: float) -> tuple[Contributions, list[Feature]]:
    """Make contributions by formula: `late` acts with `town`, `income` for itself."""
    random = np.random.default_rng(0)
    income, late, noise = random.normal(size=(3, rows))
    town = random.integers(0, 3, rows).astype(float)
    income[random.random(rows) < 0.1] = np.nan
    values = np.column_stack(
        [
            np.where(np.isnan(income), 0.7, np.tanh(income)),
            0.8 * late + interaction * late * (town == 2),
            interaction * late * (town == 2) / 2,
            0.05 * noise,
        ]
    )
    features = [
        Feature("income", income),
        Feature("late", late),
        Feature("town", town, ("Ulm", "Rom", "Oslo")),
        Feature("noise", noise),
    ]
    return Contributions(np.arange(1, rows + 1), NAMES, values), features


def of(name: str, *, interaction: float = 1.0, rows: int = 3_000) -> Dependence:
    found, features = planted(rows, interaction=interaction)
    return dependence(found, features, name)


def test_planted_interaction_is_the_strongest() -> None:
    found = of("late")

    assert found.strongest is not None
    assert found.strongest.feature == "town"
    assert found.strongest.left > 0.9
    assert found.strongest.strength == pytest.approx(found.unexplained * found.strongest.left)
    assert [item.feature for item in found.interactions if item.found] == ["town"]


def test_a_label_interacts_with_a_number() -> None:
    strongest = of("town").strongest

    assert strongest is not None
    assert strongest.feature == "late"


@pytest.mark.parametrize("name", NAMES)
def test_no_interaction_where_none_is_planted(name: str) -> None:
    found = of(name, interaction=0.0)

    assert found.strongest is None
    assert all(item.strength < 0.01 for item in found.interactions)
    assert found.unexplained < 0.02


def test_noise_alone_is_no_interaction() -> None:
    random = np.random.default_rng(1)
    features = [Feature(f"f{j}", random.normal(size=400)) for j in range(30)]
    found = Contributions(
        np.arange(400), tuple(item.name for item in features), random.normal(size=(400, 30))
    )

    false = sum(dependence(found, features, item.name).strongest is not None for item in features)
    assert false <= 4  # a level of 5 % for each of the 30


def test_missing_values_are_a_bin_apart() -> None:
    found = of("income")

    *known, lost = found.bins
    assert lost.missing
    assert lost.text == "missing"
    assert lost.mean == pytest.approx(0.7)
    assert not any(item.missing for item in known)
    assert [item.middle for item in known] == sorted(item.middle for item in known)
    assert sum(item.rows for item in found.bins) == found.rows == 3_000


def test_means_and_intervals_are_those_of_the_rows() -> None:
    found, features = planted(interaction=1.0)
    town = features[2].values

    bins = {item.text: item for item in dependence(found, features, "town").bins}

    own = found.of("town")[town == 2]
    assert bins["Oslo"].rows == len(own)
    assert bins["Oslo"].mean == pytest.approx(own.mean())
    half = 1.959964 * own.std(ddof=1) / np.sqrt(len(own))
    assert bins["Oslo"].high - bins["Oslo"].mean == pytest.approx(half)
    assert bins["Ulm"].mean == bins["Ulm"].low == bins["Ulm"].high == 0


def test_groups_found_before_change_nothing() -> None:
    found, features = planted(interaction=1.0)

    assert dependence(found, features, "late", apart=others(features)) == dependence(found, features, "late")


@pytest.mark.parametrize("column", [np.full(100, np.nan), np.zeros(100)])
def test_a_feature_without_variation_has_one_bin(column: np.ndarray) -> None:
    features = [Feature("flat", column), Feature("other", np.arange(100.0))]
    found = Contributions(np.arange(100), ("flat", "other"), np.zeros((100, 2)))

    made = dependence(found, features, "flat")

    assert [item.rows for item in made.bins] == [100]
    assert made.unexplained == 0
    assert made.strongest is None


def test_too_few_rows_are_said() -> None:
    with pytest.raises(DataError, match="at least 30 explained rows"):
        of("late", rows=29)


def test_sample_is_seeded_and_all_rows_when_few() -> None:
    assert sampled(10).tolist() == list(range(10))
    assert len(sampled(5_000)) == len(set(sampled(5_000).tolist())) == 1_000
    assert (sampled(5_000) == sampled(5_000)).all()
