"""Rows of data sets and stored decisions are turned by every family, under rules that somebody set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aimass_core.decide.policy import Policy
from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.explain.recourse_rules import ChangeRules, Link, Rule
from aimass_core.workflows import case, counterfactuals, evaluating, scoring
from aimass_core.workspace import audit, change_rules, registry
from aimass_core.workspace.connection import Workspace
from tests.made import add_dataset
from tests.small_models import applicants
from tests.trained import FAMILIES, Trained


def _run(trained: Trained, family: str) -> str:
    return registry.get(trained.ws, family).run_id


def _middle(trained: Trained, run_id: str) -> float:
    return float(np.quantile(evaluating.scores(trained.ws, run_id)["probability"], 0.5))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_row_of_the_data_set_passes_after_the_changes(trained: Trained, family: str) -> None:
    run_id = _run(trained, family)
    scores = evaluating.scores(trained.ws, run_id).sort_values("probability")
    middle = _middle(trained, run_id)
    bundle, answers = evaluating.bundle(trained.ws, run_id), 0
    for place in (0.55, 0.7, 0.9):
        row_id = int(scores["_row"].iloc[int(place * len(scores))])
        asked = replace(case.of_row(trained.ws, run_id, row_id), low=middle, high=middle)

        found = counterfactuals.of_case(trained.ws, asked)

        assert found.outcome == "decline"
        assert (found.status == "turned") is bool(found.answers) is (found.impossible is None)
        answers += len(found.answers)
        for answer in found.answers:
            changes = {change.feature: change.after for change in answer.changes}
            again = bundle.score_prepared(case.prepared(bundle, asked, changes).X).probability[0]
            assert again == pytest.approx(answer.probability, abs=1e-9)
            assert again < middle
            assert answer.outcome == "approve"
            assert not {"age", "since"} & set(changes)  # a protected characteristic, and a date
    assert answers


@pytest.mark.parametrize("family", ["scorecard", "boosting", "dann"])
def test_stored_decision_passes_when_its_changed_row_is_decided_again(trained: Trained, family: str) -> None:
    name = f"turned-{family}"
    registry.register(trained.ws, _run(trained, family), name=name, actor="ana")
    middle = _middle(trained, _run(trained, family))
    policy = Policy(kind="credit", low=middle, high=min(1.0, middle * 1.5))
    scoring.set_policy(trained.ws, name, policy, actor="ana")
    decisions = scoring.decide(trained.ws, name, trained.rows(30), source="form", actor="ana", reasons=False)
    turned = 0
    for decision in [item for item in decisions if item.outcome != "approve"][:6]:
        found = counterfactuals.of_case(trained.ws, case.of_decision(trained.ws, decision))
        for answer in found.answers:
            changed = {**decision.input, **{change.feature: change.after for change in answer.changes}}
            (again,) = scoring.decide(
                trained.ws, name, [changed], source="form", actor="ana", store=False, reasons=False
            )
            assert again.outcome == answer.outcome == "approve"
            # -999 stands for an unknown income in these rows
            assert all(change.after != -999 for change in answer.changes)
            turned += 1
    assert turned


def test_fraud_is_allowed_after_the_changes(trained: Trained) -> None:
    run_id = _run(trained, "boosting")
    bundle = evaluating.bundle(trained.ws, run_id)
    fraud = replace(bundle, manifest=bundle.manifest.model_copy(update={"kind": "fraud"}))
    scores = evaluating.scores(trained.ws, run_id).sort_values("probability")
    middle = _middle(trained, run_id)
    asked = case.of_row(trained.ws, run_id, int(scores["_row"].iloc[-30]))
    asked = replace(asked, low=middle, high=middle)

    found = counterfactuals.of_bundle(
        fraud, asked, goal=None, rules=counterfactuals.in_force(trained.ws, fraud)
    )

    assert found.outcome == "block"
    assert {answer.outcome for answer in found.answers} == {"allow"}


def test_without_a_policy_a_probability_is_asked_for(trained: Trained) -> None:
    asked = replace(case.of_row(trained.ws, _run(trained, "scorecard"), 1), low=None, high=None)

    with pytest.raises(SettingsError, match="which probability"):
        counterfactuals.of_case(trained.ws, asked)
    assert counterfactuals.of_case(trained.ws, asked, goal=0.999).status == "passes"


def test_row_without_a_feature_is_refused(trained: Trained) -> None:
    asked = case.of_row(trained.ws, _run(trained, "scorecard"), 1)
    poor = replace(asked, values={"age": 40})

    with pytest.raises(DataError, match="income"):
        counterfactuals.of_case(trained.ws, poor, goal=0.1)


RULES = ChangeRules(rules=(Rule(column="income", may="up", why="raises only"), Rule(column="late")))


def test_rules_are_kept_for_all_versions_of_a_data_set_on_the_record(workspace: Workspace) -> None:
    add_dataset(workspace, applicants(20), name="made")
    assert change_rules.rules(workspace, "made") is None

    counterfactuals.set_rules(workspace, "made", RULES, actor="ana")
    stored = counterfactuals.set_rules(workspace, "made@1", ChangeRules(), actor="ben")

    assert (stored.dataset, stored.set_by) == ("made", "ben")
    assert [item.set_by for item in change_rules.history(workspace, "made")] == ["ben", "ana"]
    events = audit.events(workspace, subject="made", action="change_rules.set")
    assert [event.actor for event in events] == ["ben", "ana"]
    assert ChangeRules.model_validate(events[1].detail["rules"]) == RULES


@pytest.mark.parametrize(
    ("dataset", "rules", "error"),
    [
        ("nowhere", RULES, NotFoundError),
        ("made", ChangeRules(rules=(Rule(column="gone"),)), SettingsError),
        ("made", ChangeRules(rules=(Rule(column="town", may="up"),)), SettingsError),
    ],
)
def test_rules_that_do_not_fit_are_refused(
    workspace: Workspace, dataset: str, rules: ChangeRules, error: Any
) -> None:
    add_dataset(workspace, applicants(20), name="made")

    with pytest.raises(error):
        counterfactuals.set_rules(workspace, dataset, rules, actor="ana")
    assert change_rules.rules(workspace, "made") is None


def test_rules_in_force_are_the_set_ones_over_the_guessed_ones(workspace: Workspace) -> None:
    from tests.small_models import small

    bundle = small("scorecard")  # of the data set `made`
    add_dataset(workspace, applicants(20), name="made")
    assert counterfactuals.in_force(workspace, bundle).of("since").may == "immutable"
    counterfactuals.set_rules(
        workspace, "made", ChangeRules(rules=(Rule(column="y", may="up"),)), actor="ana"
    )

    linked = ChangeRules(rules=RULES.rules, links=(Link(columns=("income", "late")),))
    counterfactuals.set_for_model(workspace, bundle, linked, actor="ana")

    found = counterfactuals.in_force(workspace, bundle)
    assert (found.of("income").may, found.of("since").may) == ("up", "immutable")
    assert found.links == linked.links
    kept = change_rules.rules(workspace, "made")
    assert kept is not None
    assert ChangeRules.model_validate(kept.rules).of("y").may == "up"  # no column of the model
