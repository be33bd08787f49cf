"""The workspace of a command: opened for it, closed after it, and who holds it if it cannot be opened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aimass_core.errors import ConflictError
from aimass_core.settings import settings
from app import context

if TYPE_CHECKING:
    from aimass_core.workspace.connection import Workspace

_NOTE = "server.json"


@contextmanager
def opened() -> Iterator[Workspace]:
    """Give the workspace of the settings and let go of it afterwards.

    Raises
    ------
    ConflictError
        When another process holds it; names the server's address if it is one.
    """
    try:
        try:
            ws = context.workspace()
        except ConflictError as error:
            raise held(error) from error
        yield ws
    finally:
        context.close()


def held(error: ConflictError) -> ConflictError:
    """Return the error of a workspace that is held, with the address of the server that holds it if known."""
    url = server_address(settings().home)
    if url is None:
        return error
    return ConflictError(
        error.expected,
        f"the server at {url} holds it",
        f"Use its pages, or its HTTP API ({url}/api/docs); or stop that server and try again",
    )


def server_address(home: Path) -> str | None:
    """Return the address of the server that runs on a workspace, or None."""
    import psutil

    try:
        found = json.loads((home.expanduser() / _NOTE).read_text("utf-8"))
        url, pid = str(found["url"]), int(found["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if psutil.pid_exists(pid) else None


@contextmanager
def announced(home: Path, url: str, pid: int) -> Iterator[None]:
    """Leave a note in the workspace that says where its server is, for as long as it runs."""
    note = home.expanduser() / _NOTE
    note.write_text(json.dumps({"url": url, "pid": pid}), "utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)
