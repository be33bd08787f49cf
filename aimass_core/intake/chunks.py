"""The rows of a file that is read once and not kept, a few thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from aimass_core.errors import DataError
from aimass_core.intake import readers
from aimass_core.intake.engine import engine
from aimass_core.intake.readers import Limits, ReadOptions
from aimass_core.schema import ROW_ID
from aimass_core.workspace.connection import quoted


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of an open file."""

    names: tuple[str, ...]
    total: int
    _connection: duckdb.DuckDBPyConnection

    def chunks(self, size: int) -> Iterator[list[dict[str, Any]]]:
        """Give the rows in the order of the file, at most `size` at once.

        Integers, dates and decimals come exactly as they are in the file, missing values as None.
        """
        fields = ", ".join(quoted(name) for name in self.names)
        cursor = self._connection.execute(f"SELECT {fields} FROM incoming ORDER BY {ROW_ID}")
        while found := cursor.fetchmany(size):
            yield [dict(zip(self.names, row, strict=True)) for row in found]


@contextmanager
def opened(
    path: Path, *, scratch: Path, options: ReadOptions | None = None, limits: Limits | None = None
) -> Iterator[FileRows]:
    """Read a file of any supported kind, typed as an import would, for as long as it is open.

    Parameters
    ----------
    scratch : folder for what has to be unpacked or spilt; nothing is left in it.

    Raises
    ------
    DataError
        When it is not there, or not a table in a supported format.
    """
    if not path.is_file():
        raise DataError("the file must exist", f"`{path.name}` does not", "Choose another file")
    with TemporaryDirectory(dir=scratch, prefix="rows-") as folder, engine(Path(folder)) as connection:
        loaded = readers.table_of(connection, path, '"incoming"', options=options, limits=limits)
        yield FileRows(tuple(name for name, _ in loaded.columns), loaded.rows, connection)
