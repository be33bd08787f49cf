"""FT-Transformer: the family's promises, time steps, missing values."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.models.contract import FamilyContract


class TestTransformer(FamilyContract):
    key = "transformer"
    quick: ClassVar[dict[str, Any]] = {
        "width": 16,
        "depth": 1,
        "heads": 2,
        "bins": 8,
        "epochs": 12,
        "rate": 3e-3,
    }
