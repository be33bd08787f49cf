"""A private DuckDB in memory for reading files before anything touches the workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Literal

import duckdb

from aimass_core.errors import Fault

_MEMORY_MB = 2_000


def literal(text: str) -> str:
    """Return text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def engine(scratch: Path, *extensions: Literal["excel", "encodings"]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a database in memory that spills into ``scratch`` and asks the internet for nothing."""
    connection = duckdb.connect(
        config={
            "temp_directory": str(scratch / "spill"),
            "memory_limit": f"{_MEMORY_MB}MB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    try:
        for name in extensions:
            connection.execute(f"LOAD {literal(str(extension_path(name)))}")
        yield connection
    finally:
        connection.close()


def extension_path(name: str) -> Path:
    """Return the file of a DuckDB extension that was installed as a Python package.

    Raises
    ------
    Fault
        When the package lacks the file for this version of DuckDB.
    """
    package = Path(next(iter(import_module(f"duckdb_extension_{name}").__path__)))
    path = package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not path.exists():
        raise Fault(
            f"the {name} extension must be installed for DuckDB {duckdb.__version__}",
            f"{path.name} is not there",
            "Reinstall with `pip install -c constraints.txt -e .`",
        )
    return path


def check_extensions(scratch: Path, names: Sequence[Literal["excel", "encodings"]]) -> None:
    """Load extensions, to see whether they can be.

    Raises
    ------
    Fault
        When one is not installed or does not fit this DuckDB.
    """
    for name in names:
        try:
            with engine(scratch, name):
                pass
        except (ImportError, duckdb.Error) as error:
            raise Fault(
                f"the {name} extension must load",
                str(error).splitlines()[0],
                "Reinstall with `pip install -c constraints.txt -e .`",
            ) from error
