"""Explaining many rows in the background: stored, queryable, the same numbers as row by row."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from aimass_core.errors import NotFoundError, SettingsError
from aimass_core.explain.shapley import explain
from aimass_core.jobs.progress import Progress
from aimass_core.workflows import evaluating, explain_rows, explanations
from aimass_core.workflows.explanations import ExplanationSpec
from aimass_core.workspace import datasets
from aimass_core.workspace import explanations as stored
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.joblog import JobLog
from tests.trained import Trained


def done(ws: Workspace, spec: ExplanationSpec, told: list[Progress] | None = None) -> str:
    """Run the three parts of the job in this process and return the explanation's id."""
    asked = spec.model_dump(mode="json")
    job = JobLog(ws).add(kind=explanations.KIND, title=explanations.title(ws, spec), spec=asked, actor="ana")
    folder = ws.jobs / job.job_id
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True)
    explanations.prepare(ws, asked, folder)
    explain_rows.compute(folder, (told if told is not None else []).append)
    first = explanations.record(ws, job, folder)
    assert explanations.record(ws, job, folder) == first  # as after a crash
    return str(first["explanation_id"])


@pytest.mark.parametrize("model", ["scorecard", "boosting", "dann"])
def test_test_rows_are_kept_as_they_are_explained_one_by_one(trained: Trained, model: str) -> None:
    ws, told = trained.ws, []
    run = _run(ws, model)
    bundle = evaluating.bundle(ws, run)

    explanation_id = done(ws, ExplanationSpec(run=run), told)

    scored = evaluating.scores(ws, run)
    wanted = scored[scored["part"] == "test"]
    kept = stored.get(ws, explanation_id)
    assert kept.row_count == len(wanted)
    assert kept.facts["additivity"] <= 1e-6
    table = stored.rows(ws, explanation_id, limit=10_000)
    assert (
        table["_row"].tolist()
        == wanted.sort_values(["log_odds", "_row"], ascending=[False, True])["_row"].tolist()
    )
    row_id = int(table["_row"].iloc[0])
    frame = datasets.page(ws, datasets.get(ws, bundle.manifest.dataset_version_id), where_row=row_id, limit=1)
    alone = explain(bundle, bundle.prepare(frame, repaired=True).X, effort="batch")
    found = stored.of_row(ws, explanation_id, row_id).set_index("feature")["contribution"]
    np.testing.assert_allclose(found[list(alone.names)], alone.values[0], atol=1e-9)
    assert kept.base + found.sum() == pytest.approx(float(alone.log_odds[0]), abs=1e-6)
    assert table["by"].iloc[0] == pytest.approx(alone.values[0].max(), abs=1e-9)
    assert told[-1].step == told[-1].steps == len(wanted)
    assert explanations.of_run(ws, run)[0] == kept


def test_chunks_do_not_change_the_numbers(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _run(trained.ws, "dann")
    whole = done(trained.ws, ExplanationSpec(run=run, part="validation"))
    monkeypatch.setattr(explain_rows, "CHUNK", 7)

    parts = done(trained.ws, ExplanationSpec(run=run, part="validation"))

    one, two = (stored.by_feature(trained.ws, found).set_index("feature") for found in (whole, parts))
    pd.testing.assert_frame_equal(one, two.loc[one.index], atol=1e-9)


def test_all_rows_up_to_a_limit_and_files_of_them(trained: Trained, tmp_path: Path) -> None:
    ws, run = trained.ws, _run(trained.ws, "boosting")

    explanation_id = done(ws, ExplanationSpec(run=run, part="all", rows=50, reference="applicants"))

    features = stored.by_feature(ws, explanation_id)
    assert features["top"].sum() <= 50
    assert features["mean_abs"].is_monotonic_decreasing
    stored.export(ws, explanation_id, tmp_path / "why.csv")
    stored.export(ws, explanation_id, tmp_path / "why.parquet")
    one, two = pd.read_csv(tmp_path / "why.csv"), pd.read_parquet(tmp_path / "why.parquet")
    assert len(one) == len(two) == 50 * len(features)
    assert one["_row"].max() == 50
    sums = two.groupby("_row")["contribution"].sum() + two.groupby("_row")["base"].first()
    np.testing.assert_allclose(sums, two.groupby("_row")["log_odds"].first(), atol=1e-6)
    json.dumps(stored.get(ws, explanation_id).facts)


def test_cutoff_must_be_given_and_runs_exist(trained: Trained, tmp_path: Path) -> None:
    run = _run(trained.ws, "boosting")

    with pytest.raises(SettingsError, match="needs a cut-off"):
        explanations.prepare(trained.ws, {"run": run, "reference": "cutoff"}, tmp_path)
    with pytest.raises(NotFoundError):
        explanations.prepare(trained.ws, {"run": "no such run"}, tmp_path)
    with pytest.raises(NotFoundError):
        stored.get(trained.ws, "no such id")
    with pytest.raises(ValidationError):
        ExplanationSpec(run=run, rows=explanations.MOST_ROWS + 1)


def test_time_is_foretold_from_the_rows(trained: Trained) -> None:
    run = _run(trained.ws, "dann")

    few = explanations.seconds(trained.ws, ExplanationSpec(run=run, part="all", rows=10))
    many = explanations.seconds(trained.ws, ExplanationSpec(run=run, part="all", rows=800))

    assert many - 3 == pytest.approx(80 * (few - 3))


def _run(ws: Workspace, model: str) -> str:
    from aimass_core.workspace import registry

    return registry.get(ws, model).run_id
