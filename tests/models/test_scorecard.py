"""The scorecard: the family's promises and its closed form."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_sample_weight_equivalence_on_dense_data

from aimass_core.errors import SettingsError
from aimass_core.models import scorecard_table
from aimass_core.models.catalog import check_config
from aimass_core.models.families.scorecard import BinEdit
from aimass_core.models.scorecard import ScorecardClassifier
from tests.models.contract import CATEGORY, FamilyContract, bank


class TestScorecard(FamilyContract):
    key = "scorecard"


class TestOptimalScorecard(FamilyContract):
    key = "scorecard"
    quick: ClassVar[dict[str, Any]] = {"method": "optimal", "trend": "auto"}


@pytest.fixture(scope="module")
def fitted() -> ScorecardClassifier:
    X, y = bank()
    return ScorecardClassifier(categorical=(CATEGORY,)).fit(X, y)


def test_log_odds_are_the_sum_of_the_tables(fitted: ScorecardClassifier) -> None:
    X, _ = bank(40)
    codes = fitted.bin_codes(X)

    by_hand = [fitted.intercept_ + sum(fitted.tables_[j][codes[i, j]] for j in range(4)) for i in range(40)]

    np.testing.assert_allclose(fitted.log_odds(X), by_hand, atol=1e-12)
    np.testing.assert_allclose(fitted.intercept_ + fitted.points(X).sum(axis=1), by_hand, atol=1e-12)


def test_points_are_centred_on_the_training_rows(fitted: ScorecardClassifier) -> None:
    X, _ = bank()

    np.testing.assert_allclose(fitted.points(X).mean(axis=0), 0.0, atol=1e-12)


def test_an_unseen_label_adds_nothing(fitted: ScorecardClassifier) -> None:
    X, _ = bank(3)
    X[:, CATEGORY] = 17

    np.testing.assert_array_equal(fitted.points(X)[:, CATEGORY], 0.0)


def test_missing_in_a_column_that_was_complete_adds_nothing(fitted: ScorecardClassifier) -> None:
    X, _ = bank(3)
    X[:, 0] = np.nan

    np.testing.assert_array_equal(fitted.points(X)[:, 0], 0.0)


def test_contributions_add_up_and_vanish_at_the_reference(fitted: ScorecardClassifier) -> None:
    X, _ = bank(60)
    reference = X[:25]

    values, base = fitted.contributions(X, reference)

    np.testing.assert_allclose(base + values.sum(axis=1), fitted.log_odds(X), atol=1e-12)
    np.testing.assert_allclose(values[:25].mean(axis=0), 0.0, atol=1e-12)
    assert base == pytest.approx(fitted.log_odds(reference).mean())


def test_known_points_are_recovered() -> None:
    # 40,000 rows, two labels with log-odds -1 and +1, and a number that means nothing.
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 40_000)
    y = (random.random(40_000) < np.where(label == 1, 0.7310586, 0.2689414)).astype(int)
    X = np.column_stack([label, random.normal(size=40_000)])

    card = ScorecardClassifier(categorical=(0,)).fit(X, y)

    assert card.tables_[0][1] - card.tables_[0][0] == pytest.approx(2.0, abs=0.08)
    assert np.abs(card.tables_[1]).max() < 0.1


def test_smoothing_narrows_the_steps_between_bins() -> None:
    X, y = bank(400)

    rough = ScorecardClassifier(smoothing=0.0).fit(X, y)
    smooth = ScorecardClassifier(smoothing=100.0).fit(X, y)

    def roughness(card: ScorecardClassifier) -> float:
        return float(np.abs(np.diff(card.tables_[2][:20])).sum())

    assert roughness(smooth) < 0.3 * roughness(rough)


def test_the_mean_probability_is_the_bad_rate() -> None:
    # The intercept is not penalised, so logistic regression meets the base rate exactly.
    X, y = bank(500)

    p = ScorecardClassifier(categorical=(CATEGORY,)).fit(X, y).predict_proba(X)[:, 1]

    assert p.mean() == pytest.approx(y.mean(), abs=1e-5)


NAMES = ("a", "b", "c", "town")


def card(**settings: Any) -> ScorecardClassifier:
    """A scorecard of the fixture's rows in which -999 stands for three things at once in column a."""
    X, y = bank(2_000)
    X[:200, 0] = -999
    y[:200] = np.arange(200) % 2
    made = ScorecardClassifier(categorical=(CATEGORY,), names=NAMES, **settings)
    made.name_labels(((), (), (), ("Bonn", "Oslo", "Rom", "other")))
    return made.fit(X, y)


