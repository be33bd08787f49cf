"""What is special to each ensemble: who is fitted to what, and when it falls back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import expit

from aimass_core.errors import SettingsError
from aimass_core.evaluate.discrimination import auc
from aimass_core.models.additive import AdditiveClassifier
from aimass_core.models.boosting import BoostingClassifier
from aimass_core.models.catalog import FAMILIES, build, check_config, estimate
from aimass_core.models.ensembles.config import MemberConfig
from aimass_core.models.ensembles.members import EnsembleClassifier, held_out, names_of
from aimass_core.models.scorecard import ScorecardClassifier
from tests.models.contract import CATEGORY, bank

SCORECARD = {"family": "scorecard"}
BOOSTING = {"family": "boosting", "config": {"trees": 80, "rate": 0.1}}
USELESS = {"family": "boosting", "config": {"trees": 1, "rate": 1e-4}}


def crossed(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with a sum that a scorecard finds and a product that it cannot find."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 4))
    y = random.random(rows) < expit(1.2 * X[:, 0] + 1.5 * X[:, 1] * X[:, 2])
    return X, y.astype(int)


def fitted(key: str, config: dict[str, Any], **given: Any) -> EnsembleClassifier:
    X, y = crossed(3_000, 1)
    model = build(key, config, device="cpu", seed=0).fit(X, y, **given)
    assert isinstance(model, EnsembleClassifier)
    return model


def measured(model: Any) -> float:
    X, y = crossed(4_000, 9)
    return auc(y, model.predict_proba(X)[:, 1])


@pytest.mark.parametrize(
    "correction", [BOOSTING, {"family": "additive", "config": {"bags": 2, "rounds": 400}}]
)
def test_a_correction_finds_what_the_scorecard_leaves_over(correction: dict[str, Any]) -> None:
    X, y = crossed(3_000, 1)
    card = ScorecardClassifier().fit(X, y)

    model = fitted(
        "residual", {"members": [SCORECARD, correction], "first": "given"}, validation=crossed(1_000, 2)
    )

    assert model.members_[0].family == "scorecard"
    assert model.members_[0].weight == 1.0
    np.testing.assert_array_equal(model.members_[0].estimator.log_odds(X), card.log_odds(X))
    assert measured(model) > measured(card) + 0.05
    # The correction holds what is left, and nothing of what the scorecard says.
    moved = crossed(500, 3)[0]
    moved[:, 1] = 0.0
    assert abs(np.polyfit(moved[:, 0], model.members_[1].estimator.log_odds(moved), 1)[0]) < 0.3


def test_a_correction_by_weights_finds_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a start from given log-odds, as with networks, rows weigh by what is left over.
    monkeypatch.setattr("aimass_core.models.ensembles.residual.TakesOffset", type("Nobody", (), {}))
    X, y = crossed(3_000, 1)
    card = ScorecardClassifier().fit(X, y)

    model = fitted(
        "residual", {"members": [SCORECARD, BOOSTING], "first": "given"}, validation=crossed(1_000, 2)
    )

    assert measured(model) > measured(card) + 0.05


def test_the_best_member_begins_and_what_brings_nothing_is_left_out() -> None:
    model = fitted(
        "residual", {"members": [USELESS, BOOSTING, SCORECARD], "folds": 2}, validation=crossed(1_000, 2)
    )

    assert model.members_[0].family == "boosting"
    assert model.members_[0].estimator.trees > 1
    assert model.gains_[0].name == "Gradient boosting 2"
    assert model.together_ >= max(gain.alone for gain in model.gains_)
    assert {gain.name for gain in model.gains_} == {"Gradient boosting 1", "Gradient boosting 2", "Scorecard"}


@pytest.mark.parametrize("key", ["blend", "stacking", "residual"])
def test_no_ensemble_measures_below_its_best_member(key: str) -> None:
    config = {"members": [SCORECARD, BOOSTING, USELESS]} | ({} if key == "blend" else {"folds": 2})
    X, y = crossed(3_000, 1)

    model = fitted(key, config, validation=crossed(1_000, 2))
    best = BoostingClassifier(trees=80, rate=0.1).fit(X, y, validation=crossed(1_000, 2))

    assert model.together_ >= max(gain.alone for gain in model.gains_) - 1e-12
    assert measured(model) > measured(best) - 0.001


def test_what_is_left_over_is_learnt_on_top_of_the_offset() -> None:
    X, y = crossed(3_000, 1)
    known = 1.2 * X[:, 0]

    for model in (BoostingClassifier(), AdditiveClassifier(bags=2, rounds=400, pairs=3)):
        left = model.fit_left_over(
            X, y, offset=known, validation=(X[:500], y[:500]), validation_offset=known[:500]
        )
        found = left.log_odds(X)
        truth = 1.5 * X[:, 1] * X[:, 2]
        assert np.corrcoef(found, truth)[0, 1] > 0.7
        assert abs(np.corrcoef(found, X[:, 0])[0, 1]) < 0.15
        again = type(left)(**left.get_params()).fit(X, y)
        assert np.corrcoef(again.log_odds(X), X[:, 0])[0, 1] > 0.4


def test_bagging_draws_rows_anew_and_takes_the_mean() -> None:
    model = fitted("bagging", {"members": [BOOSTING], "bags": 4})
    X, _ = crossed(200, 5)
    odds = np.array([member.estimator.log_odds(X) for member in model.members_])

    np.testing.assert_allclose(model.log_odds(X), odds.mean(axis=0), atol=1e-12)
    assert len({row.tobytes() for row in odds}) == 4
    fresh, truth = crossed(4_000, 9)
    alone = [auc(truth, member.estimator.predict_proba(fresh)[:, 1]) for member in model.members_]
    assert measured(model) > np.median(alone) + 0.005
    assert len({member.estimator.seed for member in model.members_}) == 4


def test_stacking_measures_on_rows_that_members_did_not_see() -> None:
    # One tree per row learns the training rows by heart; only out of fold this is seen.
    heart = {
        "family": "boosting",
        "config": {"trees": 300, "rate": 0.5, "leaves": 200, "min_child": 1, "l2": 0},
    }

    model = fitted("stacking", {"members": [SCORECARD, heart], "folds": 3})

    by_heart = next(gain for gain in model.gains_ if gain.name == "Gradient boosting")
    X, y = crossed(3_000, 1)
    learnt = build("boosting", heart["config"], device="cpu").fit(X, y)
    assert auc(y, learnt.predict_proba(X)[:, 1]) > 0.99
    assert by_heart.alone < 0.9


@pytest.mark.parametrize("key", ["blend", "stacking", "residual"])
def test_rows_in_order_of_time_are_judged_by_later_rows(key: str) -> None:
    config = {"members": [SCORECARD, BOOSTING], "ordered": True} | ({} if key == "blend" else {"folds": 2})

    model = fitted(key, config)

    assert model.rows_ == {"blend": 600, "residual": 600, "stacking": 1_500}[key]


def test_the_last_rows_are_kept_back_when_ordered() -> None:
    y = np.tile([0.0, 1.0], 50)

    ordered = held_out(y, share=0.2, seed=0, ordered=True)
    random = held_out(y, share=0.2, seed=0, ordered=False)

    assert ordered.judged.tolist() == list(range(80, 100))
    assert len(random.judged) == 20
    assert random.judged.tolist() != ordered.judged.tolist()
    assert set(random.judged) | set(random.learnt) == set(range(100))


def test_members_of_one_family_are_numbered() -> None:
    members = [MemberConfig(family=key) for key in ("boosting", "scorecard", "boosting")]

    assert names_of(members) == ("Gradient boosting 1", "Scorecard", "Gradient boosting 2")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([SCORECARD], "at least 2 items"),
        ([SCORECARD, {"family": "wizard"}], "wizard"),
        ([SCORECARD, {"family": "boosting", "config": {"trees": 0}}], "trees"),
        ([SCORECARD, {"family": "isolation"}], "cannot be a member"),
        ([SCORECARD, {"family": "auto"}], "cannot be a member"),
    ],
)
def test_members_that_cannot_be_are_refused(members: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        check_config("blend", {"members": members})


def test_a_family_may_be_named_alone() -> None:
    config = check_config("blend", {"members": ["scorecard", "boosting"]})

    assert config.model_dump()["members"] == (
        {"family": "scorecard", "config": {}},
        {"family": "boosting", "config": {}},
    )
    with pytest.raises(ValidationError):
        FAMILIES["bagging"].config.model_validate({"members": [SCORECARD, BOOSTING]})


def test_an_ensemble_costs_what_its_members_cost() -> None:
    alone = [estimate(key, {}, 20_000, 20).seconds for key in ("scorecard", "boosting")]
    config = {"members": [{"family": "scorecard"}, {"family": "boosting"}]}

    assert estimate("blend", config, 20_000, 20).seconds == pytest.approx(sum(alone), rel=0.01)
    assert estimate("stacking", config, 20_000, 20).seconds == pytest.approx(5 * sum(alone), rel=0.01)
    assert estimate("bagging", {"bags": 7}, 20_000, 20).seconds == pytest.approx(7 * alone[1], rel=0.01)


def test_label_codes_reach_the_members() -> None:
    X, y = bank(400)

    model = build("blend", {"members": [SCORECARD, BOOSTING]}, categorical=(CATEGORY,), device="cpu").fit(
        X, y
    )

    assert isinstance(model, EnsembleClassifier)
    assert all(member.estimator.categorical == (CATEGORY,) for member in model.members_)
