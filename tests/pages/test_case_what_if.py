"""What if: what is changed follows at once, can be taken back, and two versions can be compared."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.workflows import case, explaining, scoring
from aimass_core.workspace import registry, runs
from aimass_core.workspace.connection import Workspace
from tests.pages.conftest import OpenPage, shown

ROW = 3
INCOME, LATE, REGION = "income", "late **months** <b>", "region"


def _key(ws: Workspace, feature: str, run: str = "loans boosting") -> str:
    from app import cache

    run_id = runs.get(ws, run).run_id
    places = [item.feature for item in cache.summary(ws, run_id).features]
    return f"whatif.{run_id}.{ROW}.{places.index(feature)}"


def _expected(ws: Workspace, **changes: object) -> str:
    run_id = runs.get(ws, "loans boosting").run_id
    changed = {LATE if name == "late" else name: value for name, value in changes.items()}
    found = explaining.explain_case(ws, case.of_row(ws, run_id, ROW), changes=changed)
    return f"{found.probability:.2%}"


def _probabilities(page: AppTest) -> list[str]:
    return [item.value for item in page.metric if item.label.startswith("Probability of")]


@pytest.fixture
def page(trained: Workspace, open_page: OpenPage) -> AppTest:
    opened = open_page("explain", run="loans boosting", row=str(ROW), case_view="What if?")
    assert not opened.exception
    assert not opened.error
    return opened


def test_begins_with_the_row_as_it_is(trained: Workspace, page: AppTest) -> None:
    assert "Nothing changed yet" in shown(page.markdown)
    assert "Both are the same" in shown(page.caption)
    assert _probabilities(page) == [_expected(trained)] * 2
    row = case.of_row(trained, runs.get(trained, "loans boosting").run_id, ROW).values
    assert page.number_input(key=_key(trained, INCOME)).value == row["income"]
    assert page.slider(key=f"{_key(trained, LATE)}.slider").value == row[LATE]
    assert page.selectbox(key=_key(trained, REGION)).value == row["region"]


def test_slider_number_and_score_go_together(trained: Workspace, page: AppTest) -> None:
    key = _key(trained, LATE)

    page.slider(key=f"{key}.slider").set_value(2).run()

    assert not page.exception
    assert page.number_input(key=key).value == 2
    assert "1 change" in shown(page.markdown)
    assert _probabilities(page) == [_expected(trained), _expected(trained, late=2)]
    table = next(frame.value for frame in page.dataframe if "Difference" in frame.value.columns)
    assert "2" in table.loc[table["Feature"] == LATE, "As changed"].to_list()

    page.number_input(key=key).set_value(40).run()  # further than the slider reaches

    slider = page.slider(key=f"{key}.slider")
    assert slider.value == slider.max < 40
    assert _probabilities(page)[1] == _expected(trained, late=40)


def test_values_can_be_missing_new_and_taken_back_one_by_one(trained: Workspace, page: AppTest) -> None:
    page.button(key=f"{_key(trained, INCOME)}.missing").click().run()
    region = page.selectbox(key=_key(trained, REGION))
    region.options.append("atlantis <i>")  # as if typed
    region.set_value("atlantis <i>").run()

    assert not page.exception
    assert page.number_input(key=_key(trained, INCOME)).value is None
    assert _probabilities(page)[1] == _expected(trained, income=None, region="atlantis <i>")
    assert "`atlantis <i>`" in shown(page.markdown)

    page.button(key=f"{_key(trained, INCOME)}.reset").click().run()

    assert "1 change" in shown(page.markdown)
    assert _probabilities(page)[1] == _expected(trained, region="atlantis <i>")
    assert page.number_input(key=_key(trained, INCOME)).value is not None

    page.button(key=f"{_key(trained, INCOME).rsplit('.', 1)[0]}.all").click().run()

    assert "Nothing changed yet" in shown(page.markdown)
    assert _probabilities(page)[1] == _expected(trained)


def test_version_a_is_kept_compared_and_dropped(trained: Workspace, page: AppTest) -> None:
    base, late = _key(trained, LATE).rsplit(".", 1)[0], _key(trained, LATE)
    page.number_input(key=late).set_value(5).run()
    page.button(key=f"{base}.keep").click().run()
    page.number_input(key=late).set_value(0).run()

    assert not page.exception
    assert _probabilities(page) == [_expected(trained, late=5), _expected(trained, late=0)]
    assert "Version B, now" in shown(page.markdown)

    page.segmented_control(key=f"{base}.with").set_value("As it is").run()
    assert _probabilities(page) == [_expected(trained), _expected(trained, late=0)]

    page.button(key=f"{base}.back").click().run()
    assert page.number_input(key=late).value == 5
    page.button(key=f"{base}.drop").click().run()
    assert _probabilities(page) == [_expected(trained), _expected(trained, late=5)]


def test_outcome_is_that_of_the_policy(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, "loans boosting")
    registry.register(trained, run.run_id, name="default-risk", actor="ana")
    policy = scoring.default_policy(trained, "default-risk")
    scoring.set_policy(trained, "default-risk", policy, actor="ana")

    page = open_page("explain", run=run.name, row=str(ROW), case_view="What if?")

    found = case.of_row(trained, run.run_id, ROW)
    outcome = policy.outcome(explaining.explain_case(trained, found).probability)
    assert outcome.capitalize() in shown(page.markdown)
    assert "No policy is set" not in shown(page.caption)


def test_both_waterfalls_can_be_shown(trained: Workspace, page: AppTest) -> None:
    base = _key(trained, LATE).rsplit(".", 1)[0]
    before = len(page.get("plotly_chart"))

    page.toggle(key=f"{base}.both").set_value(True).run()

    assert not page.exception
    assert len(page.get("plotly_chart")) == before + 2
