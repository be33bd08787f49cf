"""Runs side by side, their reports, and the models they become."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aimass_core.bundle import Bundle
from aimass_core.errors import DataError, NotFoundError
from aimass_core.evaluate.discrimination import auc
from aimass_core.workflows import evaluating
from aimass_core.workspace import registry, runs
from aimass_core.workspace.connection import Workspace, open_workspace
from tests.made import add_dataset, train_now
from tests.small_models import applicants


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path_factory.mktemp("made") / "home", threads=1)
    add_dataset(workspace, applicants(400))
    train_now(workspace, "scorecard", name="points")
    train_now(workspace, "boosting", name="trees")
    add_dataset(workspace, applicants(300, seed=1))
    train_now(workspace, "scorecard", name="newer")
    yield workspace
    workspace.close()


def test_leaderboard_is_ordered_by_test_auc(ws: Workspace) -> None:
    rows = evaluating.leaderboard(ws)

    values = [row.measures["auc"].value for row in rows]
    assert {row.run for row in rows} == {"points", "trees", "newer"}
    assert values == sorted(values, reverse=True)
    row = next(row for row in rows if row.run == "points")
    assert (row.family, row.dataset, row.test_rows) == ("scorecard", "loans@1", 120)
    assert set(row.measures) == {"auc", "gini", "ks", "average_precision", "brier", "log_loss"}
    assert row.measures["ks"].low <= row.measures["ks"].value <= row.measures["ks"].high
    assert row.seconds > 0


def test_leaderboard_of_a_data_set_or_one_version(ws: Workspace) -> None:
    assert {row.run for row in evaluating.leaderboard(ws, "loans")} == {"points", "trees", "newer"}
    assert {row.run for row in evaluating.leaderboard(ws, "loans@1")} == {"points", "trees"}
    version_id = runs.get(ws, "newer").version_id
    assert {row.run for row in evaluating.leaderboard(ws, version_id)} == {"newer"}
    with pytest.raises(NotFoundError):
        evaluating.leaderboard(ws, "nothing")


def test_report_is_the_evaluation_of_the_test_rows(ws: Workspace) -> None:
    report = evaluating.report(ws, "points")
    scores = evaluating.scores(ws, "points")
    test = scores[scores["part"] == "test"]

    assert report.rows == len(test) == 120
    assert report.measures["auc"].value == pytest.approx(
        auc(test["y"].to_numpy(), test["probability"].to_numpy())
    )
    assert report.flat("test")["test.auc"] == runs.get(ws, "points").metrics["test.auc"]


def test_registered_run_shows_on_the_leaderboard(ws: Workspace) -> None:
    model = evaluating.register(ws, "trees", name="credit", note="first", actor="bob")

    assert (model.version, model.registered_by, model.note) == (1, "bob", "first")
    assert registry.get(ws, "credit").run_id == runs.get(ws, "trees").run_id
    [row] = [row for row in evaluating.leaderboard(ws) if row.run == "trees"]
    assert row.registered == ("credit@1",)


def test_bundle_is_read_once_however_many_threads_ask(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluating, "_CACHE", evaluating._Cache(2))
    read: list[Path] = []
    whole = Bundle.load

    def load(path: Path) -> Bundle:
        read.append(path)
        return whole(path)

    monkeypatch.setattr(Bundle, "load", load)
    found: list[Bundle] = []
    threads = [
        threading.Thread(target=lambda: found.append(evaluating.bundle(ws, "points"))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(read) == 1
    assert len({id(bundle) for bundle in found}) == 1
    for name in ("trees", "newer", "points"):
        evaluating.bundle(ws, name)
    assert len(read) == 4  # two are kept: the first had made room


def test_bundle_edited_after_it_was_read_is_refused(ws: Workspace) -> None:
    run = train_now(ws, "scorecard", name="to be edited")
    evaluating.bundle(ws, run.run_id)
    file = ws.bundles / run.bundle / "explanation.json"
    file.write_text(file.read_text("utf-8") + " ", "utf-8")

    with pytest.raises(DataError, match=r"explanation\.json"):
        evaluating.bundle(ws, run.run_id)
    with pytest.raises(DataError, match=r"explanation\.json"):
        evaluating.register(ws, run.run_id, name="edited", actor="bob")


def test_scores_of_one_row(ws: Workspace) -> None:
    scores = evaluating.scores(ws, "points")
    row_id = int(scores["_row"].iloc[3])

    [found] = evaluating.scores(ws, "points", row_id=row_id).itertuples()

    assert found.probability == scores["probability"].iloc[3]
    assert np.isfinite(found.log_odds)


def test_unknown_run(ws: Workspace) -> None:
    for ask in (evaluating.report, evaluating.bundle, evaluating.scores):
        with pytest.raises(NotFoundError, match="run `nothing`"):
            ask(ws, "nothing")