@pytest.mark.parametrize("method", ["quantile", "optimal"])
def test_special_codes_and_missing_have_bins_of_their_own(method: str) -> None:
    found = card(method=method, special={"a": [-999.0, -998.0]})

    rows = scorecard_table.of_feature(found, 0)
    special = {row.low: row for row in rows if row.kind == "special"}
    missing = next(row for row in scorecard_table.of_feature(found, 1) if row.kind == "missing")
    lowest = next(row for row in rows if row.kind == "range")
    assert (special[-999.0].rows, special[-999.0].bads) == (200, 100)
    assert special[-998.0].rows == special[-998.0].log_odds == 0
    assert lowest.high is not None
    assert lowest.high > -10
    assert missing.rows == np.isnan(bank(2_000)[0][:, 1]).sum()
    X = np.full((2, 4), 0.0)
    X[0, 0], X[1, 0] = -999, -998.5
    np.testing.assert_array_equal(found.bin_codes(X)[:, 0] == special[-999.0].number, [True, False])


def test_special_codes_may_stand_for_all_numbers() -> None:
    found = card(special={"*": [-999.0]})

    assert [len(codes) for codes in found.binning_.special] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"special": {"town": [1.0]}}, "special codes must be about a number"),
        ({"special": {"nobody": [1.0]}}, "special codes must name a feature"),
        ({"method": "optimal", "trends": {"town": "up"}}, "a trend must be about a number"),
    ],
)
def test_settings_of_features_that_do_not_fit_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        card(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "quantile", "trend": "up"},
        {"method": "quantile", "trends": {"a": "up"}},
        {"special": {"a": []}},
        {"special": {"a": "ninety"}},
        {"base_odds": 0},
        {"method": "best"},
        {"edits": [{"kind": "move", "feature": "a", "edge": 1.0}]},
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        check_config("scorecard", settings)


def test_codes_typed_in_a_form_are_read() -> None:
    config: Any = check_config("scorecard", {"special": {"a": " -999, 97 "}, "trends": {}})

    assert config.special == {"a": [-999.0, 97.0]}
    assert config.trends is None


@pytest.mark.parametrize(("trend", "sign"), [("up", 1), ("down", -1)])
def test_a_trend_holds_in_the_rates_and_in_the_points(trend: str, sign: int) -> None:
    found = card(method="optimal", trends={"a": trend, "b": trend, "c": trend}, special={"a": [-999.0]})

    values = np.linspace(-6, 6, 4_001)
    for j in range(3):
        X = np.zeros((len(values), 4))
        X[:, j] = values
        rates = [row.bad_rate for row in scorecard_table.of_feature(found, j) if row.kind == "range"]
        assert (sign * np.diff(found.points(X)[:, j]) >= 0).all()
        assert (sign * np.diff(np.array(rates, dtype=float)) >= -1e-3).all()
    assert np.ptp(found.points(np.column_stack([values] * 4))[:, 0 if trend == "up" else 1]) > 1


