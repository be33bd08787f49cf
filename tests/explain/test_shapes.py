"""Curves as they are shown: against the scores of the models they are read from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimass_core.explain import shapes
from aimass_core.models.additive import AdditiveClassifier
from aimass_core.models.scorecard import ScorecardClassifier
from tests.models.contract import CATEGORY, bank

NAMES = ("income", "debt", "since", "region")


def show(j: int, value: float) -> str:
    return ("Ulm", "Rom", "Oslo")[int(value)] if j == CATEGORY else f"{value:.2f}"


@pytest.fixture(scope="module")
def additive() -> AdditiveClassifier:
    X, y = bank(1_200)
    return AdditiveClassifier(bags=2, pairs=0, rounds=200, categorical=(CATEGORY,), names=NAMES).fit(X, y)


def curve_of(found: shapes.Shapes, feature: str) -> shapes.Curve:
    return next(curve for curve in found.curves if curve.feature == feature)


def test_steps_of_a_number_are_those_of_the_score(additive: AdditiveClassifier) -> None:
    found = shapes.of_terms(additive.report()["shapes"], show)

    curve = curve_of(found, "income")
    row = np.zeros((len(curve.bins) - 1, 4))
    row[:, 0] = [item.low for item in curve.bins[1:]]
    values = [item.log_odds for item in curve.bins]

    assert curve.kind == "number"
    assert len(curve.bins) > 10
    np.testing.assert_allclose(np.diff(additive.log_odds(row)), np.diff(values[1:]), atol=1e-9)
    assert all(a.high == b.low for a, b in zip(curve.bins[:-1], curve.bins[1:], strict=True))
    assert all(a.log_odds != b.log_odds for a, b in zip(curve.bins[:-1], curve.bins[1:], strict=True))
    assert curve.bins[0].low is None
    assert curve.bins[-1].high is None
    assert curve.bins[0].text == f"below {curve.bins[0].high:.2f}"
    assert curve.bins[-1].text == f"from {curve.bins[-1].low:.2f}"
    assert curve.bins[1].text == f"{curve.bins[1].low:.2f} to below {curve.bins[1].high:.2f}"
    assert sum(item.rows for item in (*curve.bins, *curve.apart)) == 1_200


def test_missing_values_stand_apart_and_labels_have_their_text(additive: AdditiveClassifier) -> None:
    X, _ = bank(1_200)
    found = shapes.of_terms(additive.report()["shapes"], show)

    debt, region = curve_of(found, "debt"), curve_of(found, "region")

    assert [item.text for item in debt.apart] == ["missing"]
    assert debt.apart[0].rows == np.isnan(X[:, 1]).sum()
    assert region.kind == "label"
    assert [item.text for item in region.bins] == ["Ulm", "Rom", "Oslo"]
    assert not region.apart
    assert found.curves[0].importance >= found.curves[-1].importance


def test_dates_and_flags_are_told_apart(additive: AdditiveClassifier) -> None:
    report: dict[str, Any] = {
        "rows": 10,
        "terms": [
            {
                "features": ["owner"],
                "columns": [0],
                "importance": 0.1,
                "axes": [{"cuts": [0.5]}],
                "scores": [0.0, -0.1, 0.2],
                "spread": [0.0, 0.0, 0.0],
                "rows": [0, 6, 4],
            }
        ],
    }

    flag = shapes.of_terms(report, show, flags=[0]).curves[0]
    dated = shapes.of_terms(additive.report()["shapes"], show, dates={"since"})

    assert flag.kind == "label"
    assert [(item.text, item.log_odds) for item in flag.bins] == [("no", -0.1), ("yes", 0.2)]
    assert not flag.apart
    assert curve_of(dated, "since").kind == "date"
    assert curve_of(dated, "income").kind == "number"


def test_pair_tables_leave_out_bins_without_rows() -> None:
    X, y = bank(800)
    model = AdditiveClassifier(bags=2, pairs=3, rounds=100, categorical=(CATEGORY,), names=NAMES).fit(X, y)

    found = shapes.of_terms(model.report()["shapes"], show)

    assert len(found.pairs) == 3
    for pair in found.pairs:
        rows = np.array(pair.rows)
        assert rows.shape == (len(pair.texts[0]), len(pair.texts[1])) == np.array(pair.log_odds).shape
        assert rows.sum() == 800
        assert (rows.sum(axis=0) > 0).all()
        assert (rows.sum(axis=1) > 0).all()
        if "debt" not in pair.features:
            assert "missing" not in (*pair.texts[0], *pair.texts[1])


def test_a_scorecards_curves_are_its_points() -> None:
    X, y = bank(800)
    card = ScorecardClassifier(bins=5, categorical=(CATEGORY,), names=NAMES)
    card.name_labels(((), (), (), ("Ulm", "Rom", "Oslo")))
    card.fit(X, y)

    found = shapes.of_points(card.report()["points"], {name: (lambda v: f"{v:.2f}") for name in NAMES})

    curve, region = curve_of(found, "income"), curve_of(found, "region")
    codes = card.bin_codes(X)[:, 0]
    assert [item.log_odds for item in curve.bins] == card.tables_[0][: len(curve.bins)].tolist()
    assert [item.rows for item in curve.bins] == np.bincount(codes)[: len(curve.bins)].tolist()
    assert curve.importance == pytest.approx(np.abs(card.points(X)[:, 0]).mean())
    assert curve.bins[0].text.startswith("up to ")
    assert {item.text for item in region.bins} == {"Ulm", "Rom", "Oslo"}
    assert [item.text for item in curve_of(found, "debt").apart] == ["missing"]
    assert not found.bags
    assert not found.pairs
