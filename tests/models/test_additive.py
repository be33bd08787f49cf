"""The additive model: the family's promises."""

from __future__ import annotations

from tests.models.contract import FamilyContract


class TestAdditive(FamilyContract):
    key = "additive"
    quick = {"bags": 2, "pairs": 2, "rounds": 300}
