"""Models are numbered versions of runs under a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aimass_core.errors import ConflictError, NotFoundError, SettingsError
from aimass_core.workspace import audit, registry, runs
from aimass_core.workspace.connection import Workspace, open_workspace


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home", threads=1)
    yield workspace
    workspace.close()


def _run(ws: Workspace, name: str = "run") -> str:
    with ws.writing() as cursor:
        return runs.add(
            cursor,
            job_id="j",
            version_id="v",
            name=name,
            family="scorecard",
            spec={},
            metrics={},
            report={},
            bundle="b",
            seconds=0.0,
            actor="ann",
        )


def test_versions_count_up_and_name_means_the_newest(ws: Workspace) -> None:
    first = registry.register(ws, _run(ws), name="credit", actor="ann")
    second = registry.register(ws, _run(ws), name="credit", note="better", actor="bob")

    assert (first.version, second.version) == (1, 2)
    assert registry.get(ws, "credit") == second
    assert registry.get(ws, "credit@1") == first
    assert registry.get(ws, first.model_id) == first
    assert registry.history(ws, "credit") == [second, first]


def test_list_has_each_model_once(ws: Workspace) -> None:
    registry.register(ws, _run(ws), name="credit", actor="ann")
    newest = registry.register(ws, _run(ws), name="credit", actor="ann")
    other = registry.register(ws, _run(ws), name="fraud", actor="ann")

    assert registry.models(ws) == [other, newest]


def test_registering_is_audited(ws: Workspace) -> None:
    model = registry.register(ws, _run(ws), name="credit", actor="ann")

    [event] = audit.events(ws, subject=model.model_id)
    assert (event.action, event.actor, event.detail["version"]) == ("model.register", "ann", 1)


def test_models_are_found_by_run(ws: Workspace) -> None:
    run_id = _run(ws)
    one = registry.register(ws, run_id, name="a", actor="ann")
    two = registry.register(ws, run_id, name="b", actor="ann")

    assert registry.of_runs(ws) == {run_id: [one, two]}


@pytest.mark.parametrize("name", ["", "  ", "a/b", "x@2", "-x", "a" * 81, "new\nline", "<b>"])
def test_name_that_cannot_be_an_address_is_refused(ws: Workspace, name: str) -> None:
    with pytest.raises(SettingsError, match="model's name"):
        registry.register(ws, _run(ws), name=name, actor="ann")


@pytest.mark.parametrize("name", ["credit", "信用评分", "Credit default 2.1", "é"])
def test_names_of_any_script_are_taken(ws: Workspace, name: str) -> None:
    assert registry.register(ws, _run(ws), name=name, actor="ann").name == name


def test_same_run_twice_under_a_name_is_refused(ws: Workspace) -> None:
    run_id = _run(ws)
    registry.register(ws, run_id, name="credit", actor="ann")

    with pytest.raises(ConflictError, match="already is version 1"):
        registry.register(ws, run_id, name="credit", actor="ann")


def test_unknown_run_and_unknown_model(ws: Workspace) -> None:
    with pytest.raises(NotFoundError, match="run `nothing`"):
        registry.register(ws, "nothing", name="credit", actor="ann")
    with pytest.raises(NotFoundError, match="no model is registered"):
        registry.get(ws, "credit@7")
