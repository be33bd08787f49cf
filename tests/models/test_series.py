"""Monthly columns found by their names."""

from __future__ import annotations

import pytest

from aimass_core.models.series import Series, find_series, given_series
from tests.shared_data import shared_path

TAIWAN = (
    *(
        "LIMIT_BAL",
        "GENDER",
        "EDUCATION",
        "MARRIAGE",
        "AGE",
        "PAY_0",
        "PAY_2",
        "PAY_3",
        "PAY_4",
        "PAY_5",
        "PAY_6",
    ),
    *(f"BILL_AMT{month}" for month in range(1, 7)),
    *(f"PAY_AMT{month}" for month in range(1, 7)),
)


def test_the_payment_history_is_three_series_of_the_same_six_months() -> None:
    found = find_series(TAIWAN)

    steps = (0, 1, 2, 3, 4, 5)
    assert found == (
        Series("PAY", (5, 6, 7, 8, 9, 10), steps),
        Series("BILL_AMT", (11, 12, 13, 14, 15, 16), steps),
        Series("PAY_AMT", (17, 18, 19, 20, 21, 22), steps),
    )


def test_the_published_file_is_read_so() -> None:
    header = shared_path("credit/taiwan_default.csv").read_text("utf-8").splitlines()[0]
    names = [name.strip('"') for name in header.split(",")]

    assert [series.stem for series in find_series(names)] == ["PAY", "BILL_AMT", "PAY_AMT"]


def test_columns_stand_in_order_of_time_not_of_the_file() -> None:
    found = find_series(["balance_3", "age", "balance_1", "balance_2"])

    assert found == (Series("balance", (2, 3, 0), (0, 1, 2)),)


def test_series_of_other_lengths_share_their_steps() -> None:
    names = [f"spent_{month}" for month in range(1, 6)] + [f"late_{month}" for month in range(3, 6)]

    spent, late = find_series(names)

    assert spent.steps == (0, 1, 2, 3, 4)
    assert late.steps == (2, 3, 4)


@pytest.mark.parametrize(
    "names",
    [
        ["bal_202311", "bal_202312", "bal_202401"],
        ["bal_2023_11", "bal_2023_12", "bal_2024_01"],
        ["bal-2024-01", "bal-2023-12", "bal-2023-11"],
        ["Bal 2023-11", "Bal 2023-12", "Bal 2024-01"],
    ],
)
def test_years_and_months_are_steps(names: list[str]) -> None:
    (found,) = find_series(names)

    assert [names[j] for j in found.columns] == sorted(names)
    assert found.steps == (0, 1, 2)


def test_names_in_other_scripts_are_series_too() -> None:
    assert find_series(["账单1", "账单2", "账单3"]) == (Series("账单", (0, 1, 2), (0, 1, 2)),)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["age", "income"],
        ["amount1", "amount2"],  # two are too few
        [f"V{number}" for number in range(1, 29)],  # principal components
        [f"feature_{number}" for number in range(10)],
        ["EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"],
        [f"FLAG_DOCUMENT_{number}" for number in range(2, 22)],
        ["amount_10", "amount_20", "amount_30", "amount_40"],  # steps with holes are limits, not months
        ["2019", "2020", "2021"],
        [f"sensor_{number}" for number in range(1, 200)],
    ],
)
def test_what_is_not_a_series_is_left_alone(names: list[str]) -> None:
    assert find_series(names) == ()


def test_a_name_twice_counts_once() -> None:
    found = find_series(["paid1", "paid2", "paid2 ", "paid3"])

    assert found == (Series("paid", (0, 1, 3), (0, 1, 2)),)


def test_series_can_be_spelled_out() -> None:
    found = given_series([["old", "mid", "new"], ["c", "gone", "a"]], ["a", "new", "mid", "c", "old"])

    assert found == (Series("old", (4, 2, 1), (0, 1, 2)), Series("c", (3, 0), (0, 2)))


def test_a_series_of_which_one_column_is_left_is_none() -> None:
    assert given_series([["a", "b"]], ["a"]) == ()
