"""Segments with a planted difference are found; equal and small ones are not called different."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.errors import DataError
from aimass_core.evaluate.conditions import Feature
from aimass_core.explain.contributions import Contributions
from aimass_core.explain.segments import segmented

LABELS = ("f", "m", "x")


def planted(*, shifted: float, small: int = 20) -> tuple[Contributions, Feature]:
    """Make rows in which `late` weighs more for the label m; x has few rows, with reasons of its own."""
    random = np.random.default_rng(0)
    code = np.repeat([0.0, 1.0, 2.0], [1_000, 1_000, small])
    values = random.normal(size=(len(code), 3))
    values[code == 1, 1] += shifted
    values[code == 2, 2] += 50
    return Contributions(np.arange(len(code)), ("income", "late", "town"), values), Feature(
        "sex", code, LABELS
    )


def test_planted_difference_is_found_with_its_size() -> None:
    found, column = planted(shifted=2.0)

    made = segmented(found, column)

    by_text = {segment.text: segment for segment in made.segments}
    assert made.most_different is not None
    assert made.most_different.text in ("f", "m")
    assert by_text["m"].differs
    late = by_text["m"].parts[1]
    assert late.mean_low < 2.0 < late.mean_high
    assert late.mean == pytest.approx(found.of("late")[column.values == 1].mean())
    assert late.mean_abs == pytest.approx(np.abs(found.of("late")[column.values == 1]).mean())
    assert sum(by_text["m"].top) == pytest.approx(1.0)


def test_equal_segments_do_not_differ() -> None:
    found, column = planted(shifted=0.0, small=0)

    made = segmented(found, column)

    assert made.most_different is None
    assert [segment.rows for segment in made.segments] == [1_000, 1_000]


def test_small_segment_is_shown_and_never_called_different() -> None:
    found, column = planted(shifted=0.0)

    small = segmented(found, column).segments[-1]

    assert (small.text, small.rows, small.small, small.differs) == ("x", 20, True, False)
    assert small.distance > 0.5


def test_one_row_has_no_interval() -> None:
    found, column = planted(shifted=0.0, small=1)

    part = segmented(found, column).segments[-1].parts[0]

    assert part.mean == part.mean
    assert part.mean_low != part.mean_low


def test_one_segment_has_nothing_to_differ_from() -> None:
    found = Contributions(np.arange(50), ("a",), np.ones((50, 1)))

    (only,) = segmented(found, Feature("c", np.zeros(50), ("all",))).segments

    assert only.distance != only.distance
    assert not only.differs


def test_no_rows_are_said() -> None:
    with pytest.raises(DataError, match="there are none"):
        segmented(Contributions(np.empty(0, np.int64), ("a",), np.empty((0, 1))), Feature("c", np.empty(0)))
