"""A raw row survives being stored, to the last bit."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimass_core.errors import DataError, Fault
from aimass_core.workspace.cells import row_sha256, row_text, row_values

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=("Cs",))),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.decimals(allow_nan=False),
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), CELLS))
def test_every_row_round_trips(row: dict[str, Any]) -> None:
    again = row_values(row_text(row))

    assert again == row
    assert list(again) == list(row)
    assert [type(v) for v in again.values()] == [type(v) for v in row.values()]
    assert row_text(again) == row_text(row)


def test_not_a_number_and_minus_zero_round_trip() -> None:
    again = row_values(row_text({"a": math.nan, "b": -0.0, "c": -math.inf, "d": 0.1 + 0.2}))

    assert isinstance(again["a"], float)
    assert math.isnan(again["a"])
    assert math.copysign(1, again["b"]) == -1  # type: ignore[arg-type]
    assert again["c"] == -math.inf
    assert again["d"] == 0.30000000000000004


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(0.1), 0.10000000149011612),
        (np.int64(2**53 + 1), 2**53 + 1),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp("2026-01-31 12:30:00.000123"), datetime(2026, 1, 31, 12, 30, 0, 123)),
        (np.datetime64("2026-01-31T12:30:00"), datetime(2026, 1, 31, 12, 30)),
        (np.datetime64("2026-01-31"), datetime(2026, 1, 31)),
        (np.datetime64("NaT"), None),
    ],
)
def test_numpy_and_pandas_scalars_become_pythons(value: Any, expected: Any) -> None:
    again = row_values(row_text({"x": value}))["x"]

    assert again == expected
    assert type(again) is type(expected)


def test_nanoseconds_are_kept_as_text() -> None:
    again = row_values(row_text({"x": pd.Timestamp("2026-01-31T00:00:00.000000001")}))["x"]

    assert again == "2026-01-31T00:00:00.000000001"


@pytest.mark.parametrize("value", [[1], {"$date": "2026-01-31"}, b"x", object()])
def test_a_cell_that_is_no_scalar_is_refused_by_name(value: Any) -> None:
    with pytest.raises(DataError, match="`income` must be a number, text"):
        row_text({"income": value})


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(DataError, match="`note` must be valid Unicode"):
        row_text({"note": "ok \ud800"})
    with pytest.raises(DataError, match="must be valid Unicode"):
        row_text({"\udfff": 1})


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"a": [1]}', '{"a": {"$x": "1"}}', '{"a": {}}', '{"a": {"$date": "x"}}']
)
def test_a_spoilt_stored_row_is_our_fault(text: str) -> None:
    with pytest.raises(Fault, match="stored row must be readable"):
        row_values(text)


def test_the_hash_tells_any_two_rows_apart() -> None:
    rows: list[dict[str, Any]] = [
        {"a": 1},
        {"a": 1.0},
        {"a": "1"},
        {"a": True},
        {"a": None},
        {"a": date(2026, 1, 1)},
        {"a": datetime(2026, 1, 1)},
        {"a": Decimal("1")},
        {"b": 1},
    ]

    assert len({row_sha256(row) for row in rows}) == len(rows)
    # printf '{"a": 1}' | sha256sum
    assert row_sha256({"a": 1}) == "f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310"
