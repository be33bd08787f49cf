"""Opening the workspace's database, and the only home of the duckdb driver in this room."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from aimass_core.errors import ConflictError, DataError, Fault
from aimass_core.workspace.migrations import MIGRATIONS

DATABASE = "aimass.duckdb"


def new_id() -> str:
    """Return a UUIDv7 as text: unique, and sorted by time of making."""
    import uuid_utils

    return str(uuid_utils.uuid7())


def quoted(name: str) -> str:
    """Return a column or table name quoted for SQL, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def now() -> datetime:
    """Return the time in UTC without an offset, as every table stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


class Workspace:
    """One open workspace folder: the database and the folders beside it.

    One process owns it at a time. Threads share it: each takes a cursor of its own, writers take turns.
    Open with :func:`open_workspace`.
    """

    def __init__(self, home: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.home = home
        self._connection = connection
        self._writing = threading.RLock()
        self._open = threading.local()  # .cursor: this thread's open transaction

    @property
    def bundles(self) -> Path:
        """Folder of trained models, one folder each."""
        return self.home / "bundles"

    @property
    def jobs(self) -> Path:
        """Folder of jobs, one folder each."""
        return self.home / "jobs"

    @property
    def uploads(self) -> Path:
        """Folder of files that were uploaded and not yet imported."""
        return self.home / "uploads"

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor for reading; it sees what was committed when each statement began.

        Inside :meth:`writing`, in the same thread, it is the transaction's own cursor and sees its changes.
        """
        joined = getattr(self._open, "cursor", None)
        if joined is not None:
            yield joined
            return
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor inside a transaction: all of it is kept, or on any error none of it.

        Nested use in one thread joins the outer transaction: its changes are kept or dropped with it.
        """
        joined = getattr(self._open, "cursor", None)
        if joined is not None:
            yield joined
            return
        with self._writing:
            cursor = self._connection.cursor()
            try:
                cursor.execute("BEGIN TRANSACTION")
                self._open.cursor = cursor
                yield cursor
                cursor.execute("COMMIT")
            except BaseException as error:
                _roll_back(cursor)
                if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
                    raise _translated(error, self.home) from error
                raise
            finally:
                self._open.cursor = None
                cursor.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run a reading statement and return its rows as dictionaries."""
        with self.reading() as cursor:
            cursor.execute(sql, list(parameters))
            names = [item[0] for item in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def frame(self, sql: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """Run a reading statement and return its rows as a frame."""
        with self.reading() as cursor:
            return cursor.execute(sql, list(parameters)).df()

    def close(self) -> None:
        """Write everything to the file and let go of it."""
        self._connection.close()


def open_workspace(
    home: Path, *, memory_limit_mb: int | None = None, threads: int | None = None
) -> Workspace:
    """Open a workspace folder, making or migrating its database as needed.

    Raises
    ------
    ConflictError
        When another process holds it.
    DataError
        When a newer program wrote it, or the folder cannot be written.
    """
    home = home.expanduser().resolve()
    try:
        for folder in (home, home / "bundles", home / "jobs", home / "uploads", home / "inbox", home / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"the workspace {home} must be a folder this user can write",
            error.strerror or str(error),
            "Set AIMASS_HOME to another folder",
        ) from error
    config: dict[str, Any] = {
        "temp_directory": str(home / "tmp"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
    }
    if memory_limit_mb:
        config["memory_limit"] = f"{memory_limit_mb}MB"
    else:
        import psutil

        config["memory_limit"] = f"{psutil.virtual_memory().total // 2_000_000}MB"
    if threads:
        config["threads"] = threads
    try:
        connection = duckdb.connect(str(home / DATABASE), config=config)
    except duckdb.IOException as error:
        raise _translated(error, home) from error
    try:
        _migrate(connection, home)
    except BaseException:
        connection.close()
        raise
    return Workspace(home, connection)


def _translated(error: duckdb.Error, home: Path) -> ConflictError | DataError | Fault:
    text = str(error)
    if "lock" in text.lower():
        return ConflictError(
            f"the workspace {home} must not be open in another program",
            "another process holds it, probably a running `aimass up`",
            "Stop that server, or use its HTTP API or pages instead",
        )
    if "No space left" in text or "write" in text.lower() or isinstance(error, duckdb.OutOfMemoryException):
        return DataError(
            f"the workspace {home} must have room on its disk and in memory",
            text.splitlines()[0],
            "Free some space; nothing of this step was kept",
        )
    return Fault(f"the database of {home} must be readable", text.splitlines()[0], "Restore it from a backup")


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error:
        return  # the transaction was already aborted by the error being raised


def _migrate(connection: duckdb.DuckDBPyConnection, home: Path) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER, applied_at TIMESTAMP, process INTEGER)"
    )
    row = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
    done = int(row[0]) if row else 0
    if done > len(MIGRATIONS):
        raise DataError(
            f"the workspace {home} must not be newer than this program",
            f"it is at step {done}, the program knows {len(MIGRATIONS)}",
            "Update AI Mass, or restore a backup made by this version",
        )
    for number, statements in enumerate(MIGRATIONS[done:], start=done + 1):
        connection.execute("BEGIN TRANSACTION")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", [number, now(), os.getpid()])
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
