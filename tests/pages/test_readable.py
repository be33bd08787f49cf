"""Curves on Explain, members and the cost of reading on Evaluate."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aimass_core.evaluate.discrimination import auc
from aimass_core.workflows import evaluating, shapes
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace, open_workspace
from app import context
from app.panels import evaluate_cost, explain_shapes, explain_views
from tests.pages.conftest import OpenPage, shown, train_one

SETTINGS = {
    "additive": {"bags": 2, "pairs": 2, "rounds": 150},
    "blend": {"members": [{"family": "scorecard"}, {"family": "boosting", "config": {"trees": 30}}]},
}


@pytest.fixture(scope="session")
def readable_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained workspace with the runs `loans additive` and `loans blend` besides."""
    folder = tmp_path_factory.mktemp("readable") / "home"
    shutil.copytree(trained_home, folder)
    ws = open_workspace(folder, memory_limit_mb=1_000, threads=1)
    try:
        for family, config in SETTINGS.items():
            train_one(ws, family, config=config)
    finally:
        ws.close()
    return folder


CURVES = {explain_views.VIEW: "The model as a whole", explain_views.WHOLE: explain_shapes.SECTION}


@pytest.fixture
def readable(home: Path, readable_home: Path) -> Workspace:
    shutil.copytree(readable_home, home)
    return context.workspace()


def test_every_curve_and_pair_of_an_additive_run_is_shown(readable: Workspace, open_page: OpenPage) -> None:
    run = runs.get(readable, "loans additive")
    found = shapes.of_run(readable, run.run_id)
    assert found is not None

    page = open_page("explain", run=run.name, **CURVES)

    assert not page.exception
    chooser = page.selectbox(key=f"explain.term.{run.run_id}")
    assert len(chooser.options) == len(found.curves) + len(found.pairs)
    assert len(found.pairs) == 2
    strengths = [float(option.rsplit(" · ", 1)[1]) for option in chooser.options]
    assert strengths == sorted(strengths, reverse=True)
    for option in chooser.options:
        page.selectbox(key=f"explain.term.{run.run_id}").set_value(option).run()
        assert not page.exception
        assert not page.error
        pair = " × " in option
        assert ("add together" in shown(page.markdown)) == pair


def test_a_scorecard_has_curves_too_and_trees_have_none(readable: Workspace, open_page: OpenPage) -> None:
    page = open_page("explain", run="loans scorecard", **CURVES)

    assert not page.exception
    assert "intercept plus one value read off each curve" in shown(page.caption)

    page = open_page("explain", run="loans boosting", **CURVES)

    assert not page.exception
    assert "intercept plus one value read off each curve" not in shown(page.caption)


def test_the_cost_of_reading_is_the_difference_of_the_test_measures(
    readable: Workspace, open_page: OpenPage
) -> None:
    run = runs.get(readable, "loans boosting")
    alike = [runs.get(readable, f"loans {key}") for key in ("scorecard", "additive", "boosting", "blend")]

    def measured(found: runs.Run) -> float:
        scores = evaluating.scores(readable, found.run_id)
        tested = scores[scores["part"] == "test"]
        return auc(tested["y"], tested["probability"])

    values = {found.name: measured(found) for found in alike}
    first = max(("loans scorecard", "loans additive"), key=values.__getitem__)
    best = max(values, key=values.__getitem__)

    page = open_page("evaluate", run=run.name)
    text = next(item.value for item in page.markdown if evaluate_cost.QUESTION in item.value)
    found = shapes.readable_cost(readable, run.run_id)

    assert not page.exception
    assert found is not None
    assert found.readable.name == first
    assert (found.readable_auc, found.best_auc) == pytest.approx((values[first], values[best]))
    if first == best:
        assert found.difference is None
        assert "Nothing" in text
    else:
        assert found.difference is not None
        assert found.difference.value == pytest.approx(values[first] - values[best])
        assert f"{values[best] - values[first]:.4f} AUC" in text


def test_without_a_run_that_can_be_read_nothing_is_said(readable: Workspace) -> None:
    run = runs.get(readable, "loans boosting")
    with readable.writing() as cursor:
        cursor.execute("UPDATE runs SET family = 'boosting' WHERE family IN ('scorecard', 'additive')")

    assert shapes.readable_cost(readable, run.run_id) is None


def test_members_are_shown_with_weights_and_gains(readable: Workspace, open_page: OpenPage) -> None:
    page = open_page("evaluate", run="loans blend")

    assert not page.exception
    assert "Members" in shown(page.header)
    table = next(frame.value for frame in page.dataframe if "Weight" in frame.value.columns)
    assert set(table["Member"]) == {"Scorecard", "Gradient boosting"}
    weights = [0.0 if value == "not used" else float(value) for value in table["Weight"]]
    assert sum(weights) == pytest.approx(1.0, abs=0.002)
    assert "best member alone" in shown(page.markdown)

    page = open_page("evaluate", run="loans boosting")

    assert "Members" not in shown(page.header)
