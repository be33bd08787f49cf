"""Pages for a run that learnt without a target."""

from __future__ import annotations

import pytest

from aimass_core.jobs.runner import run_now
from aimass_core.workflows import evaluating, scoring, training, unusual
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.joblog import JobLog
from aimass_core.workspace.runs import Run
from tests.pages.conftest import OpenPage, shown


@pytest.fixture
def blind(trained: Workspace) -> Run:
    """A run without a target beside the two with one."""
    spec = TrainingSpec(
        dataset="loans", family="isolation", unlabelled=True, kind="fraud", name="loans blind", device="cpu"
    )
    job = run_now(
        trained,
        training.HANDLER,
        kind=training.KIND,
        title=spec.name,
        spec=spec.model_dump(mode="json"),
        store=JobLog(trained),
        actor="ana",
        threads=1,
    )
    return runs.get(trained, job.result["run_id"])


def test_evaluate_shows_the_unusual_rows_and_no_measures(
    trained: Workspace, blind: Run, open_page: OpenPage
) -> None:
    page = open_page("evaluate", run=blind.name)

    assert not page.exception
    assert not page.error
    assert "not a probability of fraud" in shown(page.info)
    assert "Decile table" not in shown(page.markdown)
    tables = [item.value for item in page.dataframe]
    found = next(frame for frame in tables if "More unusual than" in frame.columns)
    expected = unusual.rows(trained, blind.run_id)
    assert list(found["Row"]) == [f"{row:,}" for row in expected["_row"]]
    assert list(found["income"]) == list(expected["income"])


def test_evaluate_still_lays_the_other_runs_over_each_other(blind: Run, open_page: OpenPage) -> None:
    page = open_page("evaluate", run="loans boosting", runs="loans blind")

    assert not page.exception
    assert "Decile table" in shown(page.markdown)


def test_its_policy_is_set_by_the_share_of_rows(trained: Workspace, blind: Run, open_page: OpenPage) -> None:
    model = evaluating.register(trained, blind.run_id, name="odd", actor="ana")
    page = open_page("decisions", model="odd", view="Policy")
    prefix = f"policy.{model.model_id}"
    assert not page.exception

    page.number_input(key=f"{prefix}.looked").set_value(5.0).run()
    page.number_input(key=f"{prefix}.stopped").set_value(0.5).run()
    page.button(key=f"{prefix}.suggest").click().run()
    page.button(key=f"{prefix}.save").click().run()

    assert not page.exception
    stored = scoring.policy(trained, "odd")
    assert stored is not None
    assert stored.policy["low"] == pytest.approx(0.95)
    assert stored.policy["high"] == pytest.approx(0.995)
    assert "By share of rows" in stored.policy["note"]


def test_explain_speaks_of_being_unusual(blind: Run, open_page: OpenPage) -> None:
    page = open_page("explain", run=blind.name, row="7")

    assert not page.exception
    assert not page.error
    texts = shown(page.markdown) + shown(page.caption)
    assert "estimated probability of fraud" not in texts
    assert "trained without a target" in texts
    assert "Of being unusual." in [metric.help for metric in page.metric]

    page.toggle(key="explain.table").set_value(True).run()

    table = next(item.value for item in page.dataframe if "Really" in item.value.columns)
    assert set(table["Really"]) == {"unknown"}
