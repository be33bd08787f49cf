"""Autoencoder: the family's promises, pretraining, rows without a target."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.models.contract import FamilyContract


class TestAutoencoder(FamilyContract):
    key = "autoencoder"
    quick: ClassVar[dict[str, Any]] = {"width": 32, "depth": 1, "code": 16, "pretraining": 4, "epochs": 20}
