"""What the benchmark of the pages does when something cannot be measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import pages, rows
from benchmarks.pages_actions import ACTIONS, TITLES, Action
from benchmarks.pages_browser import NotMeasuredError, Taken


class Played:
    """A screen that notes what is done on it; actions named in `broken` change nothing."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.done: list[str] = []

    def go(self, title: str) -> Taken:
        return self._taken(f"go {title}")

    def open(self, path: str, title: str) -> Taken:
        return self._taken(f"open {path}")

    def take(self, name: str, action: Any) -> Taken:
        action()
        if name.endswith(self.broken or "nothing"):
            raise NotMeasuredError(f"{name}: the input changed nothing")
        return self._taken(name)

    def _taken(self, name: str) -> Taken:
        self.done.append(name)
        return Taken(0.2, 0.1, 0.05, 10, 20)


def actions(screen: Played) -> list[Action]:
    """Return three actions on one page, of which the first has a set-up, and one on another."""
    return [
        Action("Data", "first", lambda *_: None, lambda _: screen.done.append("set up")),
        Action("Data", "second", lambda *_: None),
        Action("Data", "third", lambda *_: None),
        Action("Train", "fourth", lambda *_: None),
    ]


def measured(screen: Played) -> list[rows.Row]:
    found: Iterator[rows.Row] = pages._interactions(screen, actions(screen), pages.Book("9 x 3"), 2)  # type: ignore[arg-type]
    return list(found)


def test_a_failure_is_a_row_that_is_not_met_and_the_rest_is_measured() -> None:
    found = measured(Played(broken="Data: second"))

    by_case = {row.case: row for row in found if row.metric == "seconds"}
    assert len(by_case) == 4
    failed = by_case.pop(next(case for case in by_case if "second (not measured" in case))
    assert "the input changed nothing" in failed.case
    assert (failed.ours, failed.met, failed.target) == (None, False, "<= 0.5")
    assert all(row.met for row in by_case.values())


def test_after_a_failure_the_page_is_opened_anew_and_led_to_where_it_was() -> None:
    screen = Played(broken="Data: second")

    measured(screen)

    assert screen.done == [
        *("go Data", "set up", "Data: first", "Data: first"),
        *("open data", "set up", "Data: third", "Data: third"),
        *("go Train", "Train: fourth", "Train: fourth"),
    ]


def test_time_in_the_browser_and_work_of_the_server_stand_beside_each_other() -> None:
    found = measured(Played())

    assert [(row.metric, row.ours) for row in found[:2]] == [("seconds", 0.2), ("server CPU seconds", 0.05)]
    assert found[1].target is None


@pytest.mark.parametrize(("met", "ours", "code"), [(True, 0.1, 0), (False, 0.9, 0), (False, None, 1)])
def test_the_command_fails_only_where_something_was_not_measured(
    monkeypatch: pytest.MonkeyPatch, met: bool, ours: float | None, code: int
) -> None:
    row = rows.Row(benchmark="pages", case="x", metric="seconds", ours=ours, target="<= 0.5", met=met)
    monkeypatch.setattr(pages, "run", lambda *, quick: iter([row]))
    monkeypatch.setattr("sys.argv", ["benchmarks", "pages", "--quick"])

    assert command.main() == code


def test_every_page_has_an_interaction_and_each_has_a_name_of_its_own() -> None:
    named = [(action.page, action.name) for action in ACTIONS]

    assert {page for page, _ in named} == set(TITLES) - {"Overview"}
    assert len(set(named)) == len(named)
