"""The additive model: the family's promises, its arrays against InterpretML, exact contributions."""

from __future__ import annotations

import itertools
import json
import math
import threading
import warnings
from typing import Any, ClassVar

import numpy as np
import pytest
from interpret.glassbox import ExplainableBoostingClassifier

from aimass_core.errors import SettingsError
from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.progress import Progress
from aimass_core.models import additive_fit
from aimass_core.models.additive import AdditiveClassifier
from aimass_core.models.additive_terms import Axis, Pair, Terms, purified
from tests.models.contract import CATEGORY, FamilyContract, bank

QUICK: dict[str, Any] = {"bags": 2, "pairs": 2, "rounds": 300}


class TestAdditive(FamilyContract):
    key = "additive"
    quick: ClassVar = QUICK


class TestLargeBags(FamilyContract):
    """The same promises when a bag learns from a part of the rows only."""

    key = "additive"
    quick: ClassVar = {**QUICK, "rows_per_bag": 400}


def crossed(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows in which the product of x0 and x1 matters, with gaps and labels."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 4))
    X[:, CATEGORY] = random.integers(0, 5, rows)
    odds = 1.5 * X[:, 0] * X[:, 1] + X[:, 2] + np.where(X[:, CATEGORY] == 4, 1.5, 0) * X[:, 0] - 0.5
    y = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    X[random.random(rows) < 0.1, 1] = np.nan
    X[random.random(rows) < 0.05, CATEGORY] = np.nan
    return X, y


@pytest.fixture(scope="module")
def fitted() -> AdditiveClassifier:
    X, y = crossed(2_000, 1)
    model = AdditiveClassifier(
        bags=3, pairs=4, categorical=(CATEGORY,), names=("income", "debt", "age", "region")
    )
    return model.fit(X, y)


def odd_rows() -> np.ndarray:
    X, _ = crossed(500, 2)
    X[0] = np.nan
    X[1, CATEGORY], X[2, CATEGORY], X[3, CATEGORY] = 77, -3, 2.5
    X[4, :3], X[5, :3] = 1e300, -1e300
    return X


def test_scores_are_those_of_the_machine_it_was_taken_from() -> None:
    X, y = crossed(1_500, 1)
    machine = ExplainableBoostingClassifier(
        feature_types=["continuous", "continuous", "continuous", "nominal"],
        outer_bags=2,
        interactions=6,
        max_rounds=200,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        machine.fit(X, y)
    found = additive_fit.taken_out(machine)
    rows = odd_rows()
    wanted = machine.decision_function(rows)

    raw = Terms(found.intercept, found.axes, found.pair_axes, found.curves, found.pairs)
    _, coarse = raw.codes(X)
    shares = [np.bincount(c, minlength=a.size) / len(X) for c, a in zip(coarse, raw.pair_axes, strict=True)]
    axes, curves, pairs, moved = purified(raw.axes, raw.pair_axes, raw.curves, raw.pairs, shares)
    pure = Terms(raw.intercept + moved, axes, raw.pair_axes, curves, pairs)

    assert len(raw.pairs) == 6
    np.testing.assert_allclose(raw.log_odds(rows), wanted, rtol=0, atol=1e-9)
    np.testing.assert_allclose(pure.log_odds(rows), wanted, rtol=0, atol=1e-9)


def test_the_estimators_own_scores_are_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[ExplainableBoostingClassifier] = []
    taken_out = additive_fit.taken_out

    def spy(machine: ExplainableBoostingClassifier) -> additive_fit.Fitted:
        kept.append(machine)
        return taken_out(machine)

    monkeypatch.setattr(additive_fit, "taken_out", spy)
    X, y = crossed(1_000, 1)

    model = AdditiveClassifier(**QUICK, categorical=(CATEGORY,)).fit(X, y)

    rows = odd_rows()
    np.testing.assert_allclose(model.log_odds(rows), kept[0].decision_function(rows), rtol=0, atol=1e-9)


def test_a_pair_table_says_nothing_about_one_feature_alone(fitted: AdditiveClassifier) -> None:
    X, _ = crossed(2_000, 1)
    _, coarse = fitted.terms_.codes(X)

    assert fitted.terms_.pairs
    for pair in fitted.terms_.pairs:
        height, width = pair.table.shape
        rows = np.bincount(coarse[pair.first], minlength=height) / len(X)
        columns = np.bincount(coarse[pair.second], minlength=width) / len(X)
        np.testing.assert_allclose(pair.table @ columns, 0, atol=1e-9)
        np.testing.assert_allclose(rows @ pair.table, 0, atol=1e-9)


def test_points_add_up_and_are_centred(fitted: AdditiveClassifier) -> None:
    X, _ = crossed(2_000, 1)
    rows = odd_rows()

    np.testing.assert_allclose(
        fitted.intercept_ + fitted.points(rows).sum(axis=1), fitted.log_odds(rows), rtol=0, atol=1e-9
    )
    np.testing.assert_allclose(fitted.points(X).mean(axis=0), 0, atol=1e-9)
    assert fitted.intercept_ == pytest.approx(fitted.log_odds(X).mean(), abs=1e-9)


def test_points_are_centred_with_weights_too() -> None:
    X, y = crossed(800, 1)
    weight = np.random.default_rng(0).integers(1, 4, len(X)).astype(float)

    model = AdditiveClassifier(**QUICK).fit(X, y, sample_weight=weight)

    np.testing.assert_allclose(weight @ model.points(X) / weight.sum(), 0, atol=1e-9)


def test_contributions_are_the_shapley_values_of_the_scores(fitted: AdditiveClassifier) -> None:
    rows, reference = odd_rows()[:8], crossed(40, 5)[0]

    values, base = fitted.contributions(rows, reference)

    def worth(row: np.ndarray, players: tuple[int, ...]) -> float:
        mixed = reference.copy()
        mixed[:, list(players)] = row[list(players)]
        return float(fitted.log_odds(mixed).mean())

    assert base == pytest.approx(fitted.log_odds(reference).mean(), abs=1e-9)
    np.testing.assert_allclose(base + values.sum(axis=1), fitted.log_odds(rows), rtol=0, atol=1e-9)
    for row, found in zip(rows, values, strict=True):
        for j in range(4):
            others = [k for k in range(4) if k != j]
            value = 0.0
            for size in range(4):
                for chosen in itertools.combinations(others, size):
                    share = math.factorial(size) * math.factorial(3 - size) / math.factorial(4)
                    value += share * (worth(row, (*chosen, j)) - worth(row, chosen))
            assert found[j] == pytest.approx(value, abs=1e-9)


def test_points_are_the_contributions_against_all_training_rows(fitted: AdditiveClassifier) -> None:
    X, _ = crossed(2_000, 1)
    rows = odd_rows()

    values, base = fitted.contributions(rows, X)

    np.testing.assert_allclose(fitted.points(rows), values, rtol=0, atol=1e-9)
    assert base == pytest.approx(fitted.intercept_, abs=1e-9)


def test_pairs_are_found_and_help() -> None:
    X, y = crossed(4_000, 1)
    fresh, truth = crossed(4_000, 3)

    alone = AdditiveClassifier(bags=2, pairs=0, categorical=(CATEGORY,)).fit(X, y)
    paired = AdditiveClassifier(bags=2, pairs=2, categorical=(CATEGORY,)).fit(X, y)

    assert not alone.terms_.pairs
    assert (0, 1) in {(pair.first, pair.second) for pair in paired.terms_.pairs}
    assert auc(truth, paired.predict_proba(fresh)[:, 1]) > auc(truth, alone.predict_proba(fresh)[:, 1]) + 0.03


def test_monotone_numbers_only_move_scores_their_way_and_have_no_pair() -> None:
    X, y = crossed(2_000, 1)
    names = ("income", "debt", "age", "region")
    model = AdditiveClassifier(
        bags=2,
        pairs=6,
        rounds=400,
        names=names,
        categorical=(CATEGORY,),
        monotone={"income": "up", "age": "down"},
    ).fit(X, y)
    free = AdditiveClassifier(bags=2, pairs=6, rounds=400, names=names, categorical=(CATEGORY,)).fit(X, y)

    curves, unbound = model.terms_.curves, free.terms_.curves

    assert np.diff(curves[0][1:]).min() >= -1e-12
    assert np.diff(curves[2][1:]).max() <= 1e-12
    assert np.diff(unbound[0][1:]).min() < 0
    assert np.diff(unbound[2][1:]).max() > 0
    assert {j for pair in model.terms_.pairs for j in (pair.first, pair.second)} <= {1, 3}


def test_monotone_settings_must_name_columns() -> None:
    X, y = bank(100)

    with pytest.raises(SettingsError, match="'age' is none of them"):
        AdditiveClassifier(**QUICK, monotone={"age": "up"}).fit(X, y)


def test_validation_rows_stop_but_do_not_set_the_level() -> None:
    X, y = bank(1_000)
    random = np.random.default_rng(0)
    noise = (random.normal(size=(400, 4)), np.ones(400, dtype=int))
    noise[1][:20] = 0

    model = AdditiveClassifier(**QUICK).fit(X, y, validation=noise)

    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-9)


def test_meaningless_validation_rows_stop_early() -> None:
    X, y = bank(1_000)
    random = np.random.default_rng(0)
    noise = (random.normal(size=(400, 4)), random.integers(0, 2, 400))

    stopped = AdditiveClassifier(bags=2, pairs=0, smoothing=0, patience=5).fit(X, y, validation=noise)
    sound = AdditiveClassifier(bags=2, pairs=0, smoothing=0, patience=5).fit(
        X, y, validation=bank(400, seed=3)
    )

    assert stopped.log_odds(X).std() < 0.3 * sound.log_odds(X).std()


def test_the_number_of_threads_does_not_change_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = bank(800)
    used: list[str] = []

    def odds(threads: int) -> np.ndarray:
        monkeypatch.setattr(additive_fit, "_threads", lambda: threads)
        seen: list[Progress] = []

        def note(message: Progress) -> None:
            seen.append(message)
            used.append(threading.current_thread().name)

        model = AdditiveClassifier(bags=4, pairs=1, rounds=300).fit(X, y, progress=note)
        assert [message.step for message in seen] == list(range(1, len(seen) + 1))
        return model.log_odds(X)

    np.testing.assert_array_equal(odds(1), odds(3))
    assert len(set(used)) > 1


def test_bags_leave_out_a_share_of_each_class() -> None:
    y = np.r_[np.ones(40), np.zeros(360)]

    alone = additive_fit.bags(y, 0, count=3, share=0.25, most=1_000, seed=1)
    held = additive_fit.bags(y, 50, count=3, share=0.25, most=1_000, seed=1)
    few = additive_fit.bags(y, 0, count=3, share=0.2, most=100, seed=1)

    assert alone.shape == (400, 3)
    assert [(alone[y == label] == 1).sum() for label in (0, 1)] == [3 * 270, 3 * 30]
    assert set(np.unique(alone)) == {-1, 1}
    assert (alone[:, 0] != alone[:, 1]).any()
    assert (held[400:] == -1).all()
    assert set(np.unique(held[:400])) == {0, 1}
    assert ((few == 1).sum(axis=0) == 100).all()
    assert ((few == -1).sum(axis=0) == 24).all()  # a quarter of 90 and of 10, each rounded


def test_a_rare_class_is_in_every_bag() -> None:
    y = np.r_[1.0, np.zeros(99)]

    found = additive_fit.bags(y, 0, count=5, share=0.5, most=1_000, seed=0)

    assert (found[0] == 1).all()


def test_the_report_holds_the_curves_that_score(fitted: AdditiveClassifier) -> None:
    X, _ = crossed(2_000, 1)

    report = json.loads(json.dumps(fitted.report(), allow_nan=False))["shapes"]

    assert report["rows"] == 2_000
    names = ["income", "debt", "age", "region"]
    importance = [term["importance"] for term in report["terms"]]
    assert importance == sorted(importance, reverse=True)
    curves = {term["features"][0]: term for term in report["terms"] if len(term["features"]) == 1}
    assert sorted(curves) == sorted(names)
    for j, name in enumerate(names):
        term, scores = curves[name], np.array(curves[name]["scores"])
        codes = fitted.terms_.axes[j].codes(X[:, j])
        assert sum(term["rows"]) == 2_000
        assert term["rows"][0] == int(np.isnan(X[:, j]).sum())
        assert len(term["scores"]) == len(term["rows"]) == len(term["spread"])
        np.testing.assert_allclose(np.diff(scores), np.diff(fitted.terms_.curves[j]), atol=1e-12)
        assert scores[codes].mean() == pytest.approx(0, abs=1e-9)
        assert np.abs(scores[codes]).mean() == pytest.approx(term["importance"])
    assert len(curves["income"]["axes"][0]["cuts"]) == len(curves["income"]["scores"]) - 2
    assert curves["region"]["axes"][0]["labels"] == [0, 1, 2, 3, 4]
    pairs = [term for term in report["terms"] if len(term["features"]) == 2]
    assert len(pairs) == 4
    assert all(np.array(term["rows"]).sum() == 2_000 for term in pairs)


def test_codes_follow_cuts_and_labels() -> None:
    number = Axis(np.array([1.0, 2.0]), None)
    label = Axis(None, np.array([3.0, 7.0]))

    assert number.codes(np.array([np.nan, 0.9, 1.0, 1.9, 2.0, 9.0])).tolist() == [0, 1, 2, 2, 3, 3]
    assert label.codes(np.array([np.nan, 3.0, 7.0, 5.0, -1.0])).tolist() == [0, 1, 2, 3, 3]
    assert (number.size, label.size) == (4, 4)


def test_purifying_keeps_scores_when_cuts_differ() -> None:
    random = np.random.default_rng(0)
    axes = (Axis(np.array([0.0, 1.0]), None), Axis(None, np.array([0.0, 1.0])), Axis(np.array([]), None))
    pair_axes = (Axis(np.array([0.5]), None), axes[1], axes[2])
    curves = tuple(random.normal(size=axis.size) for axis in axes)
    pairs = (Pair(0, 1, random.normal(size=(3, 4))), Pair(0, 2, random.normal(size=(3, 2))))
    shares = [np.full(axis.size, 1 / axis.size) for axis in pair_axes]
    rows = np.array(
        list(itertools.product([-1, 0, 0.2, 0.5, 0.7, 1, 5, np.nan], [0, 1, 2, np.nan], [3, np.nan]))
    )

    new_axes, new_curves, new_pairs, moved = purified(axes, pair_axes, curves, pairs, shares)

    assert new_axes[0].cuts is not None
    assert new_axes[0].cuts.tolist() == [0.0, 0.5, 1.0]
    np.testing.assert_allclose(
        Terms(2.0 + moved, new_axes, pair_axes, new_curves, new_pairs).log_odds(rows),
        Terms(2.0, axes, pair_axes, curves, pairs).log_odds(rows),
        atol=1e-12,
    )
