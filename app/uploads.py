"""Files on their way in: where they lie until they are imported, and who may send them."""

from __future__ import annotations

import hmac
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from aimass_core.errors import NotFoundError, SettingsError
from app import context

if TYPE_CHECKING:
    from aimass_core.workspace.connection import Workspace

KEPT_SECONDS = 24 * 3600
"""How long a file that nobody imports is kept."""

TOKEN_SECONDS = 4 * 3600
"""How long a page may send files before it must be loaded again."""

_SECRET = secrets.token_bytes(32)  # of this process: a token is worthless after a restart
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PART = ".part"
_MOST_NAME_BYTES = 200  # file systems allow 255


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has arrived whole and waits to be imported."""

    upload: str
    name: str
    bytes: int
    arrived: float
    """Seconds since 1970."""


def issue_token(*, now: float | None = None) -> str:
    """Return a token that lets a page of this server send files, whether or not a key is set."""
    until = int((time.time() if now is None else now) + TOKEN_SECONDS)
    body = f"{until}.{secrets.token_hex(8)}"
    return f"{body}.{_signature(body)}"


def token_is_valid(token: str, *, now: float | None = None) -> bool:
    """Tell whether this process issued a token and its time is not up."""
    body, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(body).encode()):
        return False
    return int(body.partition(".")[0]) > (time.time() if now is None else now)


def safe_name(name: str) -> str:
    """Return the last part of a file name, without what a file system could not take.

    Raises
    ------
    SettingsError
        When nothing of it is left.
    """
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(letter for letter in last if letter.isprintable()).strip().lstrip(".")
    while len(clean.encode("utf-8", "ignore")) > _MOST_NAME_BYTES:
        stem, dot, ending = clean.rpartition(".")
        clean = f"{stem[:-1]}{dot}{ending}" if len(stem) > 1 and len(ending) <= 16 else clean[:-1]
    if not clean:
        raise SettingsError("the file must have a name", f"came '{name[:80]}'", "Send it as ?name=FILE")
    return clean


@contextmanager
def receiving(name: str) -> Iterator[tuple[str, BinaryIO]]:
    """Give an upload's id and a file to write; afterwards it is there whole, or on any error gone."""
    from aimass_core.workspace.connection import new_id

    folder = _folder(context.workspace())
    upload = new_id()
    part = folder / (upload + _PART)
    part.mkdir()
    try:
        with (part / name).open("wb") as file:
            yield upload, file
        part.rename(folder / upload)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def path_of(upload: str) -> Path:
    """Return the file of an upload; the path's last part is the file's own name.

    Raises
    ------
    NotFoundError
        When there is none of that id: imported, deleted, or older than a day.
    """
    # the id comes from outside and becomes part of a path, so nothing but an id may pass
    files = list((_folder(context.workspace()) / upload).glob("*")) if _ID.fullmatch(upload) else []
    if not files:
        raise NotFoundError(
            "the uploaded file must be there",
            "it was imported, deleted, or kept for a day and then swept",
            "Send it again",
        )
    return files[0]


def pending() -> list[Upload]:
    """Return the files that wait to be imported, newest first."""
    folder = _folder(context.workspace())
    found = [
        Upload(path.parent.name, path.name, path.stat().st_size, path.stat().st_mtime)
        for path in folder.glob("*/*")
        if _ID.fullmatch(path.parent.name)
    ]
    return sorted(found, key=lambda item: item.upload, reverse=True)


def discard(upload: str) -> None:
    """Delete an upload.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    shutil.rmtree(path_of(upload).parent)


def sweep(ws: Workspace, *, now: float | None = None) -> int:
    """Delete what is older than a day or never arrived whole, when the server starts; return how many."""
    limit = (time.time() if now is None else now) - KEPT_SECONDS
    stale = [
        path
        for path in _folder(ws).iterdir()
        if path.is_dir() and (path.name.endswith(_PART) or path.stat().st_mtime < limit)
    ]
    for path in stale:
        shutil.rmtree(path, ignore_errors=True)
    return len(stale)


def _folder(ws: Workspace) -> Path:
    ws.uploads.mkdir(exist_ok=True)
    return ws.uploads


def _signature(body: str) -> str:
    return hmac.digest(_SECRET, body.encode(), "sha256").hex()
