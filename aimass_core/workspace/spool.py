"""Decisions on their way to the database, kept in a file until all of them are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from aimass_core.workspace import cases
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    import pyarrow.parquet as pq


class Spool:
    """Takes decisions a part at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def write(self, decisions: Sequence[cases.Decision]) -> None:
        """Add decisions."""
        import pyarrow.parquet as pq

        table = cases.decisions_table(decisions)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)

    def close(self) -> bool:
        """Finish the file and return whether there is anything in it."""
        if self._writer is None:
            return False
        self._writer.close()
        return True


@contextmanager
def spool(ws: Workspace) -> Iterator[Spool]:
    """Store, in one transaction at the end, all decisions written meanwhile; none of them on any error."""
    with TemporaryDirectory(dir=ws.home / "tmp", prefix="decisions-") as folder:
        path = Path(folder) / "decisions.parquet"
        made = Spool(path)
        try:
            yield made
        except BaseException:
            made.close()
            raise
        if made.close():
            cases.add_decisions_from(ws, path)
