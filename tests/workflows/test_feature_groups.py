"""Groups of features guessed from names and roles, checked, and taken out of settings."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aimass_core.errors import DataError, SettingsError
from aimass_core.schema import Column, Role
from aimass_core.workflows import feature_groups


def columns(names: Sequence[str], role: Role = "feature") -> list[Column]:
    return [Column(name=name, kind="number", role=role) for name in names]


def test_series_prefixes_and_single_columns_are_told_apart() -> None:
    names = ["LIMIT", *(f"BILL_AMT{i}" for i in range(1, 7)), "geo_city", "geo_zip", "AGE"]

    found = feature_groups.guessed([*columns(names), *columns(["sex", "race"], "protected")])

    assert found == {
        "BILL_AMT": tuple(f"BILL_AMT{i}" for i in range(1, 7)),
        "geo": ("geo_city", "geo_zip"),
        "protected": ("sex", "race"),
        "LIMIT": ("LIMIT",),
        "AGE": ("AGE",),
    }


def test_every_feature_is_in_one_group_however_many_there_are() -> None:
    names = [f"c{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(120)]

    found = feature_groups.guessed(columns(names))

    assert len(found) == feature_groups.MOST
    assert sorted(name for group in found.values() for name in group) == names
    assert len(found["all others"]) == 81


def test_one_group_of_all_is_no_group() -> None:
    found = feature_groups.guessed(columns(["m1", "m2", "month1", "month2", "month3"][2:]))

    assert found == {name: (name,) for name in ("month1", "month2", "month3")}


def test_group_named_like_a_column_gets_a_name_of_its_own() -> None:
    found = feature_groups.guessed(columns(["geo_a", "geo_b", "geo"]))

    assert found == {"geo": ("geo_a", "geo_b"), "geo (2)": ("geo",)}


@pytest.mark.parametrize(
    ("groups", "error", "text"),
    [
        ({}, SettingsError, "1 to 40"),
        ({"a": ("z",)}, DataError, "`z` is none of them"),
        ({"a": ()}, SettingsError, "empty"),
        ({"a": ("x", "y")}, SettingsError, "all of them"),
    ],
)
def test_groups_that_cannot_be_left_out(
    groups: dict[str, tuple[str, ...]], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        feature_groups.checked(groups, columns(["x", "y"]))


def test_settings_forget_columns_that_are_left_out() -> None:
    names = ["age", "job", "income", "trees"]
    config = {
        "trees": 100,
        "monotone": {"age": "up", "income": "down"},
        "series": [["age", "income"], ["job"]],
        "edits": [{"feature": "age", "edges": [1, 2]}, {"feature": "job", "edges": []}],
        "members": [{"family": "boosting", "config": {"trees": 5, "trends": {"*": "up", "age": "down"}}}],
    }

    assert feature_groups.without(config, ["age", "trees"], names) == {
        "trees": 100,
        "monotone": {"income": "down"},
        "series": [["income"], ["job"]],
        "edits": [{"feature": "job", "edges": []}],
        "members": [{"family": "boosting", "config": {"trees": 5, "trends": {"*": "up"}}}],
    }
    assert feature_groups.without(config, [], names) == config
