"""Validations and payoffs are added, never changed, and come back newest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimass_core.workspace import validations
from aimass_core.workspace.connection import Workspace, open_workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "home", threads=1)


def add(
    ws: Workspace, *, run: str = "r", method: str = "folds", job: str = "j", value: float | None = 0.7
) -> str:
    with ws.writing() as cursor:
        return validations.add(
            cursor,
            job_id=job,
            run_id=run,
            method=method,
            spec={"folds": 2},
            result={"auc": value, "label": "年 'x' \"y\""},
            seconds=1.5,
            actor="ann",
        )


def test_what_was_added_comes_back_as_it_was(ws: Workspace) -> None:
    validation_id = add(ws, value=None)

    [found] = validations.of_run(ws, "r")
    assert found.validation_id == validation_id
    assert (found.spec, found.seconds, found.created_by) == ({"folds": 2}, 1.5, "ann")
    assert found.result == {"auc": None, "label": "年 'x' \"y\""}


def test_newest_first_of_one_run_and_one_method(ws: Workspace) -> None:
    ids = [add(ws, job=str(number)) for number in range(3)]
    other = add(ws, method="time", job="t")
    add(ws, run="another", job="a")

    assert [item.validation_id for item in validations.of_run(ws, "r")] == [other, *reversed(ids)]
    assert [item.validation_id for item in validations.of_run(ws, "r", "folds")] == ids[::-1]
    assert validations.of_run(ws, "nothing") == []


def test_found_by_its_job(ws: Workspace) -> None:
    validation_id = add(ws, job="one")

    found = validations.by_job(ws, "one")
    assert found is not None
    assert found.validation_id == validation_id
    assert validations.by_job(ws, "two") is None


def test_undefined_numbers_must_be_none(ws: Workspace) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        add(ws, value=float("nan"))
    assert validations.of_run(ws, "r") == []


def test_last_payoff_counts(ws: Workspace) -> None:
    assert validations.payoff(ws, "r") is None
    validations.set_payoff(ws, "r", {"payoff": {"good_passed": 1.0}}, actor="ann")
    validations.set_payoff(ws, "r", {"payoff": {"good_passed": 2.0}}, actor="bob")

    assert validations.payoff(ws, "r") == {"payoff": {"good_passed": 2.0}}
    assert ws.rows("SELECT count(*) AS n FROM payoffs") == [{"n": 2}]
