"""Events in windows before each row: against a plain count in Python, at the edges, with hostile names."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from aimass_core.intake import events
from aimass_core.intake.events import Measure, NewColumn, Windows

MEASURES: tuple[Measure, ...] = ("sum", "count", "mean", "max")
NOON = datetime(2024, 3, 1, 12)


def asked(
    rows: pd.DataFrame,
    happened: pd.DataFrame,
    *,
    time: str | datetime = "t",
    windows: int = 2,
    days: int = 10,
    whole_days: bool = False,
    zero: bool = True,
) -> tuple[pd.DataFrame, events.Counted]:
    """Return all rows with every measure of `v`."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE r AS SELECT row_number() OVER () AS _row, * FROM rows")
        connection.execute("CREATE TABLE e AS SELECT * FROM happened")
        columns = tuple(
            NewColumn(f"{measure}_{k}", "v", measure, k)
            for measure in MEASURES
            for k in range(1, windows + 1)
        )
        query = Windows("r", "k", time, "e", "k", "t", whole_days, days, windows, columns, zero)
        counted = events.write(connection, query, "made")
        return connection.execute("SELECT * FROM made").df(), counted


def test_every_measure_agrees_with_a_plain_count() -> None:
    random = np.random.default_rng(1)
    start = np.datetime64("2024-01-01T00:00:00")
    rows = pd.DataFrame(
        {"k": random.integers(0, 30, 80), "t": start + random.integers(0, 90 * 86_400, 80).astype("m8[s]")}
    )
    happened = pd.DataFrame(
        {
            "k": random.integers(0, 25, 1_000),
            "t": start + random.integers(0, 90 * 86_400, 1_000).astype("m8[s]"),
            "v": random.integers(-50, 50, 1_000) / 4,
        }
    )

    found, counted = asked(rows, happened, windows=3, days=9)

    length = timedelta(days=9)
    any_event = 0
    for i, row in rows.iterrows():
        total = 0
        for k in (1, 2, 3):
            inside = happened[
                (happened["k"] == row["k"])
                & (happened["t"] >= row["t"] - k * length)
                & (happened["t"] < row["t"] - (k - 1) * length)
            ]["v"]
            total += len(inside)
            assert found[f"count_{k}"][i] == len(inside)
            assert found[f"sum_{k}"][i] == pytest.approx(inside.sum())
            assert found[f"mean_{k}"][i] == pytest.approx(inside.mean(), nan_ok=True)
            assert found[f"max_{k}"][i] == pytest.approx(inside.max(), nan_ok=True)
        any_event += total > 0
    assert counted == events.Counted(80, int(rows["k"].isin(happened["k"]).sum()), any_event, 0, 1_000)
    assert found["_row"].tolist() == list(range(1, 81))


@pytest.mark.parametrize(
    ("before", "window"),
    [
        (timedelta(microseconds=-1), None),
        (timedelta(0), None),
        (timedelta(microseconds=1), 1),
        (timedelta(days=10), 1),
        (timedelta(days=10, microseconds=1), 2),
        (timedelta(days=20), 2),
        (timedelta(days=20, microseconds=1), None),
    ],
)
def test_only_what_came_strictly_before_counts_and_edges_belong_to_one_window(
    before: timedelta, window: int | None
) -> None:
    rows = pd.DataFrame({"k": ["a"], "t": [NOON]})
    found, _ = asked(rows, pd.DataFrame({"k": ["a"], "t": [NOON - before], "v": [5.0]}))

    assert [found["count_1"][0], found["count_2"][0]] == [int(window == 1), int(window == 2)]


def test_the_future_changes_nothing() -> None:
    rows = pd.DataFrame({"k": ["a", "b"], "t": [NOON, NOON]})
    past = pd.DataFrame({"k": ["a", "b"], "t": [NOON - timedelta(days=3)] * 2, "v": [1.0, 2.0]})
    future = pd.DataFrame({"k": ["a", "b"], "t": [NOON, NOON + timedelta(days=1)], "v": [1e9, 1e9]})

    without, _ = asked(rows, past)
    with_future, _ = asked(rows, pd.concat([past, future]))

    pd.testing.assert_frame_equal(without, with_future)


