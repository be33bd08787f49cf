"""A payment beside its card's own past: what was planted as unusual is found, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aimass_core.errors import DataError
from aimass_core.schema import Column
from aimass_core.workflows import case, evaluating, history, scoring
from aimass_core.workspace.connection import Workspace, open_workspace
from tests.made import add_dataset, train_here
from tests.small_models import COLUMNS, applicants

START = datetime(2026, 1, 1, 12)
DAILY = 60
"""Payments of card `daily`: one a day, amounts of 9 to 11, always at the baker's; then the odd one."""
ODD = DAILY + 1
RARE = (ODD + 1, ODD + 2, ODD + 3)
"""Payments of card 7, three of them."""
OTHERS = 240

Home = tuple[Workspace, str]


def payments() -> pd.DataFrame:
    """Return payments of three kinds of cards; the first rows are known."""
    random = np.random.default_rng(5)
    rows = [("daily", START + timedelta(days=day), 9.0 + day % 3, "baker", 0) for day in range(DAILY)]
    last = START + timedelta(days=DAILY - 1)
    rows.append(("daily", last + timedelta(seconds=30), 500.0, "jeweller", 1))
    rows += [("7", START + timedelta(days=day), 50.0, "baker", 0) for day in (1, 2, 3)]
    for _ in range(OTHERS):
        at = START + timedelta(minutes=int(random.integers(0, 80_000)))
        amount = float(random.lognormal(3, 1).__round__(2))
        shop = str(random.choice(["baker", "jeweller", "fuel"]))
        rows.append((f"c{random.integers(0, 40)}", at, amount, shop, int(random.random() < 0.2)))
    return pd.DataFrame(rows, columns=["card", "at", "amount", "shop", "y"])


COLUMNS_HERE = (
    Column(name="card", kind="category", role="group"),
    Column(name="at", kind="timestamp", role="time"),
    Column(name="amount", kind="number"),
    Column(name="shop", kind="category"),
    Column(name="y", kind="integer", role="target"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A workspace with payments and a registered model: (workspace, run)."""
    ws = open_workspace(tmp_path_factory.mktemp("history"), memory_limit_mb=500, threads=1)
    add_dataset(ws, payments(), columns=COLUMNS_HERE)
    run = train_here(ws, "scorecard", target="y", kind="fraud")
    evaluating.register(ws, run.run_id, name="cards", actor="ann")
    scoring.set_policy(ws, "cards", scoring.default_policy(ws, "cards"), actor="ann")
    yield ws, run.run_id
    ws.close()


def test_planted_oddities_are_found(home: Home) -> None:
    ws, run_id = home
    found = history.of_case(ws, case.of_row(ws, run_id, ODD))

    assert (found.group, found.key, found.earlier, found.same_time) == ("card", "daily", DAILY, 0)
    assert found.rows.tolist() == list(range(DAILY - history.MOST + 1, DAILY + 1))
    (amount,) = found.numbers
    assert amount.against.median == 10.0
    assert amount.against.z == pytest.approx(0.6745 * 490 / 1.0)
    assert amount.against.unusual
    (shop,) = found.labels
    assert (shop.here, shop.seen, shop.rows, shop.usual) == ("jeweller", 0, history.MOST, "baker")
    assert shop.unusual
    assert found.gap is not None
    assert (found.gap.since, found.gap.usual) == (30.0, 86_400.0)
    assert found.gap.against.z == -np.inf  # all gaps before were a day
    assert found.gap.against.unusual


def test_ordinary_payment_is_not_unusual_and_sees_nothing_later(home: Home) -> None:
    ws, run_id = home
    found = history.of_case(ws, case.of_row(ws, run_id, 31))

    assert found.rows.tolist() == list(range(1, 31))
    assert max(found.times) < found.moment
    assert not any(item.against.unusual for item in found.numbers)
    assert not any(item.unusual for item in found.labels)
    assert found.gap is not None
    assert found.gap.against.z == 0.0


def test_too_little_history_calls_nothing_unusual(home: Home) -> None:
    ws, run_id = home
    third = history.of_case(ws, case.of_row(ws, run_id, RARE[2]))
    first = history.of_case(ws, case.of_row(ws, run_id, RARE[0]))

    assert not third.enough
    assert third.rows.tolist() == [*RARE[:2]]
    assert not any(item.against.unusual for item in third.numbers)
    assert (first.earlier, first.gap, first.texts) == (0, None, [])


def test_decision_has_a_history_when_its_input_says_whose_and_when(home: Home) -> None:
    ws, _ = home
    row = {"card": "daily", "at": "2026-01-20 12:00:00", "amount": 400.0, "shop": "fuel"}
    numbered = {**row, "card": 7.0, "at": "2027-01-01"}
    poor = {name: row[name] for name in ("amount", "shop")}
    made = scoring.decide(ws, "cards", [row], source="form", actor="ann")
    made += scoring.decide(ws, "cards", [numbered], source="form", actor="ann")
    made += scoring.decide(ws, "cards", [poor], source="form", actor="ann")
    cases = [case.of_decision(ws, item) for item in made]

    found = history.of_case(ws, cases[0])

    assert found.earlier == 19  # 1 to 19 January; the 20th is at the same time
    assert found.same_time == 1
    assert found.numbers[0].against.unusual
    assert found.labels[0].unusual
    assert history.of_case(ws, cases[1]).rows.tolist() == [*RARE]
    assert history.lacking(ws, cases[2]) == ["card", "at"]
    with pytest.raises(DataError, match="missing: `card` and `at`"):
        history.of_case(ws, cases[2])
    with pytest.raises(DataError, match="'soon' came"):
        history.of_case(ws, replace(cases[0], values={**cases[0].values, "at": "soon"}))


def test_data_without_a_group_or_a_time_has_no_history(workspace: Workspace) -> None:
    add_dataset(workspace, applicants(300))
    run = train_here(workspace, target="y")
    found = case.of_row(workspace, run.run_id, 1)

    assert [column.role for column in COLUMNS] == ["feature"] * len(COLUMNS)
    assert history.columns(workspace, found) is None
    with pytest.raises(DataError, match="`group`"):
        history.of_case(workspace, found)
