"""Compiled functions work with and without a place to keep them."""

from __future__ import annotations

from typing import Any

import numba
import pytest

from aimass_core.explain.compiled import compiled


def test_without_a_folder_for_the_cache_functions_are_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = numba.njit

    def refuses(*given: Any, **settings: Any) -> Any:
        if settings.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return plain(*given, **settings)

    monkeypatch.setattr(numba, "njit", refuses)

    made = compiled(lambda value: value + 1)

    assert made(1) == 2
