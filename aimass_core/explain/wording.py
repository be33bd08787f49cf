"""The reason dictionary: for each feature and direction a sentence for the customer and one for the reviewer.

Sentences are templates written by people. Nothing is computed in them: a placeholder in braces is replaced by
a text, and that text is not read again, so that no value can change a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aimass_core.explain.reasons import Direction, Reason, Reasons

PLACEHOLDERS = ("feature", "value", "typical", "outcome")
"""What a sentence can name: the column, its value, its typical value in the reference, what is predicted."""
DIRECTIONS: tuple[Direction, ...] = ("raises", "lowers")
LONGEST = 400
"""Most characters of a sentence."""

_BRACED = re.compile(r"\{([^{}]*)\}")


class Sentence(BaseModel):
    """What is said when a feature moves a score one way; two empty sentences take an entry back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str = Field(min_length=1, description="Name of the column.")
    direction: Direction = Field(description="What the feature did to the probability.")
    customer: str = Field(default="", max_length=LONGEST, description="Sentence for the customer.")
    reviewer: str = Field(default="", max_length=LONGEST, description="Sentence for the reviewer.")
    owner: str = Field(default="", max_length=120, description="Who answers for the wording.")

    @field_validator("customer", "reviewer")
    @classmethod
    def _template(cls, text: str) -> str:
        text = " ".join(text.split())
        unknown = [name for name in _BRACED.findall(text) if name not in PLACEHOLDERS]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ValueError(f"a sentence may name {known}; it names {{{unknown[0]}}}")
        if re.search(r"[{}]", _BRACED.sub("", text)):
            raise ValueError("every { needs its } around the name of a placeholder")
        return text

    @property
    def empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.customer or self.reviewer)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The sentences in force for a data set.

    Attributes
    ----------
    version : how many entries were ever set; 0 before the first.
    sentences : those in force, by feature and direction.
    """

    version: int
    sentences: dict[tuple[str, Direction], Sentence]

    @classmethod
    def of(cls, sentences: Sequence[Sentence], *, version: int) -> Dictionary:
        """Make a dictionary; what is empty is left out."""
        found = {(item.feature, item.direction): item for item in sentences if not item.empty}
        return cls(version, found)

    def missing(self, features: Sequence[str]) -> list[tuple[str, Direction]]:
        """Return what has no sentence for the customer, what speaks against a case first."""
        return [
            (feature, direction)
            for direction in DIRECTIONS
            for feature in features
            if not getattr(self.sentences.get((feature, direction)), "customer", "")
        ]


EMPTY = Dictionary(0, {})


def worded(reasons: Reasons, dictionary: Dictionary, *, outcome: str) -> Reasons:
    """Return the same reasons in the words of the dictionary.

    A reason without a sentence for the reviewer keeps the plain one, and without one for the customer it has
    none.
    """
    sides = {
        side: tuple(_worded(reason, dictionary, outcome) for reason in getattr(reasons, side))
        for side in ("principal", "tail", "favourable")
    }
    return Reasons(**sides, wording_version=dictionary.version)


def filled(template: str, *, feature: str, value: str, typical: str, outcome: str) -> str:
    """Return a sentence with its placeholders replaced, each once: what replaces them is not read again."""
    texts = {"feature": feature, "value": value, "typical": typical, "outcome": outcome}
    return _BRACED.sub(lambda found: texts.get(found.group(1), found.group(0)), template)


def drafted(feature: str, direction: Direction, *, owner: str = "") -> Sentence:
    """Return a first draft, to be edited by a person: the same words for every feature."""
    name = " ".join(re.sub(r"[{}_]+", " ", feature).split())[:120] or "value"
    name = name[:1].upper() + name[1:]
    verb = "speaks against" if direction == "raises" else "speaks for"
    return Sentence(
        feature=feature,
        direction=direction,
        customer=f"{name}: {{value}} {verb} this application; {{typical}} is typical.",
        reviewer=f"{name} is {{value}} (typical: {{typical}}), which {direction} the estimated probability "
        "of {outcome}.",
        owner=owner,
    )


def unworded(reasons: Collection[Reason]) -> int:
    """Return how many of these reasons have no sentence for the customer."""
    return sum(reason.customer is None for reason in reasons)


def _worded(reason: Reason, dictionary: Dictionary, outcome: str) -> Reason:
    found = dictionary.sentences.get((reason.feature, reason.direction))
    if found is None:
        return reason
    texts = {
        "feature": reason.feature,
        "value": reason.value,
        "typical": reason.typical,
        "outcome": outcome,
    }
    changes: dict[str, str] = {}
    if found.reviewer:
        changes["text"] = filled(found.reviewer, **texts)
    if found.customer:
        changes["customer"] = filled(found.customer, **texts)
    return reason.model_copy(update=changes)
