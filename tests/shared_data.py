"""Where tests find the public data sets that are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_root() -> Path:
    """Folder of the public data sets: ``AIMASS_SHARED``, or ``shared/data`` beside the checkout."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("AIMASS_SHARED", default))


def shared_path(name: str) -> Path:
    """Return the path of one public file; skip the test where it is absent.

    With ``AIMASS_REQUIRE_SHARED=1`` an absent file fails the test instead.
    """
    path = shared_root() / name
    if path.exists():
        return path
    reason = f"public data {name} is not at {shared_root()}; set AIMASS_SHARED to its folder"
    if os.environ.get("AIMASS_REQUIRE_SHARED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
