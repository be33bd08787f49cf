"""Runs come back as they were stored, by id or by name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aimass_core.errors import NotFoundError
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace, open_workspace


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home", threads=1)
    yield workspace
    workspace.close()


def _add(ws: Workspace, name: str = "first", **changes: Any) -> str:
    fields: dict[str, Any] = {
        "job_id": "job-1",
        "version_id": "v1",
        "name": name,
        "family": "boosting",
        "spec": {"seed": 0},
        "metrics": {"test.auc": 0.75, "test.ks": math.nan},
        "report": {"measures": {"auc": {"value": 0.75, "low": math.nan}}},
        "bundle": "b1",
        "seconds": 1.5,
        "actor": "ann",
    } | changes
    with ws.writing() as cursor:
        return runs.add(cursor, **fields)


def test_run_comes_back_by_id_and_by_name(ws: Workspace) -> None:
    run_id = _add(ws)

    assert runs.get(ws, run_id) == runs.get(ws, "first")
    assert runs.get(ws, run_id).spec == {"seed": 0}
    assert runs.get(ws, run_id).created_by == "ann"


def test_undefined_measures_stay_undefined(ws: Workspace) -> None:
    run_id = _add(ws)

    assert math.isnan(runs.get(ws, run_id).metrics["test.ks"])
    assert math.isnan(runs.report(ws, run_id)["measures"]["auc"]["low"])


def test_name_finds_the_newest_and_id_wins_over_name(ws: Workspace) -> None:
    old = _add(ws, "same")
    new = _add(ws, "same")
    _add(ws, old)  # a run that bears the id of another as its name

    assert runs.get(ws, "same").run_id == new
    assert runs.get(ws, old).run_id == old


def test_runs_are_listed_newest_first_and_by_version(ws: Workspace) -> None:
    one, two = _add(ws, "one"), _add(ws, "two", version_id="v2")

    assert [run.run_id for run in runs.runs(ws)] == [two, one]
    assert [run.run_id for run in runs.runs(ws, "v1")] == [one]
    assert runs.names(ws) == {"one", "two"}


def test_run_is_found_by_its_job(ws: Workspace) -> None:
    run_id = _add(ws, job_id="job-9")

    found = runs.by_job(ws, "job-9")

    assert found is not None
    assert found.run_id == run_id
    assert runs.by_job(ws, "job-0") is None


def test_unknown_run_is_named_with_those_there_are(ws: Workspace) -> None:
    with pytest.raises(NotFoundError, match="there are no runs"):
        runs.get(ws, "nothing")
    _add(ws, "first")
    with pytest.raises(NotFoundError, match="`first`"):
        runs.get(ws, "nothing")
    with pytest.raises(NotFoundError):
        runs.report(ws, "nothing")


def test_failed_transaction_leaves_no_run(ws: Workspace) -> None:
    with pytest.raises(RuntimeError), ws.writing() as cursor:  # noqa: PT012
        runs.add(
            cursor,
            job_id="j",
            version_id="v",
            name="torn",
            family="dann",
            spec={},
            metrics={},
            report={},
            bundle="b",
            seconds=0.0,
            actor="ann",
        )
        raise RuntimeError

    assert runs.runs(ws) == []
