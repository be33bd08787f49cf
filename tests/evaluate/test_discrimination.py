from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn.metrics import average_precision_score, roc_auc_score

from aimass_core.errors import DataError
from aimass_core.evaluate.discrimination import auc, average_precision, gini, ks

# tenths make ties frequent
_ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=2, max_size=60)


def test_perfect_reversed_and_constant_scores_have_known_values() -> None:
    y = [0, 0, 1, 1]

    assert auc(y, [0.1, 0.2, 0.8, 0.9]) == 1
    assert auc(y, [0.9, 0.8, 0.2, 0.1]) == 0
    assert auc(y, [0.5] * 4) == 0.5
    assert gini(y, [0.1, 0.2, 0.8, 0.9]) == 1
    assert ks(y, [0.1, 0.2, 0.8, 0.9]) == 1
    assert ks(y, [0.5] * 4) == 0
    assert average_precision(y, [0.5] * 4) == 0.5


def test_one_swapped_pair_is_counted_by_hand() -> None:
    # pairs (bad, good): 4 of which 3 in order; highest score is a bad
    y, p = [1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]

    assert auc(y, p) == 0.75
    assert gini(y, p) == 0.5
    assert ks(y, p) == 0.5
    assert average_precision(y, p) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@given(_ROWS)
def test_measures_equal_the_libraries(rows: list[tuple[int, int]]) -> None:
    y = np.array([label for label, _ in rows])
    p = np.array([score / 10 for _, score in rows])
    if y.min() == y.max():
        for measure in (auc, gini, ks, average_precision):
            assert math.isnan(measure(y, p))
        return

    assert auc(y, p) == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert gini(y, p) == pytest.approx(2 * roc_auc_score(y, p) - 1, abs=1e-12)
    assert average_precision(y, p) == pytest.approx(average_precision_score(y, p), abs=1e-12)
    assert ks(y, p) == pytest.approx(ks_2samp(p[y == 1], p[y == 0], method="exact").statistic, abs=1e-12)


@pytest.mark.parametrize(
    ("y", "p", "came"),
    [
        ([0, 1], [0.1], "shapes"),
        ([0, 2], [0.1, 0.2], "row 2 has"),
        ([0, 1], [0.1, 1.2], "row 2 has 1.2"),
        ([0, 1], [float("nan"), 0.2], "row 1 has nan"),
        ([[0, 1]], [[0.1, 0.2]], "shapes"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(y: list[int], p: list[float], came: str) -> None:
    with pytest.raises(DataError, match=came):
        auc(y, p)


def test_empty_is_undefined() -> None:
    assert math.isnan(auc([], []))
    assert math.isnan(ks([], []))
