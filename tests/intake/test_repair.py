from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from aimass_core.errors import DataError, SettingsError
from aimass_core.intake.change import Change, RuleCount
from aimass_core.intake.repair import (
    DuplicateRepair,
    LabelRepair,
    RangeRepair,
    Repair,
    SentinelRepair,
    TrimRepair,
    TypeRepair,
    apply,
    from_json,
    preview,
    recorded,
    to_json,
)
from aimass_core.schema import Column, Kind, Schema
from aimass_core.workspace.connection import quoted

_TYPES = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    yield connection
    connection.close()


def _schema(**kinds: Kind) -> Schema:
    return Schema(columns=tuple(Column(name=name, kind=kind) for name, kind in kinds.items()))


def _table(cursor: duckdb.DuckDBPyConnection, schema: Schema, rows: list[tuple[Any, ...]]) -> None:
    columns = ", ".join(f"{quoted(c.name)} {_TYPES.get(c.kind, 'VARCHAR')}" for c in schema)
    cursor.execute(f"CREATE TABLE source (_row BIGINT, {columns})")
    marks = ", ".join("?" * (len(schema) + 1))
    cursor.executemany(f"INSERT INTO source VALUES ({marks})", [(i, *row) for i, row in enumerate(rows, 1)])


def _repaired(
    cursor: duckdb.DuckDBPyConnection, repairs: list[Repair], schema: Schema
) -> tuple[list[tuple[Any, ...]], tuple[RuleCount, ...], Schema]:
    result = apply(cursor, "source", "target", repairs, schema)
    rows = cursor.execute("SELECT * FROM target ORDER BY _row").fetchall()
    assert result.rows == len(rows)
    assert preview(cursor, "source", repairs, schema)[0] == result.counts
    return rows, result.counts, result.schema


@pytest.mark.parametrize(
    ("kind", "values", "cells", "expected"),
    [
        ("integer", (-999, "999"), [-999, 999, 5, None], [None, None, 5, None]),
        ("number", (-1.5, "n/a"), [-1.5, 1.5, float("inf"), None], [None, 1.5, float("inf"), None]),
        ("category", ("?", "N/A"), [" ? ", "N/A", "n/a", "a?"], [None, None, "n/a", "a?"]),
        ("category", (-999.0,), ["-999", "-999.0", "x", "-99"], [None, None, "x", "-99"]),
        ("date", ("1900-01-01",), [dt.date(1900, 1, 1), dt.date(2000, 1, 1)], [None, dt.date(2000, 1, 1)]),
        ("boolean", ("true",), [True, False], [None, False]),
    ],
)
def test_codes_for_missing_become_missing(
    cursor: duckdb.DuckDBPyConnection,
    kind: Kind,
    values: tuple[str | float, ...],
    cells: list[Any],
    expected: list[Any],
) -> None:
    schema = _schema(a=kind)
    _table(cursor, schema, [(cell,) for cell in cells])

    rows, counts, _ = _repaired(cursor, [SentinelRepair(column="a", values=values)], schema)

    assert [row[1] for row in rows] == expected
    changed = sum(a != b for a, b in zip(cells, expected, strict=True))
    assert counts == (RuleCount(rule="sentinel-to-missing", column="a", cells=changed, rows=changed),)


def test_impossible_values_become_missing_and_bounds_stay(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(age="integer", x="number", d="date", t="timestamp")
    noon = dt.datetime(2020, 1, 31, 12)
    _table(
        cursor,
        schema,
        [
            (17, -0.5, dt.date(2019, 12, 31), noon),
            (18, 0.0, dt.date(2020, 1, 1), noon + dt.timedelta(hours=12)),
            (100, float("nan"), None, None),
            (101, float("inf"), dt.date(2099, 1, 1), noon),
        ],
    )

    rows, counts, _ = _repaired(
        cursor,
        [
            RangeRepair(column="age", low=18, high=100),
            RangeRepair(column="x", low=0, high=1e9),
            RangeRepair(column="d", low=dt.date(2020, 1, 1)),
            RangeRepair(column="t", high=dt.date(2020, 1, 31)),
        ],
        schema,
    )

    assert [row[1] for row in rows] == [None, 18, 100, None]
    assert [row[2] for row in rows] == [None, 0.0, None, None]
    assert [row[3] for row in rows] == [None, dt.date(2020, 1, 1), None, dt.date(2099, 1, 1)]
    assert [row[4] for row in rows] == [noon, None, None, noon]
    assert [count.cells for count in counts] == [2, 3, 1, 1]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0),
        (" -3.5 ", -3.5),
        ("1e3", 1000.0),
        ("1,234,567.5", 1234567.5),
        ("$1,200", 1200.0),
        ("-€5", -5.0),
        ("10.65%", 10.65),
        ("12 €", 12.0),
        ("1,5", None),
        ("1_000", None),
        ("0x1F", None),
        ("twelve", None),
        ("", None),
        ("--5", None),
    ],
)
def test_text_to_number(cursor: duckdb.DuckDBPyConnection, text: str, number: float | None) -> None:
    schema = _schema(a="category")
    _table(cursor, schema, [(text,)])

    rows, counts, after = _repaired(cursor, [TypeRepair(column="a", to="number")], schema)

    assert rows[0][1] == number
    assert after.column("a").kind == "number"
    # blank text is missing already for a person, but it is a cell that was there and is lost
    assert counts[0].cells == (number is None)


