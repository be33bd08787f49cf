"""Rows by their numbers: in the order asked for, whatever the columns are called."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from aimass_core.errors import DataError
from aimass_core.workflows import importing
from aimass_core.workspace import picked
from aimass_core.workspace.connection import Workspace


def test_rows_come_in_the_order_asked_for(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    pd.DataFrame({'a "b"': range(10, 110), "t": [f"t{k % 7}" for k in range(100)]}).to_csv(path, index=False)
    version = importing.import_file(workspace, path, name="rows", actor="ana")

    found = picked.rows(workspace, version, [9, 2, 50], ['a "b"'])

    assert found.to_dict("list") == {"_row": [9, 2, 50], 'a "b"': [18, 11, 59]}
    assert picked.rows(workspace, version, [1_000, 3], ["t"])["_row"].tolist() == [3]
    assert not len(picked.rows(workspace, version, [], ["t"]))
    with pytest.raises(DataError, match="column `gone`"):
        picked.rows(workspace, version, [1], ["gone"])
