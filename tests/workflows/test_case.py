"""A row of the data set and a stored decision as cases: the same score as before, and with changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aimass_core.errors import DataError, NotFoundError
from aimass_core.workflows import case, evaluating, explaining, scoring
from aimass_core.workspace import registry
from tests.trained import FAMILIES, Trained


def _run(trained: Trained, family: str) -> str:
    return registry.get(trained.ws, family).run_id


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_rows_of_the_data_set_score_as_they_did(trained: Trained, family: str) -> None:
    run_id = _run(trained, family)
    scores = evaluating.scores(trained.ws, run_id)
    scores = scores[scores["part"] == "test"].head(12)
    for row_id, probability in zip(scores["_row"], scores["probability"], strict=True):
        found = case.of_row(trained.ws, run_id, int(row_id))
        prepared = case.prepared(case.bundle_of(trained.ws, found), found)
        score = case.bundle_of(trained.ws, found).score_prepared(prepared.X)
        assert score.probability[0] == pytest.approx(probability, abs=1e-6)


def test_case_has_the_policy_in_force(trained: Trained) -> None:
    registry.register(trained.ws, _run(trained, "boosting"), name="case-policy", actor="ana")
    policy = scoring.default_policy(trained.ws, "case-policy")
    scoring.set_policy(trained.ws, "case-policy", policy, actor="ana")

    found = case.of_row(trained.ws, _run(trained, "boosting"), 1)

    assert (found.low, found.high) == (policy.low, policy.high)


def test_decision_scores_as_it_did(trained: Trained) -> None:
    (decision,) = scoring.decide(trained.ws, "boosting", trained.rows(1, 3), source="form", actor="ana")

    found = case.of_decision(trained.ws, decision)

    assert found.decision_id == decision.decision_id
    assert explaining.explain_case(trained.ws, found).log_odds == pytest.approx(decision.log_odds, abs=1e-12)


def test_changes_are_tried_and_do_not_stay(trained: Trained) -> None:
    found = case.of_row(trained.ws, _run(trained, "boosting"), 5)
    before = explaining.explain_case(trained.ws, found)
    changed = explaining.explain_case(trained.ws, found, changes={"income": 1.0})

    assert changed.log_odds != before.log_odds
    assert changed.display["income"] == "1"
    assert explaining.explain_case(trained.ws, found).log_odds == before.log_odds


def test_row_that_is_not_there_and_column_that_is_missing(trained: Trained) -> None:
    run_id = _run(trained, "boosting")
    with pytest.raises(NotFoundError):
        case.of_row(trained.ws, run_id, 10**9)
    found = case.of_row(trained.ws, run_id, 1)
    poor = replace(found, values={name: value for name, value in found.values.items() if name != "income"})
    with pytest.raises(DataError, match="income"):
        explaining.explain_case(trained.ws, poor)