@pytest.mark.parametrize(
    ("before", "to", "cell", "expected"),
    [
        ("category", "integer", "9007199254740993", 9007199254740993),
        ("category", "integer", "9007199254740993.0", 9007199254740993),
        ("category", "integer", "-9,007,199,254,740,993", -9007199254740993),
        ("category", "integer", "9.007199254740993e15", None),
        ("category", "integer", "99.99999999999999999", None),
        ("category", "integer", "1.5e3", 1500),
        ("category", "integer", "1e-3", None),
        ("category", "integer", "1,234.00", 1234),
        ("category", "integer", "2.", 2),
        ("category", "integer", "inf", None),
        ("category", "integer", "2.0", 2),
        ("category", "integer", "2.5", None),
        ("category", "integer", "99999999999999999999", None),
        ("number", "integer", 2.5, None),
        ("number", "integer", 3.0, 3),
        ("number", "category", 3.0, "3"),
        ("number", "category", 2.5, "2.5"),
        ("integer", "category", 7, "7"),
        ("integer", "boolean", 1, True),
        ("integer", "boolean", 2, None),
        ("category", "boolean", "Yes", True),
        ("category", "boolean", "no", False),
        ("category", "boolean", "maybe", None),
        ("boolean", "integer", True, 1),
        ("category", "date", "2020-02-30", None),
        ("category", "date", "2020/02/03", dt.date(2020, 2, 3)),
        ("category", "date", "Dec-2011", dt.date(2011, 12, 1)),
        ("integer", "date", 20200203, dt.date(2020, 2, 3)),
        ("timestamp", "date", dt.datetime(2020, 2, 3, 23), dt.date(2020, 2, 3)),
        ("date", "timestamp", dt.date(2020, 2, 3), dt.datetime(2020, 2, 3)),
        ("category", "timestamp", "2020-02-03T04:05:06", dt.datetime(2020, 2, 3, 4, 5, 6)),
        ("date", "number", dt.date(2020, 2, 3), None),
    ],
)
def test_other_conversions(
    cursor: duckdb.DuckDBPyConnection, before: Kind, to: Kind, cell: Any, expected: Any
) -> None:
    schema = _schema(a=before)
    _table(cursor, schema, [(cell,), (None,)])

    rows, counts, _ = _repaired(cursor, [TypeRepair(column="a", to=to)], schema)

    assert [row[1] for row in rows] == [expected, None]
    assert counts[0].cells == (expected is None)


