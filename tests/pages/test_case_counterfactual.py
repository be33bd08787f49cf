"""What would turn it: answers, a row that passes, an impossibility, and rules that are saved and obeyed."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.decide.policy import Policy
from aimass_core.explain.recourse_rules import ChangeRules, Link, Rule
from aimass_core.workflows import counterfactuals, evaluating, scoring
from aimass_core.workspace import change_rules, datasets, registry, runs
from aimass_core.workspace.connection import Workspace
from app.panels import case_counterfactual, case_views
from tests.pages.conftest import OpenPage, shown

LATE = "late **months** <b>"
VIEW = "What would turn it?"
TOGGLE, GOAL = "turn.rules", "turn.goal."


def _policy(ws: Workspace, *, at: float = 0.5) -> str:
    """Set a policy at this quantile of the test scores and return the model's name."""
    run = runs.get(ws, "loans scorecard")
    cut = float(np.quantile(evaluating.scores(ws, run.run_id)["probability"], at))
    registry.register(ws, run.run_id, name="pd", actor="ana")
    scoring.set_policy(ws, "pd", Policy(kind="credit", low=cut, high=cut), actor="ana")
    return "pd"


def test_view_is_offered() -> None:
    assert case_views.VIEWS[VIEW] is case_counterfactual.show


def test_declined_row_gets_ways_to_pass(trained: Workspace, open_page: OpenPage) -> None:
    _policy(trained)

    page = open_page("explain", run="loans scorecard", case_view=VIEW)

    assert not page.exception
    assert not page.error
    ways = [f.value for f in page.dataframe if "Would have to be" in f.value.columns]
    assert ways
    assert "sex" not in set().union(*(way["Feature"] for way in ways))
    text = shown([*page.markdown, *page.caption])
    assert "Way 1: " in text
    assert "not a promise" in text


def test_row_that_passes_says_so(trained: Workspace, open_page: OpenPage) -> None:
    _policy(trained, at=1.0)
    scores = evaluating.scores(trained, runs.get(trained, "loans scorecard").run_id)
    safest = int(scores["_row"].iloc[int(scores["probability"].argmin())])

    page = open_page("explain", run="loans scorecard", case_view=VIEW, row=str(safest))

    assert not page.exception
    assert "Already approved" in shown(page.success)


def test_impossible_names_the_rules(trained: Workspace, open_page: OpenPage) -> None:
    _policy(trained)
    fixed = [Rule(column=name, may="immutable") for name in ("income", LATE, "region")]
    counterfactuals.set_rules(trained, "loans", ChangeRules(rules=tuple(fixed)), actor="ana")

    page = open_page("explain", run="loans scorecard", case_view=VIEW)

    assert not page.exception
    text = shown(page.warning)
    assert "No allowed change turns it" in text
    assert "may not change" in text


def test_without_a_policy_the_probability_is_typed(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain", run="loans scorecard", case_view=VIEW)

    assert not page.exception
    (asked,) = [box for box in page.number_input if str(box.key).startswith(GOAL)]
    asked.set_value(1.0).run()

    assert not page.exception
    assert "Already approved" in shown(page.success)


def test_stored_decision_is_asked_about_too(trained: Workspace, open_page: OpenPage) -> None:
    model = _policy(trained, at=0.4)
    version = datasets.get(trained, "loans")
    rows = [datasets.row(trained, version, number) for number in range(1, 30)]
    made = scoring.decide(trained, model, rows, source="form", actor="ana", reasons=False)
    declined = next(item for item in made if item.outcome == "decline")

    page = open_page("decisions", view="Find and replay", decision=declined.decision_id, case_view=VIEW)

    assert not page.exception
    text = shown([*page.markdown, *page.warning])
    assert "Way 1: " in text or "No allowed change" in text


def test_rules_are_linked_unlinked_and_saved_on_the_page(trained: Workspace, open_page: OpenPage) -> None:
    _policy(trained)
    page = open_page("explain", run="loans scorecard", case_view=VIEW)
    page.toggle(key=TOGGLE).set_value(True).run()
    assert not page.exception
    assert "guessed from the columns" in shown(page.caption)

    page.multiselect(key="turn.link.columns").set_value(["income", LATE])
    page.selectbox(key="turn.link.kind").set_value("ratio")
    page.button(key="turn.link.save").click().run()

    assert not page.exception
    assert not page.error
    stored = change_rules.rules(trained, "loans")
    assert stored is not None
    assert stored.set_by == "ana"
    rules = ChangeRules.model_validate(stored.rules)
    assert rules.links == (Link(columns=("income", LATE), kind="ratio"),)

    page = open_page("explain", run="loans scorecard", case_view=VIEW)
    page.toggle(key=TOGGLE).set_value(True).run()
    page.button(key="turn.unlink.0").click().run()
    assert not page.exception
    newest = change_rules.rules(trained, "loans")
    assert newest is not None
    assert newest.rules["links"] == []

    page.button(key="turn.save").click().run()
    assert not page.exception
    assert not page.error
    assert len(change_rules.history(trained, "loans")) == 3


@pytest.mark.parametrize("columns", [["income"], []])
def test_a_link_needs_two_columns(trained: Workspace, open_page: OpenPage, columns: list[str]) -> None:
    page = open_page("explain", run="loans scorecard", case_view=VIEW)
    page.toggle(key=TOGGLE).set_value(True).run()

    page.multiselect(key="turn.link.columns").set_value(columns)
    page.button(key="turn.link.save").click().run()

    assert "two columns or more" in shown(page.error)
    assert change_rules.rules(trained, "loans") is None