def test_evidence_and_information_by_hand() -> None:
    # Bin 0: 100 rows, 20 bad; bin 1: 300 rows, 180 bad. No prior to speak of.
    X = np.repeat([[0.0], [1.0]], [100, 300], axis=0)
    y = np.concatenate([np.arange(100) < 20, np.arange(300) < 180]).astype(int)

    found = ScorecardClassifier(method="optimal", prior=1e-9, l2=1e-6).fit(X, y)

    low, high = scorecard_table.of_feature(found, 0)[:2]
    expected = math.log((80 / 200) / (20 / 200)), math.log((120 / 200) / (180 / 200))
    assert (low.evidence, high.evidence) == pytest.approx(expected)
    assert low.information == pytest.approx((0.4 - 0.1) * expected[0])
    # One feature: the coefficient of its evidence is 1, so the log-odds are those of the bins.
    assert found.log_odds([[0.0], [1.0]]) == pytest.approx([math.log(20 / 80), math.log(180 / 120)], abs=1e-4)


def test_points_follow_the_scale() -> None:
    found = card(base_score=500, base_odds=20, double_odds=40)
    X, _ = bank(50)

    scores = found.score_points(X).sum(axis=1)

    odds_good = np.exp(-found.log_odds(X))
    np.testing.assert_allclose(scores, 500 + 40 * np.log2(odds_good / 20), atol=1e-9)
    by_table = [
        sum(scorecard_table.of_feature(found, j)[code].points for j, code in enumerate(row))
        for row in found.bin_codes(X)
    ]
    np.testing.assert_allclose(by_table, scores, atol=1e-9)


def test_edits_are_done_on_top_of_what_was_learnt() -> None:
    plain = card(method="optimal")
    edges = plain.binning_.edges[0]
    assert edges is not None
    edits = [
        {"kind": "merge", "feature": "a", "edge": float(edges[0])},
        {"kind": "merge", "feature": "town", "labels": ["Bonn", "Rom"]},
    ]

    found = card(method="optimal", edits=edits)

    np.testing.assert_array_equal(found.learnt_.edges[0], edges)
    np.testing.assert_array_equal(found.binning_.edges[0], edges[1:])
    texts = [row.labels for row in scorecard_table.of_feature(found, 3) if row.kind == "labels"]
    assert any({"Bonn", "Rom"} <= set(labels) for labels in texts)


def test_an_edit_that_empties_a_bin_is_refused() -> None:
    with pytest.raises(SettingsError, match="must hold training rows"):
        card(edits=[BinEdit(kind="split", feature="a", to=1e9)])


