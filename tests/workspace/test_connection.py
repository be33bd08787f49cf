"""The workspace's database: opening, transactions, refusals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aimass_core.errors import DataError
from aimass_core.workspace.connection import Workspace, open_workspace, quoted


def made_and_failed(ws: Workspace, *, nested: bool) -> None:
    """Make a table in a transaction, in an inner one if asked, and fail."""
    with ws.writing() as cursor:
        if nested:
            with ws.writing() as inner:
                inner.execute("CREATE TABLE data.kept (a INTEGER)")
        else:
            cursor.execute("CREATE TABLE data.kept (a INTEGER)")
        raise RuntimeError


@pytest.mark.parametrize("nested", [False, True])
def test_a_failed_transaction_keeps_nothing(workspace: Workspace, nested: bool) -> None:
    with pytest.raises(RuntimeError):
        made_and_failed(workspace, nested=nested)

    assert workspace.rows("SELECT * FROM information_schema.tables WHERE table_name = 'kept'") == []


def test_an_opened_workspace_is_found_again(tmp_path: Path) -> None:
    ws = open_workspace(tmp_path)
    with ws.writing() as cursor:
        cursor.execute("CREATE TABLE data.kept AS SELECT 7 AS a")
    ws.close()

    again = open_workspace(tmp_path)

    assert again.rows("SELECT a FROM data.kept") == [{"a": 7}]
    again.close()


def test_a_newer_workspace_is_refused(tmp_path: Path) -> None:
    ws = open_workspace(tmp_path)
    with ws.writing() as cursor:
        cursor.execute("INSERT INTO migrations VALUES (9999, now()::TIMESTAMP, 1)")
    ws.close()

    with pytest.raises(DataError, match="newer than this program"):
        open_workspace(tmp_path)


def test_a_workspace_held_by_another_process_is_refused(workspace: Workspace) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom aimass_core.errors import ConflictError\n"
        "from aimass_core.workspace.connection import open_workspace\n"
        "try:\n    open_workspace(Path(sys.argv[1]))\nexcept ConflictError as error:\n    print(error)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(workspace.home)], capture_output=True, text=True, check=False
    )

    assert "another process holds it" in done.stdout, done.stderr


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(DataError, match="AIMASS_HOME"):
        open_workspace(tmp_path / "file")


@pytest.mark.parametrize("name", ["plain", 'quo"te', "semi;colon", "收入", "🙂", "select"])
def test_quoted_names_can_be_columns(workspace: Workspace, name: str) -> None:
    assert workspace.rows(f"SELECT 1 AS {quoted(name)}") == [{name: 1}]
