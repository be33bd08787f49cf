"""Duplicates that are looked for among a few rows are the same as those of the whole table."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from aimass_core.intake import suspects
from aimass_core.intake.repair import (
    DuplicateRepair,
    RangeRepair,
    Repair,
    SentinelRepair,
    TrimRepair,
    every_rule,
    preview,
)
from aimass_core.schema import Column, Schema

SCHEMA = Schema(
    columns=(
        Column(name="paid", kind="number"),
        Column(name="day", kind="date"),
        Column(name='a "name"', kind="category"),
        Column(name="age", kind="integer"),
    )
)
DISTINCT = {"paid": 300, "day": 90, 'a "name"': 4, "age": 60}


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    """A table of 500 rows of which many are equal in some columns, some in all, some only after repairs."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "paid": random.choice([1.5, 2.5, 0.0, -0.0, np.nan, np.inf], 500) * random.integers(1, 60, 500),
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 3, 500), "D"),
            'a "name"': random.choice(["x", "x ", "X", "y"], 500),
            "age": random.choice([-999, 30, 31, 300], 500),
        }
    )
    frame.loc[random.random(500) < 0.1, 'a "name"'] = None
    connection = duckdb.connect()
    connection.register("frame", frame)
    connection.execute(
        "CREATE TABLE source AS SELECT row_number() OVER () AS _row, nullif(paid, 'nan'::DOUBLE) AS paid, "
        'CAST(day AS DATE) AS day, "a ""name""", CAST(age AS BIGINT) AS age FROM frame'
    )
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "repairs",
    [
        [DuplicateRepair()],
        [DuplicateRepair(columns=("paid", 'a "name"'))],
        [TrimRepair(case="lower"), DuplicateRepair(), SentinelRepair(column="age", values=(-999,))],
        [DuplicateRepair(), TrimRepair(case="lower"), DuplicateRepair()],
        [RangeRepair(column="age", low=0, high=120), TrimRepair(), DuplicateRepair(columns=("paid", "age"))],
    ],
)
def test_counts_and_changes_are_those_of_the_whole_table(
    cursor: duckdb.DuckDBPyConnection, repairs: list[Repair]
) -> None:
    columns = suspects.telling(every_rule(repairs, SCHEMA)[0], DISTINCT)
    found = suspects.find(cursor, "source", SCHEMA, columns)

    whole = preview(cursor, "source", repairs, SCHEMA)
    few = preview(cursor, "source", repairs, SCHEMA, suspects=found)

    assert found is not None
    assert 0 < found.rows.num_rows < 500
    assert few == whole
    assert any(count.rule == "duplicate-row" and count.rows for count in few[0])


def test_suspects_by_a_column_that_a_repair_touches_are_not_relied_on(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    found = suspects.find(cursor, "source", SCHEMA, ("paid", "age"))
    assert found is not None
    repairs = [RangeRepair(column="age", low=0, high=120), DuplicateRepair()]

    assert preview(cursor, "source", repairs, SCHEMA, suspects=found) == preview(
        cursor, "source", repairs, SCHEMA
    )


def test_columns_are_the_most_telling_that_stay_as_they_are() -> None:
    def telling(*repairs: Repair) -> tuple[str, ...]:
        return suspects.telling(every_rule(repairs, SCHEMA)[0], DISTINCT)

    assert telling(DuplicateRepair()) == ("age", "day", "paid")
    assert telling(DuplicateRepair(), TrimRepair(), RangeRepair(column="paid", low=0)) == ("age", "day")
    assert telling(DuplicateRepair(columns=('a "name"',)), TrimRepair()) == ()
    assert telling(TrimRepair()) == ()


def test_too_many_suspects_are_not_kept(
    cursor: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspects, "MOST", 100)

    assert suspects.find(cursor, "source", SCHEMA, ("day",)) is None
    assert suspects.find(cursor, "source", SCHEMA, ()) is None
