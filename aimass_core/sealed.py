"""A folder written all at once and sealed: a manifest names every file with its SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from aimass_core.errors import ConflictError, DataError, NotFoundError

MANIFEST = "manifest.json"


def write_folder(path: Path, write: Callable[[Path], None], content: Mapping[str, Any]) -> None:
    """Make a folder that appears whole or not at all.

    Parameters
    ----------
    path : the folder to make; it must not exist.
    write : writes the files into the folder it is given.
    content : what the manifest says besides the list of files.

    Raises
    ------
    ConflictError
        When the folder exists.
    DataError
        When the files cannot be written.
    """
    if path.exists():
        raise ConflictError(f"the folder {path.name} must not exist yet", "it does", "Choose another name")
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        draft.mkdir(parents=True)
        write(draft)
        manifest = {**content, "files": _digests(draft)}
        manifest["seal"] = _seal(manifest)
        (draft / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
        for file in draft.rglob("*"):
            if file.is_file():
                _sync(file)
        draft.rename(path)
    except OSError as error:
        raise DataError(
            f"the folder {path.name} must be writable",
            error.strerror or str(error),
            "Free some space; nothing was left behind",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_folder(path: Path, *, newest: int) -> dict[str, Any]:
    """Check a folder against its seal and return what its manifest says, without the list of files.

    Parameters
    ----------
    newest : highest format number this program reads.

    Raises
    ------
    NotFoundError
        When there is no manifest.
    DataError
        When a file is missing, torn or edited, or the format is newer.
    """
    todo = "Restore the folder from a backup, or train the model again"
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"a model must be in {path.name}", "it has no manifest.json", todo) from error
    except (ValueError, OSError) as error:
        raise DataError(f"manifest.json of {path.name} must be whole", str(error), todo) from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise DataError(f"manifest.json of {path.name} must list its files", "it does not", todo)
    found = manifest.get("format")
    if isinstance(found, int) and found > newest:
        raise DataError(
            f"the model in {path.name} must not be newer than this program",
            f"its format is {found}, the program knows {newest}",
            "Update AI Mass",
        )
    seal = manifest.pop("seal", None)
    if seal != _seal(manifest):
        raise DataError(
            f"manifest.json of {path.name} must be as it was written", "it was edited or torn", todo
        )
    files: dict[str, str] = manifest.pop("files")
    for name, digest in files.items():
        file = path / name
        if not file.is_file():
            raise DataError(f"{name} of {path.name} must be there", "it is missing", todo)
        if _digest(file) != digest:
            raise DataError(f"{name} of {path.name} must be as it was written", "it was edited or torn", todo)
    return manifest


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): _digest(file) for file in files}


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _seal(manifest: Mapping[str, Any]) -> str:
    """Digest of the manifest itself, so that an edit of its words is seen as well."""
    text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _sync(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
