"""TabM: the family's promises, members, gaps, the mean of probabilities."""

from __future__ import annotations

from typing import ClassVar

from tests.models.contract import FamilyContract


class TestTabm(FamilyContract):
    key = "tabm"
    quick: ClassVar = {"members": 4, "width": 32, "bins": 8, "epochs": 10}
