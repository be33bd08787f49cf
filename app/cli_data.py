"""The commands that bring data in and clean it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aimass_core.errors import DataError, SettingsError
from aimass_core.settings import settings
from app.cli_reply import Reply, say, table
from app.cli_workspace import opened


def import_file(file: Path, *, name: str, options: dict[str, Any], note: str) -> Reply:
    """Read a file into the workspace as the next version of a data set."""
    from pydantic import ValidationError

    from aimass_core.intake.readers import Limits, ReadOptions
    from aimass_core.workflows import importing

    try:
        chosen = ReadOptions(**options)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError("the reading options must fit", f"{place}: {first['msg']}", "") from error
    with opened() as ws:
        say(f"Reading {file.name} …")
        version = importing.import_file(
            ws,
            file,
            name=name,
            options=chosen,
            limits=Limits.of(settings()),
            actor=settings().user,
            note=note,
        )
    notes = [str(text) for text in version.read_options.get("notes", ())]
    data = {
        "dataset": version.dataset,
        "version": version.version,
        "ref": version.ref,
        "version_id": version.version_id,
        "rows": version.rows,
        "columns": len(version.schema),
        "sha256": version.source_sha256,
        "roles": {column.name: column.role for column in version.schema},
        "notes": notes,
    }
    roles = table(
        [(column.name, column.kind, column.role) for column in version.schema],
        heads=("column", "kind", "role"),
    )
    head = (
        f"{version.ref}: {version.rows:,} rows, {len(version.schema):,} columns from {version.source_name}."
    )
    return Reply(data, "\n".join([head, *notes, "", roles]))


def clean(dataset: str, *, recipe: Path | None, note: str, preview: bool, out: Path | None) -> Reply:
    """Apply a recipe, by default the suggested one, as the next version of a data set."""
    from aimass_core.workflows import cleaning
    from aimass_core.workspace import datasets

    with opened() as ws:
        before = datasets.get(ws, dataset)
        if recipe is None:
            say(f"Looking for faults in {before.ref} …")
            chosen = cleaning.suggest(ws, before)
        else:
            chosen = cleaning.read_recipe(_read(recipe))
        tried = cleaning.preview(ws, before, chosen, limit=0, device=settings().device)
        after = before
        if not preview:
            after = cleaning.apply(ws, before, chosen, actor=settings().user, note=note)
            if out is not None:
                cleaning.export(ws, after, out, "parquet" if out.suffix == ".parquet" else "csv")
    counts = [count.model_dump() for count in tried.counts]
    data = {
        "dataset": after.dataset,
        "version": after.version,
        "ref": after.ref,
        "version_id": after.version_id,
        "parent": before.ref,
        "applied": not preview,
        "rows_before": tried.rows_before,
        "rows": tried.rows_after,
        "counts": counts,
        "sampled": tried.sampled,
        "recipe": chosen.model_dump(mode="json"),
        "out": None if out is None or preview else str(out),
    }
    head = (
        f"{before.ref} would have {tried.rows_after:,} of {tried.rows_before:,} rows."
        if preview
        else f"{after.ref}: {after.rows:,} of {before.rows:,} rows."
    )
    lines = table(
        [(c.rule, c.column or "(rows)", f"{c.cells:,}", f"{c.rows:,}") for c in tried.counts],
        heads=("rule", "column", "cells", "rows"),
    )
    steps = "Steps that learn are kept as a recipe and fitted on the training rows of each run."
    return Reply(data, "\n".join([head, "", lines, *([steps] if chosen.steps else [])]))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError("the recipe must be a file", f"{path.name}: {error.strerror}", "") from error
    except ValueError as error:
        raise DataError(f"the recipe {path.name} must be JSON", str(error), "") from error
