"""Training, validation and test rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimass_core.errors import DataError, SettingsError
from aimass_core.split import Split, SplitConfig, split


def target(rows: int = 1_000, share: float = 0.2) -> np.ndarray:
    y = np.zeros(rows, dtype=int)
    y[: int(rows * share)] = 1
    return np.random.default_rng(3).permutation(y)


def parts(found: Split) -> list[np.ndarray]:
    return [found.train, found.validation, found.test]


def test_default_is_seven_to_three_with_a_fifth_to_validate() -> None:
    y = target()

    found = split(y, config=SplitConfig())

    assert [len(rows) for rows in parts(found)] == [560, 140, 300]
    assert [float(y[rows].mean()) for rows in parts(found)] == [0.2, 0.2, 0.2]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(40, 300),
    positives=st.integers(12, 20),
    test_share=st.floats(0.2, 0.6),
    validation_share=st.floats(0.2, 0.5),
    seed=st.integers(0, 99),
)
def test_every_row_is_in_exactly_one_part(
    rows: int, positives: int, test_share: float, validation_share: float, seed: int
) -> None:
    y = np.arange(rows) < positives
    config = SplitConfig(test_share=test_share, validation_share=validation_share, seed=seed)

    found = split(y, config=config)

    assert sorted(np.concatenate(parts(found)).tolist()) == list(range(rows))
    assert abs(len(found.test) - test_share * rows) <= 2
    for part in parts(found):
        assert abs(y[part].mean() - positives / rows) <= 2 / len(part)


def test_the_seed_decides() -> None:
    y = target()

    same = split(y, config=SplitConfig(seed=1)).test
    again = split(y, config=SplitConfig(seed=1)).test
    other = split(y, config=SplitConfig(seed=2)).test

    np.testing.assert_array_equal(same, again)
    assert not np.array_equal(same, other)


def test_text_classes_divide_like_numbers() -> None:
    y = target()

    text = split(np.where(y == 1, "yes", "no"), config=SplitConfig())

    np.testing.assert_array_equal(text.test, split(y, config=SplitConfig()).test)


def test_no_validation_part_when_none_is_wanted() -> None:
    found = split(target(), config=SplitConfig(validation_share=0.0))

    assert [len(rows) for rows in parts(found)] == [700, 0, 300]


@pytest.mark.parametrize("kind", ["date", "number", "text"])
def test_by_time_the_latest_rows_are_tested(kind: str) -> None:
    months = np.random.default_rng(0).integers(1, 11, 1_000)
    time = {
        "date": np.array([np.datetime64(f"2020-{m:02d}-01") for m in months]),
        "number": months.astype(float),
        "text": np.array([f"2020-{m:02d}" for m in months], dtype=object),
    }[kind]

    found = split(target(), config=SplitConfig(method="time"), time=time)

    assert months[found.train].max() < months[found.validation].min()
    assert months[found.validation].max() < months[found.test].min()
    # Months stay whole: three of ten are tested.
    assert set(months[found.test]) == {8, 9, 10}


@pytest.mark.parametrize("gap", [np.nan, None, np.datetime64("NaT")])
def test_a_row_without_a_time_is_named(gap: object) -> None:
    time = np.array([np.datetime64("2020-01-01")] * 100)
    time = time.astype(object) if not isinstance(gap, np.datetime64) else time
    time[41] = gap

    with pytest.raises(DataError, match="first: row 42"):
        split(target(100), config=SplitConfig(method="time"), time=time)


def test_a_group_is_never_divided() -> None:
    groups = np.random.default_rng(0).integers(0, 120, 1_000)

    found = split(target(), config=SplitConfig(method="group"), groups=groups)

    seen = [set(groups[rows]) for rows in parts(found)]
    assert not (seen[0] & seen[1])
    assert not (seen[0] & seen[2])
    assert not (seen[1] & seen[2])
    assert len(found.test) == pytest.approx(300, abs=10)
    assert sorted(np.concatenate(parts(found)).tolist()) == list(range(1_000))


def test_rows_without_a_group_are_divided_one_by_one() -> None:
    groups = np.array([None] * 500 + ["a"] * 5, dtype=object)

    found = split(target(505), config=SplitConfig(method="group"), groups=groups)

    assert len(found.test) == pytest.approx(151, abs=5)


@pytest.mark.parametrize("values", [[1] * 50, [0, 1, 2] * 20, []])
def test_two_classes_are_needed(values: list[int]) -> None:
    with pytest.raises(DataError, match="must have two classes"):
        split(np.array(values), config=SplitConfig())


def test_too_few_rows_of_a_class_are_named() -> None:
    y = np.zeros(100, dtype=int)
    y[5] = 1

    with pytest.raises(DataError, match="must hold both classes"):
        split(y, config=SplitConfig())


def test_one_moment_cannot_be_divided_by_time() -> None:
    with pytest.raises(DataError, match="must hold both classes"):
        split(target(), config=SplitConfig(method="time"), time=np.zeros(1_000))


@pytest.mark.parametrize("method", ["time", "group"])
def test_the_column_must_be_given(method: str) -> None:
    with pytest.raises(SettingsError, match=f"{method}_column"):
        split(target(), config=SplitConfig(method=method))
