"""`aimass join`: the next version with columns of events, and what it answers when something does not fit."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aimass_core.errors import NotFoundError, SettingsError
from aimass_core.settings import settings
from aimass_core.workflows import importing
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import open_workspace

OPTIONS = ("--key", "who", "--time", "at", "--events-time", "paid_on", "--value", "amount")
Join = Callable[..., dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A closed workspace with three rows and four events."""
    home = tmp_path / "home"
    ws = open_workspace(home, memory_limit_mb=512, threads=1)
    rows, happened = tmp_path / "rows.csv", tmp_path / "paid.csv"
    rows.write_text("who,at\n11,2024-03-01\n12,2024-03-01\n13,2024-03-01\n")
    happened.write_text(
        "who,paid_on,amount\n11,2024-02-29,5\n11,2024-02-01,7\n12,2024-03-01,9\n99,2024-02-01,1\n"
    )
    importing.import_file(ws, rows, name="rows", actor="ana")
    importing.import_file(ws, happened, name="paid", actor="ana")
    ws.close()
    return home


@pytest.fixture
def join(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command in this process and return what it answers as JSON."""
    monkeypatch.setenv("AIMASS_HOME", str(home))
    settings.cache_clear()

    def run(*arguments: str) -> dict[str, Any]:
        from app import cli

        monkeypatch.setattr(cli, "_STDOUT", buffer := io.StringIO())
        cli.app(["join", *arguments, "--json"], standalone_mode=False)
        found: dict[str, Any] = json.loads(buffer.getvalue())
        return found

    yield run
    settings.cache_clear()


def test_events_become_columns_of_the_next_version(join: Join, home: Path) -> None:
    found = join("rows", "paid", *OPTIONS, "--windows", "2", "--window-days", "20", "--note", "first try")

    assert (found["ref"], found["parent"], found["events"]) == ("rows@2", "rows@1", "paid@1")
    assert found["columns"] == ["amount_1", "amount_2", "amount_count_1", "amount_count_2"]
    assert (found["counts"]["rows_matched"], found["counts"]["rows_with_events"]) == (2, 1)
    ws = open_workspace(home, memory_limit_mb=512, threads=1)
    version = datasets.get(ws, "rows")
    frame = datasets.frame(ws, version, found["columns"])
    ws.close()
    assert version.note == "first try"
    assert frame.drop(columns="_row").to_numpy().tolist() == [[5, 7, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_measures_can_be_chosen(join: Join) -> None:
    found = join("rows", "paid", *OPTIONS, "--windows", "1", "--measure", "mean", "--measure", "max")

    assert found["columns"] == ["amount_mean_1", "amount_max_1"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--windows", "-1"), "--windows: .*greater"),
        (("--window-days", "0"), "--window-days: .*greater"),
        (("--measure", "median"), "--measure: "),
        (("--as-of", "soon"), "--as-of: "),
    ],
)
def test_settings_out_of_range_are_named(join: Join, more: tuple[str, ...], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        join("rows", "paid", *OPTIONS, *more)


def test_an_unknown_event_table_is_not_found(join: Join) -> None:
    with pytest.raises(NotFoundError, match="`elsewhere`"):
        join("rows", "elsewhere", *OPTIONS)
