"""`aimass stability` as a process: one JSON object, and what it found is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from aimass_core.workflows import evaluating, stability
from aimass_core.workspace.connection import open_workspace
from tests.made import add_dataset, train_here
from tests.small_models import applicants

ROOT = Path(__file__).resolve().parents[2]


def test_registered_model_is_measured_and_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ws = open_workspace(home, threads=1)
    add_dataset(ws, applicants(400))
    evaluating.register(
        ws, train_here(ws, "scorecard", name="points", bootstrap=0).run_id, name="credit", actor="ann"
    )
    ws.close()

    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "stability", "credit", "--refits", "5", "--json"],
        cwd=ROOT,
        env=os.environ | {"AIMASS_HOME": str(home), "AIMASS_DEVICE": "cpu", "AIMASS_USER": "ann"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["run"] == "points"
    assert found["result"]["refits"] == 5
    ws = open_workspace(home, threads=1)
    try:
        kept = stability.latest(ws, "points")
        assert kept is not None
        assert (kept.stability_id, kept.created_by) == (found["stability_id"], "ann")
        assert kept.model.verdict == found["verdict"]
    finally:
        ws.close()