def test_an_event_dated_on_the_rows_own_day_does_not_count() -> None:
    rows = pd.DataFrame({"k": [1], "t": [NOON]})
    happened = pd.DataFrame(
        {"k": [1, 1], "t": [datetime(2024, 3, 1), datetime(2024, 2, 29)], "v": [7.0, 3.0]}
    )

    found, _ = asked(rows, happened, whole_days=True)

    assert found["sum_1"].tolist() == [3.0]


@pytest.mark.parametrize("zero", [True, False])
def test_without_events_counts_are_0_and_means_missing(zero: bool) -> None:
    rows = pd.DataFrame({"k": ["a", "nobody", None], "t": [NOON] * 3})
    happened = pd.DataFrame({"k": ["a", None], "t": [NOON - timedelta(days=1)] * 2, "v": [4.0, 9.0]})

    found, counted = asked(rows, happened, zero=zero)

    assert found["count_1"].tolist() == [1, 0, 0]
    assert found["sum_1"].fillna(-1).tolist() == ([4, 0, 0] if zero else [4, -1, -1])
    assert found["mean_1"].isna().tolist() == [False, True, True]
    assert found["max_1"].isna().tolist() == [False, True, True]
    assert (counted.rows_matched, counted.rows_with_events) == (1, 1)


def test_a_row_without_a_time_has_missing_columns() -> None:
    rows = pd.DataFrame({"k": ["a", "a"], "t": [NOON, pd.NaT]})
    happened = pd.DataFrame({"k": ["a"], "t": [NOON - timedelta(days=1)], "v": [4.0]})

    found, counted = asked(rows, happened)

    assert found["count_1"].isna().tolist() == [False, True]
    assert counted.rows_without_time == 1


def test_one_moment_can_serve_all_rows() -> None:
    happened = pd.DataFrame({"k": [1, 1], "t": [NOON - timedelta(days=1), NOON], "v": [4.0, 8.0]})

    found, _ = asked(pd.DataFrame({"k": [1, 2]}), happened, time=NOON)

    assert found["sum_1"].tolist() == [4.0, 0.0]


def test_hostile_names_are_only_names() -> None:
    hostile = '"; DROP TABLE r; --'
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE e AS SELECT 1 AS k, TIMESTAMP '2024-02-28' AS t, 3 AS v, 5 AS r")
        for table in ("r", "e"):
            source = "SELECT 1 AS _row, 1 AS k, TIMESTAMP '2024-03-01' AS t" if table == "r" else "FROM e"
            renamed = ", ".join(f'{n} AS "{n}""; DROP TABLE r; --"' for n in ("k", "t"))
            more = ", v AS w, r" if table == "e" else ", _row"
            connection.execute(f"CREATE TABLE {table}2 AS SELECT {renamed}{more} FROM ({source})")
        connection.execute("CREATE TABLE r AS SELECT 1 AS kept")
        columns = (NewColumn("it's " + hostile, "w", "sum", 1), NewColumn("m0", "r", "max", 1))
        query = Windows(
            "r2", "k" + hostile, "t" + hostile, "e2", "k" + hostile, "t" + hostile, False, 30, 1, columns
        )

        frame, _ = events.preview(connection, query, 5)

        assert frame["it's " + hostile].tolist() == [3]
        assert frame["m0"].tolist() == [5]
        assert connection.execute("SELECT kept FROM r").fetchone() == (1,)


def test_different_keys_are_counted_whatever_other_columns_are_called() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE r AS SELECT unnest([1, 1, 2, NULL]) AS who, NULL AS k")
        connection.execute("CREATE TABLE e AS SELECT unnest([2, 3, 4, NULL]) AS who, NULL AS k")

        assert events.keys(connection, "r", "who", "e", "who") == (2, 3, 1)
