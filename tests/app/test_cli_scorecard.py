"""`aimass export-scorecard`, and Excel files in which nothing is computed."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from aimass_core.errors import NotFoundError, SettingsError
from aimass_core.settings import settings
from aimass_core.workflows import evaluating, importing
from aimass_core.workspace.connection import open_workspace
from app.exports import excel_bytes
from tests import trained


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed workspace with a scorecard and a boosting run."""
    home = tmp_path_factory.mktemp("cli")
    ws = open_workspace(home, memory_limit_mb=512, threads=1)
    path = home / "loans.csv"
    trained.loans(400).to_csv(path, index=False)
    version = importing.import_file(ws, path, name="loans", actor="ana")
    importing.set_roles(ws, version, {"customer": "id", "default": "target"}, actor="ana")
    for family, config in (("scorecard", {"bins": 4}), ("boosting", {"trees": 5})):
        run = trained.train(ws, dataset="loans", family=family, config=config, name=family)
        evaluating.register(ws, run, name=f"{family}-model", actor="ana")
    ws.close()
    return home


@pytest.fixture
def export(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command in this process and return what it answers as JSON."""
    monkeypatch.setenv("AIMASS_HOME", str(home))
    settings.cache_clear()

    def run(*arguments: str) -> dict[str, Any]:
        from app import cli

        monkeypatch.setattr(cli, "_STDOUT", buffer := io.StringIO())
        cli.app(["export-scorecard", *arguments, "--json"], standalone_mode=False)
        found: dict[str, Any] = json.loads(buffer.getvalue())
        return found

    yield run
    settings.cache_clear()


def test_sql_is_written_with_the_names_asked_for(export: Any, tmp_path: Path) -> None:
    out = tmp_path / "card.sql"

    answer = export(
        "scorecard", "--format", "sql", "--out", str(out), "--table", "bank.x", "--keep", "customer"
    )

    text = out.read_text("utf-8")
    assert answer["format"] == "sql"
    assert answer["bytes"] == len(text.encode())
    assert 'FROM "bank"."x"' in text
    assert 'k1 AS "customer"' in text
    assert sqlite3.complete_statement(text)


def test_excel_is_written(export: Any, tmp_path: Path) -> None:
    out = tmp_path / "card.xlsx"

    answer = export("scorecard-model@1", "--out", str(out))

    assert answer["run"] == "scorecard"
    book = openpyxl.load_workbook(out)
    header = [cell.value for cell in book["Points"][1]]
    assert header[:2] == ["Feature", "Bin"]
    assert book["Points"].max_row > 10
    assert not list(tmp_path.glob("*.part"))


def test_what_cannot_be_exported_is_said(export: Any, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="only a scorecard"):
        export("boosting", "--out", str(tmp_path / "x"))
    with pytest.raises(NotFoundError):
        export("nobody", "--out", str(tmp_path / "x"))
    with pytest.raises(ValueError, match="can be written"):
        export("scorecard", "--out", str(tmp_path / "no" / "folder" / "x.xlsx"))
    assert list(tmp_path.iterdir()) == []


def test_formulas_are_text_and_odd_characters_are_left_out() -> None:
    frame = pd.DataFrame(
        {
            "=cmd|' /C calc'!A0": ["=1+1", "+1", "@x", "plain", "a\x07b"],
            "number": [1.5, np.nan, np.inf, -2.0, 0.0],
            "long": ["y" * 40_000, None, "", "-5", "ok"],
        }
    )

    book = openpyxl.load_workbook(io.BytesIO(excel_bytes({"a/b: [c]": frame, "Empty": frame.head(0)})))

    sheet = book.worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert not any(cell.data_type == "f" for row in sheet for cell in row)
    assert [row[0] for row in rows] == ["'=cmd|' /C calc'!A0", "'=1+1", "'+1", "'@x", "plain", "ab"]
    assert [row[1] for row in rows[1:]] == [1.5, None, None, -2, 0]
    assert len(str(rows[1][2])) == 32_767
    assert rows[4][2] == "'-5"
    assert book.sheetnames == ["a b   c", "Empty"]
