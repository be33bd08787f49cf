"""The automatic choice: what it tries, what it keeps, and that a record of it trains the same again."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from aimass_core.errors import SettingsError
from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.progress import Progress
from aimass_core.models import auto_portfolio, catalog
from aimass_core.models.auto import AutoClassifier
from aimass_core.models.auto_choose import choose, mean
from aimass_core.models.auto_work import Work
from tests.models.contract import CATEGORY, FamilyContract, bank

QUICK: dict[str, Any] = {
    "budget_seconds": 600.0,  # the clock must not choose in tests
    "families": ("scorecard", "boosting"),
    "folds": 2,
    "tries": 1,
}


class TestAuto(FamilyContract):
    key: ClassVar[str] = "auto"
    quick: ClassVar[dict[str, Any]] = QUICK

    def test_progress_is_reported_in_order(self) -> None:
        # Steps are shares of the time, so they need not be whole steps of one.
        X, y = bank()
        seen: list[Progress] = []

        self.new().fit(X, y, validation=bank(200, seed=9), progress=seen.append)

        assert len(seen) > 4
        assert [message.step for message in seen] == sorted(message.step for message in seen)
        assert all(0 <= message.step <= message.steps for message in seen)


def new(**settings: Any) -> AutoClassifier:
    found = catalog.build("auto", {**QUICK, **settings}, categorical=(CATEGORY,), device="cpu", seed=7)
    assert isinstance(found, AutoClassifier)
    return found


def test_folds_choose_the_number_of_trees() -> None:
    X, y = bank(800)

    model = new(families=("boosting",)).fit(X, y)

    (member,) = model.plan_
    assert 25 <= member.config["trees"] < 600  # so little data is learnt by heart long before the end
    assert [len(item.estimator.booster_.dump_model()["tree_info"]) for item in model.members_] == [
        member.config["trees"]
    ] * len(member.seeds)


def test_score_is_the_mean_of_the_members_log_odds() -> None:
    X, y = bank(600)

    model = new().fit(X, y)

    parts = model.affine_members()
    assert sum(weight for weight, _ in parts) == pytest.approx(1.0)
    assert model.affine_intercept == 0.0
    total = sum(weight * member.log_odds(X) for weight, member in parts)
    np.testing.assert_allclose(model.log_odds(X), total, atol=1e-12)


def test_what_was_settled_trains_the_same_model_again() -> None:
    X, y = bank(700)
    held = bank(300, seed=5)
    first = new(tries=2).fit(X, y, validation=held)

    again = new(tries=2, **first.settled()).fit(X, y, validation=held)

    np.testing.assert_array_equal(again.log_odds(held[0]), first.log_odds(held[0]))
    assert again.plan_ == first.plan_
    assert again.settled() == first.settled()
    np.testing.assert_allclose(again.validation_log_odds_, first.validation_log_odds_, atol=1e-9)


def test_validation_rows_are_learnt_from_but_scored_without_having_been() -> None:
    X, y = bank(600)
    random = np.random.default_rng(3)
    held = random.normal(size=(300, 4)), random.integers(0, 2, 300)  # nothing can be learnt of these

    model = new().fit(X, y, validation=held)

    assert model.validation_log_odds_ is not None
    assert auc(held[1], 1 / (1 + np.exp(-model.validation_log_odds_))) < 0.58
    assert auc(held[1], model.predict_proba(held[0])[:, 1]) > 0.62


def test_ordered_rows_are_judged_later_than_they_are_learnt() -> None:
    X, y = bank(600)

    model = new(ordered=True, folds=3).fit(X, y)

    assert model.rows_ == 300
    assert "later" in model.measured_on_


def test_grouped_rows_are_judged_on_the_validation_rows() -> None:
    X, y = bank(600)
    held = bank(200, seed=5)

    model = new(grouped=True, folds=3).fit(X, y, validation=held)

    assert model.rows_ == 200
    assert model.folds_ == 1


def test_short_budget_still_gives_a_model() -> None:
    X, y = bank(400)

    model = new(budget_seconds=1e-3).fit(X, y)

    assert {item["state"] for item in model.tried_} == {"out of time"}
    assert len(model.members_) == 1
    assert auc(y, model.predict_proba(X)[:, 1]) > 0.7


def test_progress_shows_what_was_tried() -> None:
    X, y = bank(400)
    said: list[Progress] = []

    model = new().fit(X, y, progress=said.append)

    details = [message.detail for message in said if message.detail is not None]
    assert details[-1] == {"kind": "auto", "tried": model.report()["auto"]["tried"]}
    assert {item["family"] for item in details[-1]["tried"]} == {"scorecard", "boosting"}
    assert [message.step for message in said] == sorted(message.step for message in said)


def test_family_that_takes_too_long_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = bank(400)
    monkeypatch.setattr(Work, "guess", lambda *_: 5_000.0)

    model = new(families=("scorecard", "boosting", "transformer")).fit(X, y)

    (left_out,) = [item for item in model.tried_ if item["family"] == "transformer"]
    assert left_out["state"] == "left out"
    assert "5,000 s" in left_out["message"]


def test_network_stays_as_it_came_out_of_its_folds() -> None:
    X, y = bank(500)
    weak = new(families=("dann",), folds=2).fit(X, y)

    (member,) = weak.plan_
    assert (member.refit, member.folds) == (False, (0, 1))
    assert len(weak.members_) == 2


def test_choice_keeps_what_helps_and_drops_noise() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=4_000)
    y = (random.random(4_000) < 1 / (1 + np.exp(-2 * truth))).astype(float)
    one = truth + random.normal(scale=0.7, size=4_000)
    two = truth + random.normal(scale=0.7, size=4_000)
    noise = random.normal(size=4_000)

    weights = choose([one, two, noise], y, ["a", "b", "c"])

    assert weights.sum() == pytest.approx(1.0)
    assert min(weights[:2]) > 0.3
    assert weights[2] == 0.0


def test_choice_compares_on_rows_that_both_were_judged_on() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=2_000)
    y = (random.random(2_000) < 1 / (1 + np.exp(-2 * truth))).astype(float)
    part = np.where(np.arange(2_000) < 500, truth * 2, np.nan)  # perfect, but judged on a quarter only

    weights = choose([truth + random.normal(size=2_000), part], y, ["a", "b"])

    assert weights[1] > 0.3
    assert np.isfinite(mean([truth, part], np.array([0.5, 0.5]))).all()


def test_equal_members_share_the_mean_and_the_worse_setting_of_a_family_stays_out() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=4_000)
    y = (random.random(4_000) < 1 / (1 + np.exp(-2 * truth))).astype(float)
    one, two, worse = (2 * truth + random.normal(scale=size, size=4_000) for size in (0.8, 0.8, 3.0))

    weights = choose([one, two, worse], y, ["trees", "network", "network"])

    np.testing.assert_allclose(weights, [0.5, 0.5, 0.0])


@pytest.mark.parametrize("families", [("blend",), ("auto",), ("isolation",), ()])
def test_family_that_cannot_be_a_member_is_refused(families: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        catalog.check_config("auto", {"families": families})


@pytest.mark.parametrize("settings", [{"budget_seconds": 0}, {"families": ("forest",)}, {"folds": 0}])
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        catalog.check_config("auto", settings)


def test_quick_families_come_first() -> None:
    found = [family.key for family in auto_portfolio.families(None)]

    assert found[:2] == ["scorecard", "boosting"]
    assert not {"auto", "blend", "isolation", "anomaly"} & set(found)
    for family in auto_portfolio.families(None):
        assert auto_portfolio.settings(family, 20)
