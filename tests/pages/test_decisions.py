"""Decisions: without a model; policy, one case, a file; found, opened, replayed; and what does not fit."""

from __future__ import annotations

import pytest

from aimass_core.workflows import reviewing, scoring
from aimass_core.workspace import registry, runs
from aimass_core.workspace.connection import Workspace
from tests.pages.conftest import OpenPage, shown

ROW = {"income": 900.0, "late **months** <b>": 3, "region": "north"}


@pytest.fixture
def model(trained: Workspace) -> registry.Model:
    """The registered model `default-risk`, without a policy."""
    run = runs.get(trained, "loans boosting")
    return registry.register(trained, run.run_id, name="default-risk", actor="ana")


def test_without_a_model_it_says_what_to_do_next(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("decisions")

    assert not page.exception
    assert "No model is registered yet" in shown(page.markdown)


def test_policy_is_saved_as_the_next_version(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    page = open_page("decisions", view="Policy")
    prefix = f"policy.{model.model_id}"
    page.number_input(key=f"{prefix}.low").set_value(20.0)
    page.number_input(key=f"{prefix}.high").set_value(60.0)
    page.text_input(key=f"{prefix}.note").set_value("first try").run()

    page.button(key=f"{prefix}.save").click().run()

    assert not page.exception
    stored = scoring.policy(trained, "default-risk")
    assert stored is not None
    assert (stored.version, stored.set_by) == (1, "ana")
    assert stored.policy == {"kind": "credit", "low": 0.2, "high": 0.6, "note": "first try"}
    assert "Next: score an applicant" in shown(page.success)


def test_cut_offs_in_the_wrong_order_cannot_be_saved(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    page = open_page("decisions", view="Policy")
    prefix = f"policy.{model.model_id}"

    page.number_input(key=f"{prefix}.low").set_value(90.0)
    page.number_input(key=f"{prefix}.high").set_value(10.0).run()

    assert "must not be above" in shown(page.error)
    assert not [button for button in page.button if button.key == f"{prefix}.save"]
    assert scoring.policy(trained, "default-risk") is None


def test_suggestion_follows_the_costs(trained: Workspace, model: registry.Model, open_page: OpenPage) -> None:
    page = open_page("decisions", view="Policy")
    prefix = f"policy.{model.model_id}"
    page.number_input(key="cost.credit.false_negative").set_value(50.0).run()

    page.button(key=f"{prefix}.suggest").click().run()

    expected = scoring.default_policy(
        trained, "default-risk", costs=scoring.Costs(false_positive=1, false_negative=50)
    )
    assert page.number_input(key=f"{prefix}.low").value == pytest.approx(100 * expected.low)
    assert page.number_input(key=f"{prefix}.high").value == pytest.approx(100 * expected.high)


def test_one_applicant_is_decided_stored_and_replayed(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    page = open_page("decisions")
    prefix = f"decide.{model.model_id}.typical"
    page.number_input(key=f"{prefix}.0").set_value(900.0)
    page.number_input(key=f"{prefix}.1").set_value(3)
    page.text_input(key=f"{prefix}.subject").set_value("A-17")

    next(button for button in page.button if button.label == "Decide").click().run()

    assert not page.exception
    ((decision,), total) = reviewing.find(trained, subject="A-17")
    assert total == 1
    assert decision.input["income"] == 900.0
    assert decision.source == "form"
    page.button(key=f"decision.replay.{decision.decision_id}").click().run()
    assert "score, outcome and reasons are the same" in shown(page.success)


def test_form_begins_with_the_values_of_a_row(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    page = open_page("decisions")
    page.button_group(key=f"decide.start.{model.model_id}").set_value("A row of the data").run()

    page.number_input(key=f"decide.row.{model.model_id}").set_value(5).run()

    version = scoring.evaluating.datasets.versions(trained)[0]
    row = scoring.evaluating.datasets.row(trained, version, 5)
    assert page.number_input(key=f"decide.{model.model_id}.row5.0").value == row["income"]


def test_decision_is_opened_by_its_address(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    (made,) = scoring.decide(trained, "default-risk", [ROW], source="api", actor="ana")

    page = open_page("decisions", view="Find and replay", decision=made.decision_id)

    assert not page.exception
    assert not page.error
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Probability"] == f"{made.probability:.2%}"


def test_decisions_are_filtered_by_outcome(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    rows = [ROW, ROW | {"income": 60_000.0, "late **months** <b>": 0}]
    risky, safe = scoring.decide(trained, "default-risk", rows, source="api", actor="ana")
    assert risky.outcome != safe.outcome
    page = open_page("decisions", view="Find and replay")
    assert len(page.dataframe[0].value) == 2

    page.selectbox(key="decisions.outcome").set_value(safe.outcome).run()

    assert list(page.dataframe[0].value["Id"]) == [safe.decision_id]


def test_id_of_no_decision_is_told(trained: Workspace, model: registry.Model, open_page: OpenPage) -> None:
    page = open_page("decisions", view="Find and replay", decision="no-such-id")

    assert not page.exception
    assert "no-such-id" in shown(page.error)


def test_edited_model_is_found_by_the_replay(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    (made,) = scoring.decide(trained, "default-risk", [ROW], source="api", actor="ana")
    bundle = trained.bundles / runs.get(trained, "loans boosting").bundle
    page = open_page("decisions", view="Find and replay", decision=made.decision_id)
    (bundle / "encoder.json").write_text("{}")

    page.button(key=f"decision.replay.{made.decision_id}").click().run()

    assert not page.exception
    assert "could not be replayed" in shown(page.error)


def test_file_is_decided_and_can_be_taken_away(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    page = open_page("decisions", view="Decide a file")
    content = b"loan_id,income,late **months** <b>,region\n1,900,3,north\n2,60000,0,east\n"
    page.file_uploader[0].upload("new.csv", content, "text/csv").run()

    next(button for button in page.button if button.key == f"score.{model.model_id}.go").click().run()

    assert not page.exception
    assert not page.error
    assert "2 rows of new" in shown(page.success)
    assert reviewing.find(trained, source="new.csv")[1] == 2
    page.button(key=f"score.{model.model_id}.find").click().run()
    assert page.button_group(key="view").value == "Find and replay"
    assert len(page.dataframe[0].value) == 2


def test_file_without_a_column_is_refused_and_nothing_is_kept(
    trained: Workspace, model: registry.Model, open_page: OpenPage
) -> None:
    page = open_page("decisions", view="Decide a file")
    page.file_uploader[0].upload("bad.csv", b"income,region\n900,north\n800,east\n", "text/csv").run()

    next(button for button in page.button if button.key == f"score.{model.model_id}.go").click().run()

    assert "late **months**" in shown(page.error)
    assert reviewing.find(trained)[1] == 0
    assert not list((trained.home / "tmp").glob("score-*"))
