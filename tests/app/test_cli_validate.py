"""`aimass validate` as a process: one JSON object, kept in the workspace, and errors that say what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aimass_core.workflows import evaluating, validating
from aimass_core.workspace.connection import open_workspace
from tests.made import add_dataset, train_now
from tests.small_models import applicants

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "home"
    ws = open_workspace(folder, threads=1)
    add_dataset(ws, applicants(400))
    run = train_now(ws, "scorecard", name="points", bootstrap=0)
    evaluating.register(ws, run.run_id, name="credit", actor="ann")
    ws.close()
    return folder


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "AIMASS_HOME": str(home),
        "AIMASS_DEVICE": "cpu",
        "AIMASS_USER": "ann",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "validate", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def answer(home: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = run(home, *arguments, "--json")
    assert done.returncode == code, done.stderr
    (line,) = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_folds_of_a_registered_model_are_kept(home: Path) -> None:
    found = answer(home, "credit@1", "--folds", "2")

    assert found["run"] == "points"
    assert len(found["result"]["folds"]) == 2
    assert found["result"]["summary"]["auc"]["folds"] == 2
    ws = open_workspace(home, threads=1)
    try:
        kept = validating.latest(ws, "points", "folds")
        assert kept is not None
        assert (kept.validation_id, kept.created_by) == (found["validation_id"], "ann")
    finally:
        ws.close()


def test_own_group_of_features_for_a_person(home: Path) -> None:
    done = run(home, "points", "--method", "feature-groups", "--seeds", "1", "--group", "money=income,owner")

    assert done.returncode == 0, done.stderr
    assert "Feature groups of points: 2 trainings." in done.stdout
    assert "money" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "type_"),
    [
        (("nothing",), "NotFoundError"),
        (("points", "--method", "time"), "SettingsError"),
        (("points", "--method", "feature-groups", "--group", "money"), "SettingsError"),
    ],
)
def test_what_cannot_be_done_is_said_as_json(home: Path, arguments: tuple[str, ...], type_: str) -> None:
    assert answer(home, *arguments, code=1)["error"]["type"] == type_
