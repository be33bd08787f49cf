"""Rules for what may change: kept or broken as they say, links too, and the first guesses are sensible."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from aimass_core.errors import SettingsError
from aimass_core.explain.recourse_rules import ChangeRules, Link, LinkKind, Rule, default_rules
from aimass_core.schema import Column

NUMBER = Column(name="a", kind="number")
LABEL = Column(name="town", kind="category")


@pytest.mark.parametrize(
    ("rule", "before", "after", "word"),
    [
        (Rule(column="a", may="immutable"), 1.0, 2.0, "not change"),
        (Rule(column="a", may="up"), 1.0, 0.5, "only go up"),
        (Rule(column="a", may="down"), 1.0, 2.0, "only go down"),
        (Rule(column="a", whole=True), 1.0, 1.5, "whole"),
        (Rule(column="a", low=0), 1.0, -1.0, "limits"),
        (Rule(column="a", high=3), 1.0, 4.0, "limits"),
        (Rule(column="a"), 1.0, None, "become missing"),
        (Rule(column="a"), None, 1.0, "is missing"),
    ],
)
def test_a_rule_is_broken(rule: Rule, before: float | None, after: float | None, word: str) -> None:
    found = rule.broken(before, after)

    assert found is not None
    assert word in found
    assert "`a`" in found


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (Rule(column="a", may="immutable"), 1.0, 1.0),
        (Rule(column="a", may="up"), 1.0, 2.5),
        (Rule(column="a", may="down", whole=True), 1.5, 1.0),
        (Rule(column="a", low=5, high=9), 1.0, 1.0),
        (Rule(column="a", low=5, high=9), 1.0, 5.0),
        (Rule(column="a", fill=True), None, 3.0),
        (Rule(column="a"), None, None),
    ],
)
def test_a_rule_is_kept(rule: Rule, before: float | None, after: float | None) -> None:
    assert rule.broken(before, after) is None


@pytest.mark.parametrize(
    ("kind", "whole", "after", "kept"),
    [
        ("shift", False, (15.0, 25.0), True),
        ("shift", False, (15.0, 26.0), False),
        ("shift", False, (10.0, 21.0), False),
        ("ratio", False, (15.0, 30.0), True),
        ("ratio", False, (15.0, 31.0), False),
        ("ratio", True, (11.0, 23.0), True),  # 10 · 1.12 and 20 · 1.12 are 11.2 and 22.4; 1.125 gives 11, 23
        ("ratio", True, (11.0, 25.0), False),
    ],
)
def test_linked_columns(kind: LinkKind, whole: bool, after: tuple[float, float], kept: bool) -> None:
    rules = ChangeRules(
        rules=(Rule(column="a", whole=whole), Rule(column="b", whole=whole)),
        links=(Link(columns=("a", "b"), kind=kind),),
    )
    found = rules.broken({"a": 10.0, "b": 20.0}, dict(zip("ab", after, strict=True)))

    assert (found == []) is kept


def test_zero_stays_zero_under_the_same_factor_and_missing_stays_missing() -> None:
    rules = ChangeRules(links=(Link(columns=("a", "b", "c"), kind="ratio"),))
    before = {"a": 10.0, "b": 0.0, "c": None}

    assert rules.broken(before, {"a": 20.0, "b": 0.0, "c": None}) == []
    assert rules.broken(before, {"a": 20.0, "b": 1.0, "c": None})


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValidationError, match="must not be above"):
        Rule(column="a", low=2, high=1)
    with pytest.raises(ValidationError, match="one rule"):
        ChangeRules(rules=(Rule(column="a"), Rule(column="a", may="up")))
    with pytest.raises(ValidationError, match="one link"):
        ChangeRules(links=(Link(columns=("a", "b")), Link(columns=("b", "c"))))
    with pytest.raises(ValidationError, match="itself"):
        Link(columns=("a", "a"))


@pytest.mark.parametrize(
    "rules",
    [
        ChangeRules(rules=(Rule(column="gone"),)),
        ChangeRules(rules=(Rule(column="town", may="up"),)),
        ChangeRules(rules=(Rule(column="town", low=1),)),
        ChangeRules(links=(Link(columns=("a", "town")),)),
        ChangeRules(links=(Link(columns=("a", "gone")),)),
    ],
)
def test_rules_that_do_not_fit_the_columns_are_named(rules: ChangeRules) -> None:
    with pytest.raises(SettingsError, match=r"`gone`|`town`"):
        rules.checked([NUMBER, LABEL])


def test_first_rules_fix_what_nobody_can_change() -> None:
    columns = [
        Column(name="Age", kind="integer"),
        Column(name="GENDER", kind="category"),
        Column(name="marriage", kind="category"),
        Column(name="birth_year", kind="integer"),
        Column(name="since", kind="date"),
        Column(name="customer", kind="text", role="id"),
        Column(name="origin", kind="category", role="protected"),
        Column(name="limit", kind="integer"),
        Column(name="rate", kind="number"),
        *(Column(name=f"PAY_{n}", kind="integer") for n in (0, 2, 3, 4)),
    ]
    rules = default_rules(columns)

    fixed = {rule.column for rule in rules.rules if rule.may == "immutable"}
    assert fixed == {"Age", "GENDER", "marriage", "birth_year", "since", "customer", "origin"}
    assert rules.of("limit").whole
    assert not rules.of("rate").whole
    assert "as months go by" in rules.of("PAY_3").why
    assert not any(rule.fill for rule in rules.rules)
    assert rules == rules.checked(columns)


def test_protected_columns_that_a_model_was_trained_on_are_fixed() -> None:
    assert default_rules([NUMBER], protected=("a",)).of("a").may == "immutable"


def test_set_rules_win_over_guessed_ones_and_links_survive_what_is_there() -> None:
    guessed = ChangeRules(rules=(Rule(column="a", may="immutable"), Rule(column="town", may="immutable")))
    chosen = ChangeRules(
        rules=(Rule(column="a", may="up"),), links=(Link(columns=("a", "b", "c")), Link(columns=("d", "e")))
    )

    found = chosen.within([NUMBER, Column(name="b", kind="number"), LABEL]).over(guessed)

    assert (found.of("a").may, found.of("town").may) == ("up", "immutable")
    assert found.links == (Link(columns=("a", "b")),)