def test_dates_by_a_pattern(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(a="category")
    _table(cursor, schema, [("03/02/2020",), ("2020-02-03",)])

    rows, _, _ = _repaired(cursor, [TypeRepair(column="a", to="date", format="%d/%m/%Y")], schema)

    assert [row[1] for row in rows] == [dt.date(2020, 2, 3), None]


def test_labels_are_replaced_in_text_and_numbers(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(a="category", b="integer")
    _table(cursor, schema, [("It's", 5), ("ok", 4), (None, None)])

    rows, counts, _ = _repaired(
        cursor,
        [
            LabelRepair(column="a", mapping={"It's": "ok 🙂"}),
            LabelRepair(column="b", mapping={"5": "4", "0": "4"}),
        ],
        schema,
    )

    assert [row[1:] for row in rows] == [("ok 🙂", 4), ("ok", 4), (None, None)]
    assert [count.cells for count in counts] == [1, 1]


def test_trimming_and_case(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(a="category", n="integer")
    _table(cursor, schema, [("  New\t York ", 1), ("\u00a0", 2), ("x", 3)])

    rows, counts, _ = _repaired(cursor, [TrimRepair(case="upper")], schema)

    assert [row[1] for row in rows] == ["NEW YORK", None, "X"]
    assert counts == (RuleCount(rule="trimmed", column="a", cells=3, rows=3),)


def test_duplicates_keep_the_first_and_never_look_at_row_numbers(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    schema = _schema(a="integer", b="category")
    _table(cursor, schema, [(1, None), (1, "x"), (1, None), (1, None), (2, "x")])

    rows, counts, _ = _repaired(cursor, [DuplicateRepair()], schema)
    changes = preview(cursor, "source", [DuplicateRepair()], schema)[1]

    assert [row[0] for row in rows] == [1, 2, 5]
    assert counts == (RuleCount(rule="duplicate-row", column=None, rows=2),)
    assert changes[0] == Change(
        row=3, column=None, before="same as row 1", after="dropped", rule="duplicate-row"
    )


def test_duplicates_of_some_columns(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(a="integer", b="category")
    _table(cursor, schema, [(1, "x"), (1, "y"), (2, "x")])

    rows, _, _ = _repaired(cursor, [DuplicateRepair(columns=("a",))], schema)

    assert [row[0] for row in rows] == [1, 3]


def test_the_order_of_repairs_matters_and_is_kept(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(a="category")
    _table(cursor, schema, [("X ",), ("x",), ("?",), (" ?",)])
    trim, drop = TrimRepair(case="lower"), DuplicateRepair()
    code = SentinelRepair(column="a", values=("?",))

    first = preview(cursor, "source", [trim, drop, code], schema)[0]
    last = preview(cursor, "source", [drop, code, trim], schema)[0]

    assert [(c.rule, c.rows) for c in first] == [
        ("trimmed", 2),
        ("duplicate-row", 2),
        ("sentinel-to-missing", 1),
    ]
    assert [(c.rule, c.rows) for c in last] == [
        ("duplicate-row", 0),
        ("sentinel-to-missing", 2),
        ("trimmed", 1),
    ]


def test_two_passes_for_duplicates_see_what_the_first_left(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(a="category")
    _table(cursor, schema, [("x",), ("x",), ("X",)])

    rows, counts, _ = _repaired(
        cursor, [DuplicateRepair(), TrimRepair(case="lower"), DuplicateRepair()], schema
    )

    assert [row[0] for row in rows] == [1]
    assert [count.rows for count in counts] == [1, 1, 1]
    assert not cursor.execute("SELECT * FROM duckdb_tables() WHERE temporary").fetchall()


def test_changes_show_cells_of_every_rule(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(a="integer", b="category")
    _table(cursor, schema, [(i, "?" if i == 50 else "x") for i in range(100)])
    repairs: list[Repair] = [
        RangeRepair(column="a", low=90),
        SentinelRepair(column="b", values=("?",)),
        RangeRepair(column="a", high=1000),
    ]

    counts, changes = preview(cursor, "source", repairs, schema, limit=10)

    assert [count.cells for count in counts] == [90, 1, 0]
    assert len(changes) == 6
    assert changes[0] == Change(row=1, column="a", before="0", after=None, rule="out-of-range")
    assert changes[-1] == Change(row=51, column="b", before="?", after=None, rule="sentinel-to-missing")


def test_strange_names_and_values_are_only_data(cursor: duckdb.DuckDBPyConnection) -> None:
    schema = _schema(**{'a"; DROP TABLE source; --': "category", "列 名": "category"})
    _table(cursor, schema, [("'); DROP TABLE source; --", "{x}"), ("b", "\\1")])
    name = schema.names[0]

    rows, _, _ = _repaired(
        cursor,
        [
            LabelRepair(column=name, mapping={"'); DROP TABLE source; --": "{0} $1 \\"}),
            SentinelRepair(column="列 名", values=("{x}",)),
        ],
        schema,
    )

    assert [row[1:] for row in rows] == [("{0} $1 \\", None), ("b", "\\1")]
    assert cursor.execute("SELECT count(*) FROM source").fetchone() == (2,)


@pytest.mark.parametrize(
    ("repair", "error", "text"),
    [
        (SentinelRepair(column="z", values=("?",)), DataError, "`z` must be in the data"),
        (RangeRepair(column="b", low=1), SettingsError, "needs numbers or dates in `b`"),
        (RangeRepair(column="a", low=dt.date(2020, 1, 1)), SettingsError, "must be given in numbers"),
        (LabelRepair(column="a", mapping={"1": "one"}), SettingsError, "labels of `a`"),
        (TrimRepair(columns=("a",)), SettingsError, "`a` must be text"),
        (DuplicateRepair(columns=("z",)), DataError, "`z` must be in the data"),
        (SentinelRepair(column="b", values=("a\0b",)), SettingsError, "NUL"),
    ],
)
def test_repairs_that_do_not_fit_are_refused(
    cursor: duckdb.DuckDBPyConnection, repair: Repair, error: type[Exception], text: str
) -> None:
    schema = _schema(a="integer", b="category")
    _table(cursor, schema, [(1, "x")])

    with pytest.raises(error, match=text):
        preview(cursor, "source", [repair], schema)


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "range", "column": "a"},
        {"kind": "range", "column": "a", "low": 2, "high": 1},
        {"kind": "range", "column": "a", "low": "2020-01-02", "high": "2020-01-01"},
        {"kind": "sentinel", "column": "a", "values": []},
        {"kind": "label", "column": "a", "mapping": {}},
        {"kind": "type", "column": "a", "to": "date", "format": "%Q"},
        {"kind": "unknown"},
        {"kind": "trim", "extra": 1},
    ],
)
def test_repairs_that_make_no_sense_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        from_json([data])


def test_repairs_survive_json() -> None:
    repairs = recorded(
        (
            SentinelRepair(column="a", values=("?", -999.0)),
            RangeRepair(column="d", low=dt.date(2020, 1, 1)),
            RangeRepair(column="n", low=0, high=1.5),
            TypeRepair(column="a", to="number"),
            LabelRepair(column="n", mapping={"1": "2"}),
            TrimRepair(),
            DuplicateRepair(columns=("a",)),
        ),
        _schema(a="category", d="date", n="number"),
    )

    assert from_json(list(to_json(repairs))) == repairs
    assert isinstance(repairs[3], TypeRepair)
    assert repairs[3].was == "category"
