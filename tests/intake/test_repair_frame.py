from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimass_core.errors import DataError
from aimass_core.intake.change import RuleCount
from aimass_core.intake.repair import (
    DuplicateRepair,
    LabelRepair,
    RangeRepair,
    Repair,
    SentinelRepair,
    TrimRepair,
    TypeRepair,
    apply,
    apply_to_frame,
    recorded,
)
from aimass_core.schema import Column, Kind, Schema


def _schema(**kinds: Kind) -> Schema:
    return Schema(columns=tuple(Column(name=name, kind=kind) for name, kind in kinds.items()))


_REPAIRS: list[Repair] = [
    SentinelRepair(column="a", values=("?", "-999")),
    TrimRepair(columns=("c",), case="lower"),
    LabelRepair(column="c", mapping={"y": "x"}),
    TypeRepair(column="a", to="number"),
    RangeRepair(column="a", low=0, high=100),
    RangeRepair(column="n", low=0),
    DuplicateRepair(),
]
_CELLS = st.sampled_from(["?", "-999", " 12 ", "1,200", "$5", "50", "abc", "", None, "Y", " x  x", "1e2"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(_CELLS, _CELLS, st.sampled_from([-1.5, 0.0, 7.25, None])), min_size=1, max_size=15))
def test_a_frame_is_repaired_as_a_table_is(rows: list[tuple[str | None, str | None, float | None]]) -> None:
    schema = _schema(a="category", c="category", n="number")
    frame = pd.DataFrame(rows, columns=["a", "c", "n"])
    repairs = [repair for repair in _REPAIRS if not isinstance(repair, DuplicateRepair)]
    with duckdb.connect() as cursor:
        cursor.execute("CREATE TABLE source (_row BIGINT, a VARCHAR, c VARCHAR, n DOUBLE)")
        cursor.executemany("INSERT INTO source VALUES (?, ?, ?, ?)", [(i, *r) for i, r in enumerate(rows, 1)])
        table = apply(cursor, "source", "target", repairs, schema)
        expected = cursor.execute("SELECT a, c, n FROM target ORDER BY _row").fetchall()

    raw, counts = apply_to_frame(frame, recorded(_REPAIRS, schema), schema)
    later, _ = apply_to_frame(frame, table.repairs, table.schema)

    found = [tuple(None if pd.isna(v) else v for v in row) for row in raw.itertuples(index=False)]
    assert found == expected
    pd.testing.assert_frame_equal(raw, later)
    assert [count.cells for count in counts] == [count.cells for count in table.counts]


def test_frames_of_wrong_types_are_typed_as_the_schema_says() -> None:
    schema = _schema(i="integer", n="number", b="boolean", c="category", d="date", t="timestamp")
    times = pd.to_datetime(["2020-02-03 04:05", None, None, "2020-01-01 00:00"])
    frame = pd.DataFrame(
        {
            "i": ["5", 6.0, None, " 7 "],
            "n": ["1,200.5", "", True, "inf"],
            "b": ["yes", 0, 1.0, None],
            "c": [1, 2.0, None, 4],
            "d": ["2020-02-03", dt.date(2020, 2, 4), None, ""],
            "t": times.tz_localize("Europe/Paris"),
            "more": 1,
        },
        index=[9, 3, 7, 1],
    )

    found, counts = apply_to_frame(frame, (), schema)

    assert list(found.columns) == list(schema.names)
    assert list(found.index) == [9, 3, 7, 1]
    assert [None if pd.isna(v) else v for v in found["i"]] == [5, 6, None, 7]
    assert [None if pd.isna(v) else v for v in found["n"]] == [1200.5, None, 1.0, np.inf]
    assert [None if pd.isna(v) else v for v in found["b"]] == [True, False, True, None]
    assert [None if pd.isna(v) else v for v in found["c"]] == ["1", "2", None, "4"]
    assert [None if pd.isna(v) else v.day for v in found["d"]] == [3, 4, None, None]
    assert found["t"].iloc[0] == pd.Timestamp("2020-02-03 03:05")
    assert counts == ()


def test_a_value_of_the_wrong_kind_is_named_unless_a_repair_takes_it() -> None:
    schema = _schema(age="integer")
    frame = pd.DataFrame({"age": ["30", "n/a", "n/a"]})

    with pytest.raises(
        DataError, match=r"`age` must be a whole number; 2 of 3 rows are not \(first: row 2, 'n/a'\)"
    ):
        apply_to_frame(frame, (), schema)
    found, counts = apply_to_frame(frame, (SentinelRepair(column="age", values=("n/a",)),), schema)

    assert [None if pd.isna(v) else v for v in found["age"]] == [30, None, None]
    assert counts == (RuleCount(rule="sentinel-to-missing", column="age", cells=2, rows=2),)


@pytest.mark.parametrize("cell", ["10%", "$5", "2.5"])
def test_a_row_to_score_is_typed_strictly(cell: str) -> None:
    with pytest.raises(DataError, match="row 41"):
        apply_to_frame(pd.DataFrame({"_row": [41], "a": [cell]}), (), _schema(a="integer"))


def test_frames_that_lack_or_repeat_a_column_are_refused() -> None:
    with pytest.raises(DataError, match="missing: `b`"):
        apply_to_frame(pd.DataFrame({"a": [1]}), (), _schema(a="integer", b="integer"))
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(DataError, match="occurs twice"):
        apply_to_frame(twice, (), _schema(a="integer"))
    with pytest.raises(DataError, match="is of type list"):
        apply_to_frame(pd.DataFrame({"a": [[1], "x"]}), (), _schema(a="category"))


def test_no_rows_give_no_rows() -> None:
    found, _ = apply_to_frame(pd.DataFrame({"a": []}), (RangeRepair(column="a", low=0),), _schema(a="number"))

    assert list(found.columns) == ["a"]
    assert len(found) == 0


def test_repairs_of_absent_columns_and_duplicates_do_not_touch_rows_to_score() -> None:
    frame = pd.DataFrame({"a": [1, 1]})
    repairs = (DuplicateRepair(), SentinelRepair(column="id", values=("?",)), TrimRepair(columns=("id",)))

    found, counts = apply_to_frame(frame, repairs, _schema(a="integer"))

    assert list(found["a"]) == [1, 1]
    assert counts == ()


def test_rows_keep_their_order_however_many_and_in_threads() -> None:
    schema = _schema(a="integer")
    frame = pd.DataFrame({"a": np.arange(150_000) % 997})
    expected = np.where(frame["a"] > 500, np.nan, frame["a"])

    def work(_: int) -> np.ndarray:
        found, _counts = apply_to_frame(frame, (RangeRepair(column="a", high=500),), schema)
        return found["a"].to_numpy(dtype=float, na_value=np.nan)

    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(work, range(6)):
            np.testing.assert_array_equal(found, expected)


def test_codes_with_braces_are_taken_as_they_are() -> None:
    found, _ = apply_to_frame(
        pd.DataFrame({"a": ["{x}", "{0}", 1]}),
        (SentinelRepair(column="a", values=("{x}", "{0}")),),
        _schema(a="integer"),
    )

    assert [None if pd.isna(v) else v for v in found["a"]] == [None, None, 1]
