"""The command that trains a run again and proves that it comes out the same."""

from __future__ import annotations

from aimass_core.settings import settings
from app.cli_models import meter
from app.cli_reply import OK, YOURS, Reply, say, table
from app.cli_workspace import opened


def rerun(run: str, *, keep: bool) -> Reply:
    """Train a run again by its record and compare scores."""
    from aimass_core.workflows import rerun as reruns

    with opened() as ws:
        found = reruns.rerun(
            ws, run, actor=settings().user, keep=keep, threads=settings().threads, on_progress=meter()
        )
    for note in found.notes:
        say(note)
    code = OK if found.agrees else YOURS
    verdict = "the same" if found.agrees else "NOT the same"
    lines = [
        f"{found.run} trained again: {verdict}. Largest difference of {found.rows:,} scores: "
        f"{found.difference:.3g} in log-odds (allowed {reruns.TOLERANCE:g}).",
    ]
    if found.versions:
        lines += [
            "",
            "Libraries that differ:",
            table(
                [(item.name, item.then or "none", item.now or "none") for item in found.versions],
                heads=("library", "then", "now"),
            ),
        ]
    if found.device != found.device_now:
        lines += ["", f"It was trained on {found.device}, and again on {found.device_now}."]
    if found.kept:
        lines += ["", f"The second training was kept as {found.kept}."]
    return Reply(found.to_json(), "\n".join(lines), code)
