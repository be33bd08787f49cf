"""The encoder: every kind, gaps, unseen labels, values that do not fit."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aimass_core.errors import DataError
from aimass_core.features.encoder import Encoder
from aimass_core.schema import Column, Kind


def one(kind: Kind, values: list[Any], **frame: Any) -> np.ndarray:
    """Encode one column that is fitted on the same values."""
    data = pd.DataFrame({"x": pd.Series(values, dtype=object), **frame})
    return Encoder.fit(data, (Column(name="x", kind=kind),)).transform(data)[:, 0]


COLUMNS = (
    Column(name="income", kind="number"),
    Column(name="owner", kind="boolean"),
    Column(name="opened", kind="date"),
    Column(name="city", kind="category"),
)
TRAINING = pd.DataFrame(
    {
        "income": [1_000.5, np.nan, 3_000.0],
        "owner": [True, False, None],
        "opened": pd.to_datetime(["1970-01-02", None, "1969-12-31"]),
        "city": ["Lyon", "Nice", None],
        "ignored": ["a", "b", "c"],
    }
)


def test_every_kind_by_hand() -> None:
    encoder = Encoder.fit(TRAINING, COLUMNS)

    matrix = encoder.transform(TRAINING)

    nan = np.nan
    expected = [[1_000.5, 1.0, 1.0, 0.0], [nan, 0.0, nan, 1.0], [3_000.0, nan, -1.0, nan]]
    np.testing.assert_array_equal(matrix, expected)
    assert matrix.dtype == np.float64
    assert encoder.names == ("income", "owner", "opened", "city")
    assert encoder.categorical == (3,)
    assert encoder.labels == {"city": ("Lyon", "Nice")}


def test_an_unseen_label_is_the_code_after_the_last() -> None:
    encoder = Encoder.fit(TRAINING, COLUMNS)
    rows = TRAINING.assign(city=["Nice", "Paris", "lyon"])

    assert encoder.transform(rows)[:, 3].tolist() == [1.0, 2.0, 2.0]


def test_a_row_encodes_the_same_alone() -> None:
    encoder = Encoder.fit(TRAINING, COLUMNS)
    whole = encoder.transform(TRAINING)

    for i in range(3):
        np.testing.assert_array_equal(encoder.transform(TRAINING.iloc[[i]]), whole[[i]])


def test_json_rows_encode_like_database_rows() -> None:
    # What a browser or an API sends: text dates, numbers as text, true and false.
    encoder = Encoder.fit(TRAINING, COLUMNS)
    row = pd.DataFrame([{"income": "1000.5", "owner": True, "opened": "1970-01-02", "city": "Lyon"}])

    np.testing.assert_array_equal(encoder.transform(row), encoder.transform(TRAINING.iloc[[0]]))


def test_infinities_and_blanks_are_missing() -> None:
    found = one("number", [np.inf, -np.inf, "", "  ", None, pd.NA, "inf", 3])

    np.testing.assert_array_equal(found, [np.nan] * 7 + [3.0])


def test_decimals_and_numpy_numbers_are_numbers() -> None:
    assert one("number", [Decimal("1.25"), np.int32(4), np.float32(0.5), "2e3"]).tolist() == [
        1.25,
        4,
        0.5,
        2_000,
    ]


def test_nullable_columns() -> None:
    data = pd.DataFrame({"x": pd.array([1, None, 3], dtype="Int64")})
    encoder = Encoder.fit(data, (Column(name="x", kind="integer"),))

    np.testing.assert_array_equal(encoder.transform(data)[:, 0], [1.0, np.nan, 3.0])


def test_booleans_are_read_from_text() -> None:
    assert one("boolean", ["true", "False", "YES", "n", 1, 0]).tolist() == [1, 0, 1, 0, 1, 0]


def test_dates_keep_the_time_of_day_and_the_zone() -> None:
    found = one(
        "timestamp",
        [
            "1970-01-02 12:00:00",
            "1970-01-02T13:00:00+01:00",
            dt.date(1970, 1, 3),
            dt.datetime(1970, 1, 1, 6),
            np.datetime64("1970-01-05"),
            pd.Timestamp("1970-01-02 12:00", tz="UTC"),
        ],
    )

    assert found.tolist() == [1.5, 1.5, 2.0, 0.25, 4.0, 1.5]


def test_dates_of_a_zone_in_a_typed_column() -> None:
    data = pd.DataFrame({"x": pd.to_datetime(["1970-01-01 02:00", None]).tz_localize("Europe/Paris")})
    encoder = Encoder.fit(data, (Column(name="x", kind="timestamp"),))

    found = encoder.transform(data)[:, 0]

    np.testing.assert_allclose(found, [1 / 24, np.nan])


def test_labels_are_the_same_whatever_their_type() -> None:
    text = pd.DataFrame({"x": ["1", "2", "true"]})
    encoder = Encoder.fit(text, (Column(name="x", kind="category"),))

    found = encoder.transform(pd.DataFrame({"x": pd.Series([1, 2.0, True], dtype=object)}))

    assert found[:, 0].tolist() == [0.0, 1.0, 2.0]


def test_pandas_categories_and_integer_labels() -> None:
    data = pd.DataFrame({"x": pd.Categorical(["b", None, "a"]), "k": [10, 2, 10]})
    columns = (Column(name="x", kind="category"), Column(name="k", kind="category"))
    encoder = Encoder.fit(data, columns)

    np.testing.assert_array_equal(encoder.transform(data), [[1, 0], [np.nan, 1], [0, 0]])
    assert encoder.labels["k"] == ("10", "2")


@pytest.mark.parametrize("name", ['q"uote', "<b>bold</b>", "🙂", "收入", "a`b"])
def test_any_column_name(name: str) -> None:
    data = pd.DataFrame({name: ["<i>", "é", "🙂"]})
    encoder = Encoder.fit(data, (Column(name=name, kind="category"),))

    assert encoder.transform(data)[:, 0].tolist() == [0.0, 1.0, 2.0]


def test_a_value_that_is_no_number_is_named_with_its_row() -> None:
    data = pd.DataFrame({"_row": [36, 37, 41], "x": ["5", "n/a", "n/a"]})
    encoder = Encoder.fit(data, (Column(name="x", kind="number"),))

    with pytest.raises(DataError) as caught:
        encoder.transform(data)

    assert "`x` must be a number" in caught.value.expected
    assert caught.value.came == "2 of 3 rows are not (first: row 37, 'n/a')"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "1,234"),
        ("number", "1_000"),
        ("number", dt.date(2020, 1, 1)),
        ("number", [1]),
        ("boolean", "maybe"),
        ("date", "31/12/2020"),
        ("date", 20_200_101),
    ],
)
def test_values_that_do_not_fit_are_refused(kind: Kind, value: Any) -> None:
    data = pd.DataFrame({"x": pd.Series([value], dtype=object)})
    encoder = Encoder((Column(name="x", kind=kind),), {})

    with pytest.raises(DataError, match="1 of 1 rows"):
        encoder.transform(data)


def test_missing_columns_are_named() -> None:
    encoder = Encoder.fit(TRAINING, COLUMNS)

    with pytest.raises(DataError, match="missing: `income`, `city`"):
        encoder.transform(TRAINING.drop(columns=["income", "city"]))


def test_column_names_that_occur_twice_are_refused() -> None:
    data = pd.DataFrame([[1, 2]], columns=["x", "x"])

    with pytest.raises(DataError, match="occurs twice"):
        Encoder.fit(data, (Column(name="x", kind="number"),))


def test_free_text_is_no_feature() -> None:
    with pytest.raises(DataError, match="free text"):
        Encoder.fit(pd.DataFrame({"x": ["long story"]}), (Column(name="x", kind="text"),))


def test_a_model_needs_a_feature() -> None:
    with pytest.raises(DataError, match="at least one feature"):
        Encoder.fit(TRAINING, ())


def test_no_rows_and_no_labels() -> None:
    encoder = Encoder.fit(TRAINING.assign(city=None), COLUMNS)

    assert encoder.transform(TRAINING.iloc[:0]).shape == (0, 4)
    assert encoder.transform(TRAINING)[:2, 3].tolist() == [0.0, 0.0]


def test_json_round_trip() -> None:
    encoder = Encoder.fit(TRAINING, COLUMNS)

    again = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))

    np.testing.assert_array_equal(again.transform(TRAINING), encoder.transform(TRAINING))
    assert again.columns == encoder.columns


@pytest.mark.parametrize(
    "data", [{}, {"columns": 1}, {"columns": [], "labels": {}}, {"columns": [{}], "labels": {}}]
)
def test_broken_json_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        Encoder.from_json(data)


def test_json_without_labels_is_refused() -> None:
    data = Encoder.fit(TRAINING, COLUMNS).to_json() | {"labels": {}}

    with pytest.raises(DataError, match="labels of a column"):
        Encoder.from_json(data)


def test_display_of_a_row() -> None:
    encoder = Encoder.fit(TRAINING, COLUMNS)

    shown = encoder.display({"income": 12_500, "owner": True, "opened": "2005-04-30", "city": None})

    assert shown == {"income": "12,500", "owner": "yes", "opened": "2005-04-30", "city": "missing"}
    assert encoder.display(TRAINING.iloc[[0]])["income"] == "1,000.50"


def test_display_of_matrix_values() -> None:
    encoder = Encoder.fit(TRAINING, COLUMNS)

    shown = [
        encoder.display_code(j, value) for j, value in [(0, 2.5), (1, 0.0), (2, 1.0), (3, 1.0), (3, 2.0)]
    ]

    assert shown == ["2.5", "no", "1970-01-02", "Nice", "other"]
    assert encoder.display_code(3, np.nan) == "missing"
