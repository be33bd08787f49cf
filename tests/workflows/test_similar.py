"""Similar past cases: twins are found, the case itself is not, and what became of them is told as it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aimass_core.errors import DataError, NotFoundError
from aimass_core.explain.similar import Scale, differences
from aimass_core.schema import Column
from aimass_core.workflows import case, evaluating, explain_rows, explanations, scoring, similar, similar_pool
from aimass_core.workflows.explanations import ExplanationSpec
from aimass_core.workspace import explanations as stored
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.joblog import JobLog
from tests.made import add_dataset, train_here
from tests.small_models import COLUMNS, applicants

ROWS = 300
TWINS = (5, 120, 121)
"""Rows that are the same in every feature; the outcomes of the last two differ."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str, pd.DataFrame]]:
    """A workspace with a registered model on data with twins: (workspace, run, rows)."""
    ws = open_workspace(tmp_path_factory.mktemp("similar"), memory_limit_mb=500, threads=1)
    frame = applicants(ROWS, seed=3)
    frame.insert(0, "key", [f"K/{n}~" for n in range(1, ROWS + 1)])  # what a JSON path would trip over
    features = [column.name for column in COLUMNS]
    for row in TWINS[1:]:
        frame.loc[row - 1, features] = frame.loc[TWINS[0] - 1, features]
    frame.loc[TWINS[1] - 1, "y"], frame.loc[TWINS[2] - 1, "y"] = 1, 0
    frame = frame.astype({"owner": bool, "late": int})
    target = Column(name="y", kind="integer", role="target")
    add_dataset(ws, frame, columns=(Column(name="key", kind="text", role="id"), *COLUMNS, target))
    run = train_here(ws, "boosting", target="y")
    evaluating.register(ws, run.run_id, name="lending", actor="ann")
    scoring.set_policy(ws, "lending", scoring.default_policy(ws, "lending"), actor="ann")
    yield ws, run.run_id, frame
    ws.close()


def test_twins_are_nearest_and_the_row_itself_is_left_out(home: tuple[Workspace, str, pd.DataFrame]) -> None:
    ws, run_id, frame = home
    found = similar.by_features(ws, case.of_row(ws, run_id, TWINS[0]), similar_pool.pool(ws, run_id, "all"))

    assert [item.row_id for item in found.neighbours[:2]] == [*TWINS[1:]]
    assert [item.distance for item in found.neighbours[:2]] == [0.0, 0.0]
    assert [item.y for item in found.neighbours[:2]] == [1.0, 0.0]
    assert found.neighbours[0].differs == ()
    assert TWINS[0] not in [item.row_id for item in found.neighbours]
    assert len(found.neighbours) == similar.K
    assert (found.searched, found.of) == (ROWS - 1, ROWS)
    others = frame["y"].drop(index=TWINS[0] - 1)
    assert (found.pool_known, found.pool_bad) == (ROWS - 1, int(others.sum()))
    assert found.pool_rate == pytest.approx(others.mean())
    really = [int(frame["y"].iloc[item.row_id - 1]) for item in found.neighbours if item.row_id]
    assert (found.known, found.bad) == (10, sum(really))
    low, high = found.interval
    assert low <= sum(really) / 10 <= high


def test_distances_and_scores_are_those_worked_out_row_by_row(
    home: tuple[Workspace, str, pd.DataFrame],
) -> None:
    ws, run_id, frame = home
    bundle = evaluating.bundle(ws, run_id)
    X = bundle.prepare(frame, repaired=True).X
    scale = Scale.of(bundle.applicants, categorical=bundle.steps.categorical, players=bundle.players)
    every = differences(X, X[40], scale).mean(axis=1)
    every[40] = math.inf

    found = similar.by_features(ws, case.of_row(ws, run_id, 41), similar_pool.pool(ws, run_id, "all"))

    assert [item.distance for item in found.neighbours] == pytest.approx(np.sort(every)[:10], abs=1e-6)
    scores = bundle.score(frame, repaired=True).probability
    for item in found.neighbours:
        assert item.row_id is not None
        assert item.probability == pytest.approx(scores[item.row_id - 1], abs=1e-12)
        assert item.distance == pytest.approx(every[item.row_id - 1], abs=1e-6)


def test_test_rows_are_searched_alone(home: tuple[Workspace, str, pd.DataFrame]) -> None:
    ws, run_id, _ = home
    scores = evaluating.scores(ws, run_id)
    tested = set(scores.loc[scores["part"] == "test", "_row"].astype(int))

    found = similar.by_features(ws, case.of_row(ws, run_id, TWINS[0]), similar_pool.pool(ws, run_id, "test"))

    assert {item.row_id for item in found.neighbours} <= tested
    assert {item.part for item in found.neighbours} == {"test"}
    assert found.searched == len(tested - {TWINS[0]})


