from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from aimass_core.evaluate.deciles import deciles
from aimass_core.evaluate.discrimination import ks
from aimass_core.evaluate.ranking import rank


def test_table_of_a_perfect_ranking_is_known() -> None:
    p = np.arange(1000) / 1000
    table = deciles(rank((p >= 0.9).astype(int), p))

    assert [row.rows for row in table] == [100] * 10
    assert (table[0].bads, table[0].bad_rate, table[0].capture) == (100, 1, 1)
    assert (table[0].lift, table[0].ks) == pytest.approx((10, 1))
    assert (table[1].bads, table[1].lift) == (0, 0)
    assert table[1].cumulative_lift == pytest.approx(5)
    assert (table[-1].capture, table[-1].goods_share, table[-1].ks) == (1, 1, 0)


def test_totals_add_up_and_order_of_rows_does_not_matter() -> None:
    generator = np.random.default_rng(0)
    p = generator.integers(0, 30, 2_000) / 30
    y = generator.integers(0, 2, 2_000)
    order = generator.permutation(2_000)

    table = deciles(rank(y, p))

    assert table == deciles(rank(y[order], p[order]))
    assert sum(row.rows for row in table) == 2_000
    assert sum(row.bads for row in table) == y.sum()
    assert max(row.ks for row in table) <= ks(y, p)
    assert all(above.low > below.high for above, below in pairwise(table))


def test_ties_give_fewer_groups_and_one_class_is_undefined() -> None:
    assert len(deciles(rank([0, 1, 0, 1], [0.5] * 4))) == 1
    table = deciles(rank([0, 0], [0.1, 0.9]))
    assert math.isnan(table[0].capture)
    assert math.isnan(table[0].lift)
    assert math.isnan(table[0].ks)
    assert deciles(rank([], [])) == ()
