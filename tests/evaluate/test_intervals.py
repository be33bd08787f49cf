from __future__ import annotations

import math

import numpy as np
import pytest

from aimass_core.evaluate import intervals
from aimass_core.evaluate.calibration import brier, log_loss
from aimass_core.evaluate.discrimination import auc, average_precision, ks
from aimass_core.evaluate.intervals import KEYS, measures, note


def _rows(count: int, share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y = (generator.random(count) < share).astype(int)
    y[:2], y[2:4] = 1, 0
    return y, 1 / (1 + np.exp(-(generator.normal(size=count).round(2) + 1.5 * y - 2)))


def test_values_are_those_of_the_single_measures() -> None:
    y, p = _rows(800, 0.2)

    found = measures(y, p, replicates=20)

    assert found["auc"].value == auc(y, p)
    assert found["ks"].value == ks(y, p)
    assert found["average_precision"].value == average_precision(y, p)
    assert found["brier"].value == brier(y, p)
    assert found["log_loss"].value == log_loss(y, p)


def test_fast_bootstrap_equals_the_plain_one_on_the_same_draws() -> None:
    y, p = _rows(300, 0.3)
    generator = np.random.default_rng(7)
    bad_rows = generator.integers(0, y.sum(), (50, y.sum()), dtype=np.int32)
    good_rows = generator.integers(0, (y == 0).sum(), (50, (y == 0).sum()), dtype=np.int32)
    plain = {
        "auc": auc,
        "ks": ks,
        "average_precision": average_precision,
        "brier": brier,
        "log_loss": log_loss,
    }

    found = measures(y, p, replicates=50, seed=7)

    for key, measure in plain.items():
        values = []
        for bads, goods in zip(bad_rows, good_rows, strict=True):
            scores = np.concatenate([p[y == 1][bads], p[y == 0][goods]])
            labels = np.concatenate([np.ones(bads.size), np.zeros(goods.size)])
            values.append(measure(labels, scores))
        low, high = np.quantile(values, (0.025, 0.975))
        assert (found[key].low, found[key].high) == pytest.approx((low, high), abs=1e-12)


def test_same_seed_gives_same_intervals_and_another_gives_others() -> None:
    y, p = _rows(500, 0.2)

    assert measures(y, p, replicates=50, seed=1) == measures(y, p, replicates=50, seed=1)
    assert measures(y, p, replicates=50, seed=1) != measures(y, p, replicates=50, seed=2)


def test_chunks_do_not_change_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    y, p = _rows(500, 0.2)
    whole = measures(y, p, replicates=1, seed=1)

    monkeypatch.setattr(intervals, "_CHUNK", 500)

    assert measures(y, p, replicates=1, seed=1) == whole


@pytest.mark.parametrize("share", [0.3, 0.0017])
def test_grouped_scores_give_nearly_the_same_intervals(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    y, p = _rows(60_000, share)
    p = np.clip(p + np.random.default_rng(5).random(p.size) * 1e-4, 0, 1)
    grouped = measures(y, p, replicates=400)
    monkeypatch.setattr(intervals, "EXACT_ROWS", 10**9)

    exact = measures(y, p, replicates=400)

    for key in KEYS:
        width = exact[key].high - exact[key].low
        assert grouped[key].value == exact[key].value
        assert grouped[key].low == pytest.approx(exact[key].low, abs=0.25 * width)
        assert grouped[key].high == pytest.approx(exact[key].high, abs=0.25 * width)


def test_interval_of_the_area_covers_its_value_about_as_often_as_it_says() -> None:
    # bads and goods are normal with distance 1.5: AUC = Φ(1.5 / √2)
    truth = 0.5 * (1 + math.erf(1.5 / 2))
    covered = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        y = np.repeat([0, 1], [300, 100])
        p = 1 / (1 + np.exp(-(generator.normal(size=400) + 1.5 * y)))
        found = measures(y, p, replicates=200, seed=seed)["auc"]
        covered += found.low <= truth <= found.high

    assert 0.90 <= covered / 200 <= 0.99


def test_one_class_and_single_rows_are_undefined_not_zero() -> None:
    one_class = measures([0, 0, 0], [0.1, 0.2, 0.3])
    one_bad = measures([1, 0, 0], [0.9, 0.2, 0.3])

    assert math.isnan(one_class["auc"].value)
    assert math.isnan(one_class["average_precision"].value)
    assert one_class["brier"].value > 0
    assert one_bad["auc"].value == 1
    assert math.isnan(one_bad["auc"].low)


def test_note_says_how_intervals_were_made() -> None:
    assert "200 bootstrap samples" in note(100, 200)
    assert "10,000 groups" in note(1_000_000, 200)
    assert note(100, 0) == "No intervals were asked for."
