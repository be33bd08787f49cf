from __future__ import annotations

import json
import math

import numpy as np
import pytest

from aimass_core.evaluate.intervals import KEYS
from aimass_core.evaluate.report import Report, evaluate


def _same(one: object, other: object) -> bool:
    """Equal, NaN counted as equal to NaN."""
    return json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize(
    ("y", "p"),
    [
        (np.array([0, 1] * 50), np.linspace(0.01, 0.99, 100)),
        (np.zeros(20, dtype=int), np.linspace(0, 1, 20)),
        (np.ones(3, dtype=int), np.array([0.5, 0.5, 0.5])),
        (np.array([], dtype=int), np.array([])),
    ],
    ids=["two classes", "no bads", "no goods", "no rows"],
)
def test_report_survives_json_both_ways(y: np.ndarray, p: np.ndarray) -> None:
    report = evaluate(y, p, bootstrap=20)

    text = report.model_dump_json()
    again = Report.model_validate_json(text)
    from_plain = Report.model_validate(
        json.loads(json.dumps(report.model_dump(mode="json"), allow_nan=False))
    )

    assert "NaN" not in text
    assert _same(again.model_dump(), report.model_dump())
    assert _same(from_plain.model_dump(), report.model_dump())


def test_one_class_is_nan_and_comes_back_as_nan() -> None:
    report = Report.model_validate_json(evaluate([0, 0], [0.1, 0.2]).model_dump_json())

    assert math.isnan(report.measures["auc"].value)
    assert math.isnan(report.deciles[0].capture)
    assert (report.bads, report.bad_rate) == (0, 0)


def test_very_rare_frauds_are_measured_whole() -> None:
    generator = np.random.default_rng(0)
    y = np.zeros(284_807, dtype=int)
    y[generator.choice(y.size, 492, replace=False)] = 1
    p = generator.beta(1, 2_000, y.size) + y * generator.random(y.size) * 0.9

    report = evaluate(y, np.clip(p, 0, 1), bootstrap=50)

    assert (report.rows, report.bads) == (284_807, 492)
    assert set(report.measures) == set(KEYS)
    for measure in report.measures.values():
        assert measure.low < measure.value < measure.high
    assert sum(report.histogram.bads) == sum(report.histogram_log_odds.bads) == 492
    assert sum(report.histogram.goods) == sum(report.histogram_log_odds.goods) == 284_315
    assert sum(row.bads for row in report.deciles) == sum(b.bads for b in report.reliability) == 492
    assert report.ks.value == pytest.approx(report.measures["ks"].value)
    assert len(report.model_dump_json()) < 200_000
    # the cut-off table can tell single frauds apart although they are 0.17 % of the rows
    assert max(np.diff(sorted(report.cutoffs.tp))) <= 3


def test_flat_keys_are_those_of_the_leaderboard() -> None:
    flat = evaluate([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8], bootstrap=10).flat("test")

    assert flat["test.auc"] == 1
    assert {"test.rows", "test.bads", "test.ks.low", "test.log_loss.high"} <= flat.keys()


def test_scores_of_exactly_0_and_1_are_counted() -> None:
    report = evaluate([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0])

    assert sum(report.histogram_log_odds.bads) == 2
    assert report.measures["auc"].value == 1
    assert report.cutoffs.tp[-1] == 2