@pytest.mark.parametrize("method", ["quantile", "optimal"])
def test_a_preview_is_near_what_training_again_gives(method: str) -> None:
    X, y = bank(4_000)
    settings: Any = {"method": method, "categorical": (CATEGORY,), "names": NAMES}
    before = ScorecardClassifier(**settings).fit(X, y)
    edges = before.binning_.edges[0]
    assert edges is not None
    edits = [BinEdit(kind="merge", feature="a", edge=float(edge)) for edge in edges[::2]]

    tried = before.with_edits(edits, X, y)
    again = ScorecardClassifier(**settings, edits=edits).fit(X, y)

    moved = np.abs(again.log_odds(X) - before.log_odds(X)).mean()
    assert np.abs(again.log_odds(X) - tried.log_odds(X)).mean() < 0.35 * moved
    for one, other in zip(tried.rows_, again.rows_, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(tried.evidence_, again.evidence_, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("method", ["quantile", "optimal"])
def test_a_preview_without_edits_changes_nothing_and_undoes_all(method: str) -> None:
    X, y = bank(2_000)
    settings: Any = {"method": method, "categorical": (CATEGORY,), "names": NAMES}
    plain = ScorecardClassifier(**settings).fit(X, y)
    edge = float(plain.binning_.edges[0][1])  # type: ignore[index]
    edited = plain.with_edits([BinEdit(kind="merge", feature="a", edge=edge)], X, y)

    same, back = plain.with_edits([], X, y), edited.with_edits([], X, y)

    np.testing.assert_array_equal(same.log_odds(X), plain.log_odds(X))
    np.testing.assert_allclose(back.log_odds(X), plain.log_odds(X), atol=2e-4)
    assert np.abs(edited.log_odds(X) - plain.log_odds(X)).max() > 0.01


def test_a_saved_scorecard_keeps_its_table(tmp_path: Path) -> None:
    found = card(
        method="optimal",
        special={"a": [-999.0]},
        edits=(BinEdit(kind="merge", feature="town", labels=["Bonn", "Rom"]).model_dump(),),
    )

    found.save(tmp_path)
    loaded = ScorecardClassifier.load(tmp_path)

    assert loaded.report() == found.report()
    assert loaded.get_params() == found.get_params()
    assert json.loads(json.dumps(found.report(), allow_nan=False))["points"]["edits"][0]["labels"] == [
        "Bonn",
        "Rom",
    ]


def test_a_scorecard_saved_before_bins_were_kept_still_scores(
    fitted: ScorecardClassifier, tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    path = tmp_path / "estimator.json"
    state = json.loads(path.read_text())
    old = {key: state["learnt"][key] for key in ("tables", "intercept")}
    old["binning"] = {key: state["learnt"]["binning"][key] for key in ("edges", "known")}
    state["learnt"] = old
    state["settings"] = {"bins": 20, "l2": 1.0, "smoothing": 10.0, "categorical": [CATEGORY], "names": []}
    path.write_text(json.dumps(state))
    X, _ = bank(60)

    loaded = ScorecardClassifier.load(tmp_path)

    np.testing.assert_array_equal(loaded.log_odds(X), fitted.log_odds(X))
    with pytest.raises(ValueError, match="Train it again"):
        loaded.report()


def test_weights_count_like_repeated_rows_with_optimal_bins() -> None:
    check_sample_weight_equivalence_on_dense_data(
        "ScorecardClassifier", ScorecardClassifier(method="optimal", trend="auto")
    )


@pytest.mark.parametrize("method", ["quantile", "optimal"])
def test_edits_mean_the_same_on_other_rows(method: str) -> None:
    X, y = bank(3_000)
    settings: Any = {"method": method, "categorical": (CATEGORY,), "names": NAMES}
    labels = ((), (), (), ("Bonn", "Oslo", "Rom", "other"))
    first = ScorecardClassifier(**settings)
    first.name_labels(labels)
    first.fit(X[:2_000], y[:2_000])
    edge = float(first.binning_.edges[0][1])  # type: ignore[index]
    edits = (
        BinEdit(kind="move", feature="a", edge=edge, to=edge + 1e-6),
        BinEdit(kind="merge", feature="town", labels=["Oslo", "Rom"])
        if method == "quantile"
        else BinEdit(kind="merge", feature="a", edge=edge + 1e-6),
    )
    again = ScorecardClassifier(
        **settings, edits=edits, edited_from=first.learnt_bins(edit.feature for edit in edits)
    )
    again.name_labels(labels)

    few = (X[2_000:, CATEGORY] != 1) & (np.abs(X[2_000:, 0]) < 0.8)
    again.fit(X[2_000:][few], y[2_000:][few])  # no label Oslo, and ranges that are empty

    wanted = np.sort([*(e for e in first.binning_.edges[0] if e != edge), edge + 1e-6])  # type: ignore[union-attr]
    if method == "optimal":
        wanted = wanted[wanted != edge + 1e-6]
    np.testing.assert_array_equal(again.binning_.edges[0], wanted)  # type: ignore[arg-type]
    assert np.isfinite(again.log_odds(X)).all()


def test_bins_that_are_given_must_fit_their_feature() -> None:
    with pytest.raises(SettingsError, match="is a category"):
        card(edited_from=[{"feature": "town", "edges": [1.0]}])
    with pytest.raises(SettingsError, match="is a number"):
        card(edited_from=[{"feature": "a", "groups": [["Bonn"]]}])
    with pytest.raises(SettingsError, match="ascending"):
        check_config("scorecard", {"edited_from": [{"feature": "a", "edges": [2.0, 1.0]}]})


def test_given_groups_hold_and_other_labels_stand_alone() -> None:
    found = card(method="optimal", edited_from=[{"feature": "town", "groups": [["Rom", "Bonn"], ["Ulm"]]}])

    assert found.binning_.groups[CATEGORY].tolist() == [0, 1, 0]  # type: ignore[union-attr]
