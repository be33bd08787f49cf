"""Data sets as files: order, columns, and cells that a spreadsheet would run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from aimass_core.workflows import importing
from aimass_core.workspace import exports
from aimass_core.workspace.connection import Workspace


def test_exported_csv_holds_no_formula(workspace: Workspace, tmp_path: Path) -> None:
    cells = ["=1+1", "+1x", "-2x", "@sum", "fine", "＝1"]
    source = tmp_path / "evil.csv"
    source.write_text('=cmd,"it\'s",n\n' + "".join(f"{cell},x,{-i}\n" for i, cell in enumerate(cells)))
    version = importing.import_file(workspace, source, name="evil", actor="ann")
    target = tmp_path / "out.csv"

    exports.export_csv(workspace, version, target)

    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "'=cmd,it's,n"
    assert [line.split(",")[0] for line in lines[1:]] == ["'=1+1", "'+1x", "'-2x", "'@sum", "fine", "'＝1"]
    assert [line.split(",")[2] for line in lines[1:]] == ["0", "-1", "-2", "-3", "-4", "-5"]
    assert not list(tmp_path.glob("*.part"))


def test_exported_parquet_holds_the_rows_in_order(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("k,label\n" + "".join(f"{499 - i},x\n" for i in range(500)))
    version = importing.import_file(workspace, source, name="rows", actor="ann")

    exports.export_parquet(workspace, version, tmp_path / "out.parquet", ["k"])

    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert list(frame) == ["_row", "k"]
    assert frame["k"].tolist() == list(range(499, -1, -1))
