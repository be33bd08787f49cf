"""Two scores with one rate held equal, against sorting and counting."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from aimass_core.errors import SettingsError
from aimass_core.evaluate.tradeoff import same_rate, trade_off


def scored(rows: int = 4_000) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(0)
    risk = random.normal(size=rows) - 1
    y = (random.random(rows) < 1 / (1 + np.exp(-risk))).astype(np.int64)
    blurred = risk + 1.5 * random.normal(size=rows)
    return y, 1 / (1 + np.exp(-risk)), 1 / (1 + np.exp(-blurred))


def test_bad_rate_of_the_safest_half_is_that_of_a_sort() -> None:
    y, a, b = scored()

    found = same_rate(y, a, b, held="approval", at=0.5, replicates=200)

    half = len(y) // 2
    assert found.a == pytest.approx(y[np.argsort(a)][:half].mean())
    assert found.b == pytest.approx(y[np.argsort(b)][:half].mean())
    assert found.verdict == "a"
    assert found.low <= found.value <= found.high < 0


def test_approval_rate_keeps_to_the_bad_rate_and_could_not_be_higher() -> None:
    y, a, b = scored()

    found = same_rate(y, a, b, held="bad_rate", at=0.15, replicates=200)

    bads = np.cumsum(y[np.argsort(a)])
    kept = np.flatnonzero(bads <= 0.15 * np.arange(1, len(y) + 1))[-1] + 1
    assert found.a == pytest.approx(kept / len(y), abs=1 / len(y))
    assert found.a > found.b
    assert found.verdict == "a"


def test_equal_scores_may_be_let_through_in_part() -> None:
    found = same_rate([0, 1, 0, 1], [0.5] * 4, [0.1, 0.9, 0.2, 0.8], held="approval", at=0.5, replicates=0)

    assert (found.a, found.b) == (0.5, 0.0)


def test_bad_rate_that_no_row_reaches_approves_none_and_one_that_all_keep_approves_all() -> None:
    y = [1, 1, 0, 0]
    strict = same_rate(y, [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4], held="bad_rate", at=0.01, replicates=0)
    loose = same_rate(y, [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4], held="bad_rate", at=0.5, replicates=0)

    assert (strict.a, loose.a) == (0, 1)


def test_line_ends_at_the_bad_rate_of_all_rows() -> None:
    y, a, _ = scored()

    line = trade_off(y, a)

    assert line.approval[-1] == 1
    assert line.bad_rate[-1] == pytest.approx(y.mean())
    assert len(line.approval) == 100
    assert list(line.threshold) == sorted(line.threshold)
    assert trade_off([], []).approval == ()


@pytest.mark.parametrize("at", [0, 1.1, float("nan")])
def test_rate_must_be_one(at: float) -> None:
    with pytest.raises(SettingsError, match="above 0%"):
        same_rate([0, 1], [0.1, 0.2], [0.1, 0.2], held="approval", at=at)