def test_large_pools_are_sampled_and_say_so(
    home: tuple[Workspace, str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, run_id, _ = home
    monkeypatch.setattr(similar_pool, "MOST_ROWS", 50)
    monkeypatch.setattr(similar_pool, "_CHUNK", 7)

    pools = [similar_pool.pool(ws, run_id, "all") for _ in range(2)]

    assert len(pools[0].rows) == 50
    assert pools[0].of == ROWS
    np.testing.assert_array_equal(pools[0].rows, pools[1].rows)
    np.testing.assert_array_equal(pools[0].X, pools[1].X)


def test_decisions_are_told_with_the_rows_they_were_made_on(
    home: tuple[Workspace, str, pd.DataFrame],
) -> None:
    ws, run_id, frame = home
    assert similar_pool.decided(ws, run_id) == (0, "")
    with pytest.raises(NotFoundError, match="stored decisions"):
        similar_pool.pool(ws, run_id, "decisions")
    asked = [TWINS[0], TWINS[1], 200]
    rows = frame.iloc[[row - 1 for row in asked]].drop(columns="y")
    made = scoring.decide(ws, "lending", rows, source="batch", actor="ann")

    own = case.of_decision(ws, made[0])
    by_rows = similar.by_features(ws, own, similar_pool.pool(ws, run_id, "all"))
    by_decisions = similar.by_features(ws, own, similar_pool.pool(ws, run_id, "decisions"))

    # its own row in the data set, found by its key, is not similar to it: it is it
    assert [item.row_id for item in by_rows.neighbours[:2]] == [*TWINS[1:]]
    assert by_rows.neighbours[0].past is not None
    assert by_rows.neighbours[0].past.decision_id == made[1].decision_id
    assert by_rows.neighbours[0].past.outcome == made[1].outcome
    assert by_rows.neighbours[1].past is None
    assert [item.row_id for item in by_decisions.neighbours] == [TWINS[1], 200]
    assert [item.y for item in by_decisions.neighbours] == [1.0, float(frame["y"].iloc[199])]
    assert by_decisions.neighbours[0].distance == 0.0
    assert by_decisions.neighbours[0].probability == made[1].probability
    of_row = similar.by_features(
        ws, case.of_row(ws, run_id, TWINS[1]), similar_pool.pool(ws, run_id, "decisions")
    )
    assert [item.past.decision_id for item in of_row.neighbours if item.past] == [
        made[0].decision_id,
        made[2].decision_id,
    ]


def test_reasons_are_alike_where_contributions_are(
    home: tuple[Workspace, str, pd.DataFrame], tmp_path: Path
) -> None:
    ws, run_id, frame = home
    among = _explained(ws, run_id)
    own = case.of_row(ws, run_id, TWINS[0])

    found = similar.by_contributions(ws, own, among)

    assert [item.row_id for item in found.neighbours[:2]] == [*TWINS[1:]]
    assert found.neighbours[0].distance == pytest.approx(0.0, abs=1e-9)
    far = found.neighbours[-1]
    assert far.row_id is not None
    values = [
        stored.of_row(ws, among.explanation_id, row).set_index("feature")["contribution"]
        for row in (TWINS[0], far.row_id)
    ]
    assert far.distance == pytest.approx(float(np.linalg.norm(values[0] - values[1].loc[values[0].index])))
    assert far.differs[0].by == pytest.approx(float((values[0] - values[1]).abs().max()))
    assert (found.pool_known, found.pool_bad) == (ROWS, int(frame["y"].sum()))
    assert found.typical >= far.distance

    (decision,) = scoring.decide(
        ws, "lending", frame.iloc[[TWINS[0] - 1]].drop(columns=["y"]), source="form", actor="ann"
    )
    again = similar.by_contributions(ws, case.of_decision(ws, decision), among)
    assert [item.row_id for item in again.neighbours] == [item.row_id for item in found.neighbours]
    assert [item.distance for item in again.neighbours] == pytest.approx(
        [item.distance for item in found.neighbours], abs=1e-6
    )


def test_explanation_of_another_run_is_refused(home: tuple[Workspace, str, pd.DataFrame]) -> None:
    ws, run_id, _ = home
    other = train_here(ws, "scorecard", target="y")
    among = _explained(ws, other.run_id)

    with pytest.raises(DataError, match="of another run"):
        similar.by_contributions(ws, case.of_row(ws, run_id, 1), among)


def _explained(ws: Workspace, run_id: str) -> stored.Stored:
    asked = ExplanationSpec(run=run_id, part="all").model_dump(mode="json")
    job = JobLog(ws).add(kind=explanations.KIND, title="explain", spec=asked, actor="ann")
    folder = ws.jobs / job.job_id
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True)
    explanations.prepare(ws, asked, folder)
    explain_rows.compute(folder, [].append)
    return stored.get(ws, str(explanations.record(ws, job, folder)["explanation_id"]))
