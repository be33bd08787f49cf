"""Bringing a file into the workspace: one transaction, all or nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from aimass_core.errors import ConflictError, DataError
from aimass_core.intake import quality, readers, roles
from aimass_core.intake.profile import Profile
from aimass_core.intake.readers import Limits, Misfit, Plan, ReadOptions
from aimass_core.intake.unpack import Digest
from aimass_core.schema import Role
from aimass_core.workspace import audit, datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version

if TYPE_CHECKING:
    from aimass_core.settings import Settings

_PROFILE = 1
"""Raised when a profile gains or changes a measure, so that stored ones are made again."""


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file on the server that can be imported."""

    path: Path
    name: str
    bytes: int


def import_file(
    ws: Workspace,
    path: Path,
    *,
    name: str,
    options: ReadOptions | None = None,
    limits: Limits | None = None,
    actor: str,
    note: str = "",
    source_name: str | None = None,
) -> Version:
    """Store a file as the next version of the data set of that name.

    Parameters
    ----------
    note : what the analyst wants to remember. What the reader had to change is in ``read_options["notes"]``.
    source_name : the file's name as the person knows it, where ``path`` is a temporary one.

    Raises
    ------
    DataError
        When the file cannot be read; the workspace is as it was.
    SettingsError
        When the name cannot be used.
    ConflictError
        When the file changed while it was being read.
    """
    name = datasets.checked_name(name)
    path = path.expanduser()
    if not path.is_file():
        raise DataError("the file to import must exist", f"`{path.name}` does not", "Choose another file")
    before = path.stat()
    digest = Digest(path)

    def store(plan: Plan, *, final: bool = False) -> str:
        return _store(
            ws,
            plan,
            digest,
            before,
            name=name,
            source=path,
            source_name=source_name or path.name,
            options=options or ReadOptions(),
            actor=actor,
            note=note,
            final=final,
        )

    with TemporaryDirectory(dir=ws.home / "tmp", prefix="import-") as folder:
        scratch = Path(folder)
        plan = readers.plan(path, options=options, limits=limits, scratch=scratch)
        try:
            version_id = store(plan)
        except Misfit:
            version_id = store(readers.widened(plan, scratch=scratch), final=True)
    return datasets.get(ws, version_id)


def profile(ws: Workspace, version: Version) -> Profile:
    """Return the profile of a version under its present roles; computed once and kept."""
    present = datasets.get(ws, version.version_id)
    key = hashlib.sha256(f"{_PROFILE}:{present.schema.model_dump_json()}".encode()).hexdigest()[:16]
    stored = datasets.profile_json(ws, present.version_id, key)
    if stored is not None:
        return Profile.model_validate(stored)
    with ws.reading() as cursor:
        made = quality.profile(cursor, present.table, present.schema)
    datasets.set_profile(ws, present.version_id, key, made.model_dump(mode="json"))
    return made


def set_roles(ws: Workspace, version: Version, roles: Mapping[str, Role], *, actor: str) -> Version:
    """Change what columns are for and return the version with its new roles.

    Raises
    ------
    DataError
        When a name is not a column.
    SettingsError
        When two columns would be the target or the time.
    ConflictError
        When the roles are no longer those of `version`: somebody else changed them since it was read.
    """
    with ws.writing():
        present = datasets.get(ws, version.version_id)
        moved = [
            f"`{now.name}` from {seen.role} to {now.role}"
            for seen, now in zip(version.schema, present.schema, strict=True)
            if seen.role != now.role
        ]
        if moved:
            raise ConflictError(
                f"the roles of `{version.ref}` must be as you saw them when you changed them",
                f"somebody else has changed {', '.join(moved[:5])}{' and more' if len(moved) > 5 else ''}",
                "Nothing of yours was saved. Look at the roles as they are now, then make your changes again",
            )
        datasets.set_roles(ws, version.version_id, version.schema.with_roles(roles), actor=actor)
    return datasets.get(ws, version.version_id)


def inbox_files(ws: Workspace, settings: Settings) -> list[InboxFile]:
    """Return the files in the server's inbox folder, by name; hidden and unfinished ones left out."""
    folder = (settings.inbox or ws.home / "inbox").expanduser()
    if not folder.is_dir():
        return []
    files = [
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".") and path.suffix not in (".part", ".tmp")
    ]
    return [InboxFile(path, path.name, path.stat().st_size) for path in sorted(files)]


def _store(
    ws: Workspace,
    plan: Plan,
    digest: Digest,
    before: os.stat_result,
    *,
    name: str,
    source: Path,
    source_name: str,
    options: ReadOptions,
    actor: str,
    note: str,
    final: bool,
) -> str:
    with ws.writing() as cursor:
        table = datasets.new_table()
        loaded = readers.load(cursor, plan, table, final=final)
        schema = roles.guess(cursor, table, loaded.columns)
        sha256, size = digest.result()
        after = source.stat()
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise ConflictError(
                "the file must not change during its import", f"`{source.name}` did", "Import it again"
            )
        known = datasets.versions(ws, name)
        version_id = datasets.add_version(
            cursor,
            dataset=name,
            table=table,
            schema=schema,
            rows=loaded.rows,
            parent=known[0] if known else None,
            repairs=(),
            source_name=source_name,
            source_sha256=sha256,
            source_bytes=size,
            read_options={"asked": options.model_dump(), "used": loaded.options_used, "notes": loaded.notes},
            actor=actor,
            note=note,
        )
        audit.record(
            cursor,
            "dataset.import",
            version_id,
            {"dataset": name, "source": source_name, "sha256": sha256, "rows": loaded.rows},
            actor=actor,
        )
    return version_id
