"""What is said of scores when no outcome is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aimass_core.errors import DataError
from aimass_core.evaluate.report import Report
from aimass_core.evaluate.unlabelled import describe, flagged_table


def test_nothing_is_measured_and_nothing_is_hidden() -> None:
    p = np.random.default_rng(0).uniform(size=1_000)

    report = describe(p)

    assert not report.labelled
    assert set(report.measures) == {"auc", "gini", "ks", "average_precision", "brier", "log_loss"}
    assert all(math.isnan(measure.value) for measure in report.measures.values())
    assert (report.rows, report.bads) == (1_000, 0)
    assert report.mean_probability == pytest.approx(p.mean())
    assert sum(report.histogram.goods) == 1_000
    assert report.roc.x == ()


def test_it_survives_json() -> None:
    report = describe([0.1, 0.9])

    again = Report.model_validate_json(report.model_dump_json())

    assert not again.labelled
    assert again.cutoffs == report.cutoffs
    assert math.isnan(again.measures["auc"].value)


def test_rows_flagged_are_counted_exactly_also_far_out() -> None:
    scores = np.random.default_rng(1).uniform(size=200_000)

    table = flagged_table(scores)

    assert len(table) <= 502
    for index in range(len(table)):
        row = table.row(index)
        assert row.flagged == int((scores >= row.threshold).sum())
        assert row.rows == 200_000
    # One row in 10,000 can be told from one in 20,000.
    assert table.at(0.9999).flagged == pytest.approx(20, abs=6)
    assert table.at(0.99995).flagged == pytest.approx(10, abs=5)


@pytest.mark.parametrize("scores", [[], [0.5], [0.3] * 10, [0.0, 1.0]])
def test_few_or_equal_scores_are_no_trouble(scores: list[float]) -> None:
    report = describe(scores)

    assert report.rows == len(scores)
    assert report.cutoffs.row(0).flagged == len(scores)


def test_scores_must_be_from_0_to_1() -> None:
    with pytest.raises(DataError, match="from 0 to 1"):
        describe([0.5, 1.2])
