"""The additive model: the family's promises."""

from __future__ import annotations

from typing import ClassVar

from tests.models.contract import FamilyContract


class TestAdditive(FamilyContract):
    key = "additive"
    quick: ClassVar = {"bags": 2, "pairs": 2, "rounds": 300}
