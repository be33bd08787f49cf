"""The command that writes a scorecard to a file: its points for Excel, or SQL that scores a table."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Literal

from aimass_core.errors import DataError, NotFoundError
from app.cli_reply import Reply
from app.cli_workspace import opened


def export(
    run: str, *, kind: Literal["excel", "sql"], out: Path, table: str, keep: tuple[str, ...] | None
) -> Reply:
    """Write the points or the SQL of a scorecard, by run or model; the file appears whole or not at all."""
    from aimass_core.workflows import scorecard_export
    from aimass_core.workspace import registry, runs
    from app.exports import excel_bytes

    with opened() as ws:
        try:
            found = runs.get(ws, run)
        except NotFoundError:
            found = runs.get(ws, registry.get(ws, run).run_id)
        if kind == "sql":
            content = scorecard_export.sql(ws, found.run_id, table=table, keep=keep).encode("utf-8")
        else:
            content = excel_bytes(scorecard_export.points_tables(ws, found.run_id))
    _write(out, content)
    data = {
        "run": found.name,
        "run_id": found.run_id,
        "format": kind,
        "out": str(out),
        "bytes": len(content),
    }
    what = "SQL that scores a table of raw rows" if kind == "sql" else "Table of points"
    return Reply(data, f"{what} of {found.name} written to {out}.")


def _write(out: Path, content: bytes) -> None:
    part = out.with_name(f"{out.name}.part")
    try:
        part.write_bytes(content)
        part.replace(out)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise DataError(
            f"{out} must be a file that can be written",
            error.strerror or str(error),
            "Choose another folder or file name",
        ) from error
