"""The three parts of the jobs that the tests of the runner run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aimass_core.jobs.job import Handler, Job
from aimass_core.workspace.connection import Workspace


def prepare(ws: Workspace, spec: dict[str, Any], folder: Path) -> None:
    """Write the number of the spec as the input."""
    (folder / "input" / "number.json").write_text(json.dumps(spec["number"]))


def record(ws: Workspace, job: Job, folder: Path) -> dict[str, Any]:
    """Keep the number that came out."""
    number = json.loads((folder / "output" / "number.json").read_text())
    with ws.writing() as cursor:
        cursor.execute("INSERT INTO numbers VALUES (?, ?)", [job.job_id, number])
    return {"number": number}


def handler(compute: str, **parts: Any) -> Handler[Workspace]:
    """Return a handler whose worker runs one of the functions in computes.py."""
    return Handler(
        **{"prepare": prepare, "compute": f"tests.jobs.computes:{compute}", "record": record, **parts}
    )


HANDLERS = {
    name: handler(name)
    for name in (
        "double",
        "hold",
        "stubborn",
        "parent",
        "refuse",
        "crash",
        "vanish",
        "fill_disk",
        "exhaust_memory",
    )
}
