"""Training, measuring, explaining and deciding where no outcome is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aimass_core.schema import Column
from aimass_core.workflows import evaluating, explaining, scoring, unusual
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace, open_workspace
from tests.made import add_dataset, train_now
from tests.small_models import COLUMNS, applicants

STRANGE = 12
"""Planted rows, the last ones of the data set."""


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home", threads=1)
    yield workspace
    workspace.close()


def with_strange_rows(rows: int = 600) -> pd.DataFrame:
    """Applicants, and at the end some with an income far beyond all others and dates of another time."""
    frame = applicants(rows + STRANGE)
    last = frame.index[-STRANGE:]
    frame["late"] = frame["late"].astype(float)
    frame.loc[last, "income"] = np.linspace(2e6, 9e6, STRANGE)
    frame.loc[last, "late"] = 40.0
    frame.loc[last, "since"] = pd.Timestamp("1931-01-01")
    return frame


def columns(*, target: bool) -> tuple[Column, ...]:
    kept = tuple(c.model_copy(update={"kind": "number"}) if c.name == "late" else c for c in COLUMNS)
    return (*kept, Column(name="y", kind="integer", role="target")) if target else kept


def train(ws: Workspace, family: str, **settings: object) -> runs.Run:
    return train_now(ws, family, unlabelled=True, **settings)


@pytest.mark.parametrize("family", ["anomaly", "isolation"])
def test_a_model_learns_without_a_target_and_finds_what_is_planted(ws: Workspace, family: str) -> None:
    version = add_dataset(ws, with_strange_rows(), columns=columns(target=False))

    run = train(ws, family)

    assert run.spec["target"] is None
    assert math.isnan(run.metrics["test.auc"])
    assert (
        run.metrics["train.rows"] + run.metrics["validation.rows"] + run.metrics["test.rows"] == version.rows
    )
    found = evaluating.scores(ws, run.run_id)
    assert found["y"].isna().all()
    planted = found["_row"] > version.rows - STRANGE
    assert planted.any()
    assert found.loc[planted, "probability"].min() > 0.95


def test_the_report_says_how_scores_are_spread_and_claims_nothing_else(ws: Workspace) -> None:
    add_dataset(ws, with_strange_rows(), columns=columns(target=False))
    run = train(ws, "isolation")

    report = evaluating.report(ws, run.run_id)

    assert not report.labelled
    assert all(math.isnan(item.value) and math.isnan(item.low) for item in report.measures.values())
    assert math.isnan(report.bad_rate)
    assert report.bads == 0
    assert report.deciles == ()
    assert report.reliability == ()
    assert sum(report.histogram.goods) == report.rows == run.metrics["test.rows"]
    tested = evaluating.scores(ws, run.run_id).query("part == 'test'")["probability"]
    for threshold in (0.5, 0.9, 0.99):
        at = report.cutoffs.at(threshold)
        assert at.flagged == (tested >= at.threshold).sum()


def test_the_most_unusual_rows_are_shown_with_their_values(ws: Workspace) -> None:
    version = add_dataset(ws, with_strange_rows(), columns=columns(target=False))
    run = train(ws, "isolation")

    found = unusual.rows(ws, run.run_id, limit=5)

    assert len(found) == 5
    assert found["probability"].is_monotonic_decreasing
    assert found["_row"].iloc[0] > version.rows - STRANGE
    assert found["income"].iloc[0] > 1e6
    assert set(found["part"]) <= {"validation", "test"}


def test_such_runs_come_last_on_the_leaderboard(ws: Workspace) -> None:
    add_dataset(ws, applicants(500))
    train(ws, "isolation", name="blind")
    train_now(ws, "scorecard", name="seeing")

    board = evaluating.leaderboard(ws)

    assert [row.run for row in board] == ["seeing", "blind"]
    assert board[1].test_bads == 0


def test_policy_goes_by_the_share_of_rows(ws: Workspace) -> None:
    add_dataset(ws, with_strange_rows(), columns=columns(target=False))
    run = train(ws, "isolation", kind="fraud")
    evaluating.register(ws, run.run_id, name="odd", actor="ann")

    policy = scoring.default_policy(ws, "odd")
    made = scoring.decide(
        ws, "odd", with_strange_rows().drop(columns="y").tail(STRANGE + 50), source="test", actor="ann"
    )

    assert (policy.low, policy.high) == (0.99, 0.999)
    assert "block the most unusual 0.100%" in policy.note
    assert {decision.outcome for decision in made[:50]} == {"allow"}
    assert "allow" not in {decision.outcome for decision in made[-3:]}
    assert made[-1].reasons


@pytest.mark.parametrize("family", ["anomaly", "isolation"])
def test_a_row_is_explained_by_what_makes_it_unusual(ws: Workspace, family: str) -> None:
    version = add_dataset(ws, with_strange_rows(), columns=columns(target=False))
    run = train(ws, family)

    found = explaining.explain_row(ws, run.run_id, version.rows)

    assert found.target is None
    assert max(found.values, key=lambda name: found.values[name]) in ("income", "late", "since")
    total = found.base + sum(found.values.values())
    assert total == pytest.approx(found.log_odds, abs=1e-6)


def test_a_target_that_is_named_only_measures(ws: Workspace) -> None:
    frame = with_strange_rows()
    frame["y"] = (np.arange(len(frame)) >= len(frame) - STRANGE).astype(int)
    add_dataset(ws, frame, columns=columns(target=True))

    measured = train_now(ws, "isolation", name="measured")
    frame["y"] = np.random.default_rng(0).permutation(frame["y"])
    add_dataset(ws, frame, name="shuffled", columns=columns(target=True))
    other = train_now(ws, "isolation", dataset="shuffled", name="other")

    assert measured.metrics["test.auc"] > 0.97
    assert 0.2 < other.metrics["test.auc"] < 0.8
    assert evaluating.report(ws, measured.run_id).labelled


def test_rows_without_a_target_are_learnt_from_where_a_family_can(ws: Workspace) -> None:
    frame = applicants(600)
    frame["y"] = frame["y"].astype(float)
    frame.loc[frame.index[200:], "y"] = np.nan
    add_dataset(ws, frame, columns=(*COLUMNS, Column(name="y", kind="number", role="target")))

    run = train_now(ws, "autoencoder")

    shown = evaluating.extra(ws, run.run_id, "pretraining")
    assert shown is not None
    # All but the test rows: 400 without a target, and training and validation rows of 200 with one.
    assert shown["rows"] == 600 - run.metrics["test.rows"]


def test_rows_later_than_the_training_rows_stay_unknown_when_divided_by_time(ws: Workspace) -> None:
    frame = applicants(600)
    frame["y"] = frame["y"].astype(float)
    frame["since"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(600), unit="D")
    frame.loc[frame.index[400:], "y"] = np.nan
    kept = tuple(
        c.model_copy(update={"role": "time"}) if c.name == "since" else c
        for c in (*COLUMNS, Column(name="y", kind="number", role="target"))
    )
    add_dataset(ws, frame, columns=kept)

    run = train_now(ws, "autoencoder", split={"method": "time", "time_column": "since"})

    shown = evaluating.extra(ws, run.run_id, "pretraining")
    assert shown is not None
    assert shown["rows"] == run.metrics["train.rows"] + run.metrics["validation.rows"]
