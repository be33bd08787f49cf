"""Reasons in the words of a dictionary: what is said, what is missing, and that values stay values."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from aimass_core.explain.reasons import Direction, Reason, Reasons
from aimass_core.explain.wording import EMPTY, Dictionary, Sentence, drafted, filled, unworded, worded


def reason(feature: str = "income", direction: Direction = "raises", value: str = "510") -> Reason:
    return Reason(
        feature=feature,
        value=value,
        typical="2,400",
        contribution=0.4 if direction == "raises" else -0.4,
        error=0.0,
        direction=direction,
        text="plain",
    )


def sentence(**changes: Any) -> Sentence:
    return Sentence(
        **{
            "feature": "income",
            "direction": "raises",
            "customer": "Your income of {value} is below {typical}.",
            "reviewer": "{feature} {value} against {typical}: more {outcome}.",
            "owner": "ana",
            **changes,
        }
    )


def said(one: Reason, *sentences: Sentence) -> Reason:
    found = Reasons(principal=(one,), tail=(), favourable=())
    return worded(found, Dictionary.of(sentences, version=3), outcome="default").principal[0]


def test_sentences_are_filled_with_the_values_of_the_row() -> None:
    found = said(reason(), sentence())

    assert found.customer == "Your income of 510 is below 2,400."
    assert found.text == "income 510 against 2,400: more default."


def test_another_direction_or_feature_keeps_the_plain_sentence() -> None:
    for other in (reason(direction="lowers"), reason("age")):
        found = said(other, sentence())
        assert (found.text, found.customer) == ("plain", None)


def test_half_an_entry_words_one_side_only() -> None:
    assert said(reason(), sentence(reviewer="")).text == "plain"
    assert said(reason(), sentence(customer="")).customer is None


def test_values_are_not_read_as_sentences() -> None:
    found = said(reason(value="{outcome} {typical} {0.__class__}"), sentence())

    assert found.customer == "Your income of {outcome} {typical} {0.__class__} is below 2,400."


@pytest.mark.parametrize(
    "text", ["{income}", "{value.__class__}", "{value!r}", "{}", "{value", "value}", "{{value}}"]
)
def test_sentence_that_names_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        sentence(customer=text)


def test_version_stands_with_the_reasons_and_contributions_stay() -> None:
    before = Reasons(principal=(reason(),), tail=(reason("age"),), favourable=(reason("job", "lowers"),))
    after = worded(before, Dictionary.of([sentence()], version=7), outcome="default")

    assert after.wording_version == 7
    for side in ("principal", "tail", "favourable"):
        assert [r.contribution for r in getattr(after, side)] == [
            r.contribution for r in getattr(before, side)
        ]
    assert worded(before, EMPTY, outcome="default") == before


def test_missing_are_those_a_customer_could_not_be_told() -> None:
    words = Dictionary.of(
        [sentence(), sentence(feature="age", customer=""), sentence(feature="job", customer="", reviewer="")],
        version=3,
    )

    missing = words.missing(["income", "age", "job"])

    assert missing[:2] == [("age", "raises"), ("job", "raises")]
    assert {direction for _, direction in missing[2:]} == {"lowers"}
    assert ("job", "raises") not in words.sentences


def test_reasons_stored_before_there_were_sentences_can_be_read() -> None:
    old = reason().model_dump()
    del old["customer"]

    found = Reasons.model_validate({"principal": [old], "tail": [], "favourable": []})

    assert found.wording_version == 0
    assert unworded(found.principal) == 1


@pytest.mark.parametrize("name", ["late_payments_24m", "{value}", "__", "收入", "=cmd|'x'!A1", "a" * 500])
def test_draft_is_a_usable_sentence_whatever_the_name(name: str) -> None:
    for direction in ("raises", "lowers"):
        draft = drafted(name, direction)  # type: ignore[arg-type]
        text = filled(draft.customer, feature=name, value="7", typical="3", outcome="default")
        assert "7" in text
        assert "{" not in text
