"""All ensembles: the family's promises, kept with quick members."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from aimass_core.jobs.progress import Progress
from aimass_core.models.catalog import build, load_estimator
from aimass_core.models.ensembles.members import EnsembleClassifier
from aimass_core.models.scorecard import ScorecardClassifier
from tests.models.contract import CATEGORY, FamilyContract, bank

QUICK: dict[str, Any] = {
    "members": [{"family": "scorecard"}, {"family": "boosting", "config": {"trees": 60, "rate": 0.1}}]
}


class EnsembleContract(FamilyContract):
    """What every ensemble promises besides."""

    def test_progress_is_reported_in_order(self) -> None:
        X, y = bank()
        seen: list[Progress] = []

        self.new().fit(X, y, validation=bank(200, seed=9), progress=seen.append)

        steps = [message.step for message in seen]
        assert steps == sorted(set(steps))
        assert steps[0] >= 1
        assert steps[-1] <= seen[-1].steps
        assert steps[-1] > 0.5 * seen[-1].steps
        assert {message.steps for message in seen} == {seen[0].steps}
        assert all(": " in message.message for message in seen)
        assert any("Gradient boosting" in message.message for message in seen)
        seconds = [message.seconds for message in seen]
        assert seconds == sorted(seconds)

    @pytest.mark.parametrize("held_out", [True, False])
    def test_log_odds_are_affine_in_the_members(self, held_out: bool, tmp_path: Path) -> None:
        X, y = bank()
        ensemble = self.new().fit(X, y, validation=bank(300, seed=6) if held_out else None)
        fresh, _ = bank(200, seed=11)
        ensemble.save(tmp_path)

        for model in (ensemble, load_estimator(self.key, tmp_path)):
            assert isinstance(model, EnsembleClassifier)
            total = model.affine_intercept + sum(
                weight * member.log_odds(fresh) for weight, member in model.affine_members()
            )
            np.testing.assert_allclose(model.log_odds(fresh), total, rtol=0, atol=1e-9)
            assert len(model.affine_members()) == len(model.members_) >= 1
            assert all(weight > 0 for weight, _ in model.affine_members())
        assert model.report() == ensemble.report()

    def test_the_report_gives_every_member_its_gain(self) -> None:
        X, y = bank()
        ensemble = self.new().fit(X, y)

        report = ensemble.report()["members"]

        assert report["measure"] == "auc"
        assert 0.7 < report["together"] <= 1
        assert 0 < report["rows"] <= len(y)
        assert len(report["members"]) == len(ensemble.gains_)
        assert {item.name for item in ensemble.gains_} == {item["name"] for item in report["members"]}
        assert all(0.5 < item["alone"] <= 1 for item in report["members"])


class TestBagging(EnsembleContract):
    key = "bagging"
    quick: ClassVar = {
        "members": [{"family": "boosting", "config": {"trees": 40, "rate": 0.1}}],
        "bags": 3,
    }


class TestResidual(EnsembleContract):
    key = "residual"
    quick: ClassVar = {**QUICK, "folds": 2}


class TestStacking(EnsembleContract):
    key = "stacking"
    quick: ClassVar = {**QUICK, "folds": 2}


class TestRidgeStacking(EnsembleContract):
    key = "stacking"
    quick: ClassVar = {**QUICK, "folds": 2, "final": "ridge"}


class TestBlend(EnsembleContract):
    key = "blend"
    quick: ClassVar = QUICK


class TestFreeBlend(EnsembleContract):
    key = "blend"
    quick: ClassVar = {**QUICK, "sum_to_one": False}


def test_members_know_the_texts_of_labels() -> None:
    X, y = bank(300)
    ensemble = build("blend", {**QUICK, "l2": 1e6}, categorical=(CATEGORY,), device="cpu")
    texts = ((), (), (), ("Ulm", "Rom", "Oslo"))

    ensemble.name_labels(texts)
    ensemble.fit(X, y, validation=bank(300, seed=2))

    assert isinstance(ensemble, EnsembleClassifier)
    (card,) = (member.estimator for member in ensemble.members_ if member.family == "scorecard")
    assert isinstance(card, ScorecardClassifier)
    assert card.labels == texts
