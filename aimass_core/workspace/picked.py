"""Rows of a data set version picked by their numbers, many at once."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from aimass_core.schema import ROW_ID
from aimass_core.workspace.connection import Workspace, quoted
from aimass_core.workspace.datasets import Version


def rows(ws: Workspace, version: Version, numbers: Sequence[int], columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows of these numbers, in this order, as far as there are such; ``_row`` comes first."""
    names = ", ".join(
        [f"t.{ROW_ID}", *(f"t.{quoted(version.schema.column(n).name)}" for n in columns if n != ROW_ID)]
    )
    wanted = pd.DataFrame({"n": numbers, "place": range(len(numbers))}, dtype="int64")
    with ws.reading() as cursor:
        cursor.register("wanted_rows", wanted)
        try:
            return cursor.execute(
                f"SELECT {names} FROM wanted_rows AS w JOIN {version.table} AS t ON t.{ROW_ID} = w.n "
                "ORDER BY w.place"
            ).df()
        finally:
            cursor.unregister("wanted_rows")
