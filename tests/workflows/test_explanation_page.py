"""Papers of rows, decisions and models: the numbers of the workspace, and what they rest on."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from pypdf import PdfReader

from aimass_core.errors import SettingsError
from aimass_core.papers.paper import Paper, Waterfall
from aimass_core.workflows import evaluating, explaining, explanation_page, scoring
from aimass_core.workspace import cases, datasets, runs
from aimass_core.workspace.connection import Workspace, open_workspace
from tests.made import add_dataset, train_here
from tests.small_models import applicants

ROW = {"income": 21_000.0, "town": "Rom", "late": 4, "since": "2021-03-01", "owner": False}


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path_factory.mktemp("made") / "home", threads=1)
    add_dataset(workspace, applicants(400))
    run = train_here(workspace, "boosting", name="trees", bootstrap=0)
    evaluating.register(workspace, run.run_id, name="credit", actor="ann")
    scoring.set_policy(workspace, "credit", scoring.default_policy(workspace, "credit"), actor="ann")
    yield workspace
    workspace.close()


def facts(paper: Paper) -> dict[str, str]:
    return dict(paper.facts)


def test_page_of_a_row_has_its_numbers_and_what_they_rest_on(ws: Workspace) -> None:
    found = explaining.explain_row(ws, "trees", 5)

    paper = explanation_page.of_row(ws, found, actor="bob")

    run = runs.get(ws, "trees")
    version = datasets.get(ws, run.version_id)
    assert dict(paper.figures)["Probability"] == f"{found.probability:.2%}"
    assert isinstance(paper.chart, Waterfall)
    total = paper.chart.base + sum(reason.contribution for reason in paper.chart.reasons)
    assert total == pytest.approx(found.log_odds, abs=1e-6)
    assert "by bob" in paper.subtitle
    assert facts(paper)["Data SHA-256"] == version.source_sha256
    assert facts(paper)["Bad means"] == "y is 1"
    assert "add up to the score exactly" in facts(paper)["Additivity"]
    assert len(facts(paper)["Model SHA-256"]) == 64
    page = explanation_page.render(paper, "html").decode()
    assert version.source_sha256 in page
    (sheet,) = PdfReader(io.BytesIO(explanation_page.render(paper, "pdf"))).pages
    assert "Row 5" in sheet.extract_text()


def test_page_of_a_decision_has_the_reasons_it_was_stored_with(ws: Workspace) -> None:
    (made,) = scoring.decide(ws, "credit", [ROW], source="form", actor="ann", subjects=["<b>Eve</b>"])
    decision = cases.get(ws, made.decision_id)

    paper = explanation_page.of_decision(ws, decision, actor="bob")

    assert dict(paper.figures)["Outcome"] == decision.outcome.capitalize()
    assert facts(paper)["Input SHA-256"] == decision.input_sha256
    assert facts(paper)["Model SHA-256"] == decision.bundle_sha256
    assert facts(paper)["Model"] == "credit@1"
    assert "version 1 of credit" in facts(paper)["Policy"]
    against = [reason["feature"] for reason in decision.reasons["principal"]]
    assert [line.split(" is ")[0] for line in paper.sections[0].lines] == against
    page = explanation_page.render(paper, "html").decode()
    assert "<b>Eve</b>" not in page
    assert "&lt;b&gt;Eve&lt;/b&gt;" in page


def test_decision_without_reasons_has_no_page(ws: Workspace) -> None:
    (made,) = scoring.decide(ws, "credit", [ROW], source="form", actor="ann", reasons=False)

    with pytest.raises(SettingsError, match="explained"):
        explanation_page.of_decision(ws, cases.get(ws, made.decision_id), actor="bob")


def test_page_of_a_model_has_every_feature(ws: Workspace) -> None:
    summary = explaining.global_explanation(ws, "trees")

    paper = explanation_page.of_model(ws, "trees", summary, actor="bob")

    assert [row[0] for row in paper.table[1:]] == [item.feature for item in summary.features]
    assert facts(paper)["Registered as"] == "credit@1"
    assert dict(paper.figures)["AUC on test rows"] == f"{runs.get(ws, 'trees').metrics['test.auc']:.3f}"
    assert summary.features[0].feature in paper.sections[0].lines[0]
    assert len(PdfReader(io.BytesIO(explanation_page.render(paper, "pdf"))).pages) == 1
