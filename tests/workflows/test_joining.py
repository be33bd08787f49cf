"""Joining events: what is made and recorded, what does not fit, and that it helps a model."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aimass_core.errors import DataError, SettingsError
from aimass_core.models.series import find_series
from aimass_core.schema import Column
from aimass_core.workflows import cleaning, importing, joining
from aimass_core.workflows.joining import EventJoin
from aimass_core.workspace import audit, datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from tests.made import add_dataset, train_here

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
JOIN = EventJoin(key="who", time="at", events_time="on", values=("amount",), windows=3)


@pytest.fixture
def loans(workspace: Workspace) -> Version:
    """Four applications of customers 1 to 4."""
    frame = pd.DataFrame(
        {
            "who": [1, 2, 3, 4],
            "at": [datetime(2024, 3, 1)] * 4,
            "amount_note": list("abcd"),
            "y": [0, 1, 0, 1],
        }
    )
    columns = (
        Column(name="who", kind="integer", role="id"),
        Column(name="at", kind="timestamp", role="time"),
        Column(name="amount_note", kind="category"),
        Column(name="y", kind="integer", role="target"),
    )
    return add_dataset(workspace, frame, columns=columns, repairs=({"kind": "trim"},))


@pytest.fixture
def paid(workspace: Workspace) -> Version:
    """Payments of customers 1, 2 and 9; the last of customer 1 comes after the application."""
    frame = pd.DataFrame(
        {
            "who": [1, 1, 1, 2, 9],
            "on": pd.to_datetime(["2024-02-20", "2024-01-20", "2024-04-01", "2024-02-25", "2024-02-01"]),
            "amount": [10.0, 20.0, 1e9, 5.0, 7.0],
            "shop": list("aabba"),
        }
    )
    return add_dataset(workspace, frame, name="paid", columns=event_columns("who"))


def event_columns(key: str) -> tuple[Column, ...]:
    return (
        Column(name=key, kind="integer", role="group"),
        Column(name="on", kind="timestamp", role="time"),
        Column(name="amount", kind="number"),
        Column(name="shop", kind="category"),
    )


def changed(**settings: Any) -> EventJoin:
    return EventJoin(**{**JOIN.model_dump(), **settings})


def test_the_next_version_has_the_columns_as_features(
    workspace: Workspace, loans: Version, paid: Version
) -> None:
    done = joining.apply(workspace, loans, paid, JOIN, actor="eva", note="why")
    made = done.version

    names = [f"amount{part}_{k}" for part in ("", "_count") for k in (1, 2, 3)]
    assert made.schema.names == (*loans.schema.names, *names)
    assert {made.schema.column(name).role for name in names} == {"feature"}
    assert [made.schema.column(n).kind for n in ("amount_1", "amount_count_1")] == ["number", "integer"]
    frame = datasets.frame(workspace, made)
    assert frame[names].to_numpy().tolist() == [
        [10, 20, 0, 1, 1, 0],
        [5, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert frame["y"].tolist() == [0, 1, 0, 1]
    assert (done.counted.rows, done.counted.rows_matched, done.counted.rows_with_events) == (4, 2, 2)
    assert done.warnings == ()


def test_who_when_and_from_what_is_recorded(workspace: Workspace, loans: Version, paid: Version) -> None:
    made = joining.apply(workspace, loans, paid, JOIN, actor="eva", note="why").version

    (record,) = joining.joins(made)
    (event,) = audit.events(workspace, action="dataset.join")
    assert (made.ref, made.parent_id, made.created_by, made.note) == (
        "loans@2",
        loans.version_id,
        "eva",
        "why",
    )
    assert made.repairs == loans.repairs
    assert EventJoin.model_validate(record["join"]) == JOIN
    assert (record["events_version_id"], record["events_sha256"]) == (paid.version_id, paid.source_sha256)
    assert (event.subject, event.actor) == (made.version_id, "eva")
    assert event.detail == {"parent": "loans@1", **record}
    assert "2 of 4 rows" in made.read_options["notes"][-1]


def test_the_recipe_and_later_the_join_carry_over(
    workspace: Workspace, loans: Version, paid: Version
) -> None:
    steps = cleaning.read_recipe({"steps": [{"kind": "missing"}]})
    cleaning.apply(workspace, loans, steps, actor="eva")

    made = joining.apply(workspace, loans, paid, JOIN, actor="eva").version
    assert cleaning.recipe(workspace, made) == steps

    repairs = cleaning.read_recipe({"repairs": [{"kind": "duplicates"}]})
    cleaned = cleaning.apply(workspace, made, repairs, actor="eva")
    assert joining.joins(cleaned) == joining.joins(made)


def test_a_preview_shows_rows_and_keeps_nothing(workspace: Workspace, loans: Version, paid: Version) -> None:
    tried = joining.preview(workspace, loans, paid, JOIN, rows=2)

    assert tried.rows["amount_1"].tolist() == [10, 5]
    assert list(tried.rows)[:3] == ["_row", "who", "at"]
    assert tried.counted.rows_with_events == 2
    assert [v.ref for v in datasets.versions(workspace, "loans")] == ["loans@1"]


def test_a_preview_shows_rows_with_events_first(workspace: Workspace, loans: Version, paid: Version) -> None:
    tried = joining.preview(workspace, loans, paid, changed(windows=1, window_days=6))

    assert tried.rows["who"].tolist() == [2, 1, 3, 4]


def test_without_a_time_column_the_future_is_warned_of(
    workspace: Workspace, loans: Version, paid: Version
) -> None:
    to_the_end = joining.preview(workspace, loans, paid, changed(time=None))
    given = joining.preview(workspace, loans, paid, changed(time=None, as_of=datetime(2024, 3, 1)))

    assert to_the_end.rows["amount_1"].tolist() == [1e9, 0, 0, 0]
    assert to_the_end.rows["amount_2"].tolist() == [10, 5, 0, 0]
    assert given.rows["amount_1"].tolist() == [10, 5, 0, 0]
    assert "2024-04-02 00:00" in to_the_end.warnings[0]
    assert "2024-03-01 00:00" in given.warnings[0]
    assert "hold the future" in given.warnings[0]


def test_a_first_join_is_guessed_from_roles(workspace: Workspace, loans: Version, paid: Version) -> None:
    assert joining.guess(loans, paid) == changed(windows=12)
    assert joining.guess(paid, loans) is not None
    elsewhere = add_dataset(
        workspace, pd.DataFrame({"x": [1]}), name="other", columns=[Column(name="x", kind="integer")]
    )
    assert joining.guess(loans, elsewhere) is None


@pytest.mark.parametrize("value", ["amount", "value", "x", "V2", "bill3", "总额"])
def test_columns_are_named_so_that_they_are_seen_as_steps(value: str) -> None:
    join = changed(values=(value,), measures=("sum", "count", "mean", "max"), windows=12)

    found = find_series([column.name for column in joining.new_columns(join)])

    assert [series.steps for series in found] == [tuple(range(12))] * 4


def test_events_are_counted_without_values() -> None:
    names = [column.name for column in joining.new_columns(changed(values=()))]

    assert names == ["events_count_1", "events_count_2", "events_count_3"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"events_key": "shop"}, "they are integer and category"),
        ({"time": "y"}, "`y` must be a date"),
        ({"events_time": "amount"}, "`amount` must be a date"),
        ({"values": ("shop",)}, "`shop` must be numeric"),
        ({"values": ("rent",)}, "`rent` must be in the data"),
        ({"values": ("amount", "amount")}, "named once"),
        ({"as_of": datetime(2024, 1, 1)}, "both came"),
        ({"windows": 100}, "at most 150 columns; it would have 204"),
    ],
)
def test_what_does_not_fit_is_said(
    workspace: Workspace, loans: Version, paid: Version, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises((DataError, SettingsError), match=says):
        joining.apply(workspace, loans, paid, changed(**settings), actor="eva", max_columns=150)
    assert len(datasets.versions(workspace, "loans")) == 1


def test_the_same_columns_cannot_come_twice(workspace: Workspace, loans: Version, paid: Version) -> None:
    made = joining.apply(workspace, loans, paid, JOIN, actor="eva").version

    with pytest.raises(SettingsError, match=r"`amount_1`.* twice"):
        joining.apply(workspace, made, paid, JOIN, actor="eva")


def test_tables_without_a_common_key_say_how_many_they_have(workspace: Workspace, loans: Version) -> None:
    strangers = pd.DataFrame({"who": [7, 8, 8], "on": [datetime(2024, 1, 1)] * 3, "amount": 1.0, "shop": "a"})
    other = add_dataset(workspace, strangers, name="other", columns=event_columns("who"))

    with pytest.raises(DataError, match="none of 4 `who` and 2 `who` match"):
        joining.preview(workspace, loans, other, JOIN)


def test_a_model_of_steps_learns_the_trend_of_events(workspace: Workspace) -> None:
    """The total of six months says nothing; bad is who spent more in the last three than before."""
    random = np.random.default_rng(3)
    rows, months = 900, 6
    spent = random.gamma(2.0, 50, (rows, months))
    bad = spent[:, :3].sum(1) > spent[:, 3:].sum(1)
    at = np.datetime64("2024-06-01") + random.integers(0, 300, rows).astype("m8[D]")
    applications = pd.DataFrame(
        {
            "who": range(rows),
            "at": at,
            "total": spent.sum(1),
            "age": random.integers(20, 70, rows),
            "y": bad * 1,
        }
    )
    ago = 30 * np.arange(months) + 1 + random.integers(0, 29, (rows, months))
    events = pd.DataFrame(
        {
            "who": np.repeat(np.arange(rows), months),
            "on": (at[:, None] - ago.astype("m8[D]")).ravel(),
            "amount": spent.ravel(),
            "shop": "a",
        }
    )
    plain = add_dataset(
        workspace,
        applications,
        columns=(
            Column(name="who", kind="integer", role="id"),
            Column(name="at", kind="timestamp", role="time"),
            Column(name="total", kind="number"),
            Column(name="age", kind="integer"),
            Column(name="y", kind="integer", role="target"),
        ),
    )
    happened = add_dataset(workspace, events, name="spent", columns=event_columns("who"))
    made = joining.apply(workspace, plain, happened, changed(windows=months), actor="eva").version

    found = {}
    for version in (plain, made):
        config = {"width": 8, "depth": 1, "heads": 2, "bins": 4, "epochs": 12, "rate": 5e-3}
        run = train_here(workspace, "transformer", dataset=version.ref, config=config)
        found[version.ref] = run.metrics["test.auc"]
    steps = find_series([column.name for column in made.schema.by_role("feature")])

    assert [series.stem for series in steps] == ["amount", "amount_count"]
    assert found["loans@1"] < 0.65
    assert found["loans@2"] > 0.85


def test_the_sample_banks_transactions_join_its_applications(workspace: Workspace) -> None:
    tables = {
        name: importing.import_file(workspace, SAMPLES / f"{name}.csv", name=name, actor="eva")
        for name in ("applications", "transactions")
    }
    join = joining.guess(tables["applications"], tables["transactions"])
    assert join is not None
    assert (join.key, join.time, join.events_time) == ("customer_id", "applied_at", "at")
    join = join.model_copy(update={"values": ("amount",), "windows": 6})

    # `amount` is a column of the applications too; its monthly columns have names of their own.
    done = joining.apply(workspace, tables["applications"], tables["transactions"], join, actor="eva")

    events = datasets.frame(workspace, tables["transactions"])
    frame = datasets.frame(workspace, done.version)
    assert done.counted.rows == len(frame) == tables["applications"].rows
    assert 0 < done.counted.rows_with_events <= done.counted.rows_matched
    for _, row in frame[frame["amount_count_2"] > 1].head(5).iterrows():
        age = row["applied_at"] - events["at"]
        inside = (age > pd.Timedelta(days=30)) & (age <= pd.Timedelta(days=60))
        amounts = events.loc[inside & (events["customer_id"] == row["customer_id"]), "amount"]
        assert len(amounts) == row["amount_count_2"]
        assert row["amount_2"] == pytest.approx(amounts.sum())
