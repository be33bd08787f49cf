"""Looking harder at runs that are there, on a data set whose secrets are known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from aimass_core.errors import DataError, SettingsError
from aimass_core.evaluate.value import Payoff
from aimass_core.schema import Column
from aimass_core.split import SplitConfig
from aimass_core.workflows import evaluating, scrutiny
from aimass_core.workspace import audit, runs
from aimass_core.workspace.connection import Workspace, open_workspace
from tests.made import add_dataset, train_now

ROWS = 4_000
LOANS = (
    Column(name="income", kind="number"),
    Column(name="late", kind="integer"),
    Column(name="job", kind="category"),
    Column(name="day", kind="date", role="time"),
    Column(name="sex", kind="category", role="protected"),
    Column(name="other", kind="integer", role="ignore"),
    Column(name="y", kind="integer", role="target"),
)


def rows() -> pd.DataFrame:
    """For women nothing tells who repays, which no model can know that has not seen the column."""
    random = np.random.default_rng(5)
    income = random.normal(size=ROWS)
    late = random.poisson(0.7, ROWS)
    sex = random.choice(["f", "m"], ROWS, p=[0.3, 0.7])
    risk = np.where(sex == "f", 0.4, -1.5 - 1.6 * income + 0.8 * late)
    return pd.DataFrame(
        {
            "income": income,
            "late": late,
            "job": random.choice(["clerk", "nurse"], ROWS),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 300, ROWS), unit="D"),
            "sex": sex,
            "other": random.integers(0, 2, ROWS),
            "y": (random.random(ROWS) < 1 / (1 + np.exp(-risk))).astype(np.int64),
        }
    )


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path_factory.mktemp("made") / "home", threads=1)
    add_dataset(workspace, rows(), columns=LOANS)
    train_now(workspace, "boosting", name="trees", bootstrap=0)
    train_now(workspace, "scorecard", name="job alone", features=("job",), bootstrap=0)
    train_now(workspace, "scorecard", name="others", bootstrap=0, split=SplitConfig(seed=1))
    train_now(workspace, "scorecard", name="else", target="other", bootstrap=0)
    yield workspace
    workspace.close()


def test_better_run_is_told_from_the_worse(ws: Workspace) -> None:
    found = scrutiny.compared(ws, "trees", "job alone", replicates=100)

    assert found.auc.verdict == "a"
    assert found.rows == int(runs.get(ws, "trees").metrics["test.rows"])
    assert found.left_out == 0
    assert found.auc.a == pytest.approx(runs.get(ws, "trees").metrics["test.auc"])
    assert found.auc.b == pytest.approx(runs.get(ws, "job alone").metrics["test.auc"])
    assert {other.measure: other.verdict for other in found.others}["log_loss"] == "a"
    assert found.auc.sentence("trees", "job alone", unit="AUC").startswith(
        "trees is better than job alone: +0."
    )


def test_run_cannot_be_told_from_itself(ws: Workspace) -> None:
    found = scrutiny.compared(ws, "trees", "trees", replicates=100)

    assert found.auc.verdict == "open"
    assert found.auc.value == 0
    assert "cannot be told apart" in found.auc.sentence("A", "B")


def test_only_rows_that_neither_has_learnt_from_are_compared(ws: Workspace) -> None:
    found = scrutiny.tested(ws, "trees", "others")

    first, second = (
        set(scores.loc[scores["part"] == "test", "_row"])
        for scores in (evaluating.scores(ws, "trees"), evaluating.scores(ws, "others"))
    )
    assert len(found.y) == len(first & second)
    assert found.left_out == len(first ^ second)


def test_runs_that_predict_different_things_are_not_compared(ws: Workspace) -> None:
    with pytest.raises(SettingsError, match="same outcome"):
        scrutiny.compared(ws, "trees", "else")


def test_better_run_passes_fewer_bads_at_the_same_approval_rate(ws: Workspace) -> None:
    found = scrutiny.same_rate(ws, "trees", "job alone", held="approval", at=0.5, replicates=100)

    assert found.held.verdict == "a"
    assert found.held.a < found.held.b
    assert found.line_a.approval[-1] == 1
    assert found.line_a.bad_rate[-1] == pytest.approx(found.line_b.bad_rate[-1])


def test_payoff_is_kept_with_who_said_so(ws: Workspace) -> None:
    assert scrutiny.payoff(ws, "others") is None
    scrutiny.keep_payoff(ws, "others", Payoff(bad_passed=-7), currency="EUR", actor="bob")
    scrutiny.keep_payoff(ws, "others", Payoff(bad_passed=-8), actor="eve")

    assert scrutiny.payoff(ws, "others") == Payoff(bad_passed=-8)
    assert scrutiny.currency(ws, "others") == ""
    events = audit.events(ws, subject=runs.get(ws, "others").run_id)
    assert [event.actor for event in events if event.action == "run.payoff"] == ["eve", "bob"]


def test_value_at_the_best_cut_off_is_above_passing_all(ws: Workspace) -> None:
    found = scrutiny.value(ws, "trees", Payoff(good_passed=1, bad_passed=-5))

    assert found.best_profit == max(found.profit)
    assert found.best_profit > found.pass_all
    assert found.cutoff_low <= found.best.threshold <= found.cutoff_high


def test_weak_spot_behind_a_protected_column_is_found(ws: Workspace) -> None:
    found = scrutiny.weak_spots(ws, "trees")

    assert found.segments[0].text.startswith("sex is f")
    assert "underestimates" in found.segments[0].weak
    assert sum(segment.rows for segment in found.segments) == found.rows_measured
    total = int(runs.get(ws, "trees").metrics["test.rows"])
    assert found.rows_measured + found.rows_searched == total


def test_too_few_rows_for_weak_spots(ws: Workspace) -> None:
    with pytest.raises(DataError, match="at least 4,000 test rows"):
        scrutiny.weak_spots(ws, "trees", min_rows=1_000)


def test_feature_that_tells_nothing_can_be_wrong(ws: Workspace) -> None:
    found = scrutiny.sensitivity(ws, "trees", cutoff=0.3, rows=500)

    assert (found.rows, found.rows_total) == (500, 1_200)
    effects = {(item.feature, item.how): item for item in found.single}
    assert effects["income", "noise"].moved > 10 * effects["job", "noise"].moved
    assert found.together[0].moved < found.together[3].moved
    assert {item.feature for item in found.together} == {"all features"}


def test_scores_of_one_population_do_not_drift(ws: Workspace) -> None:
    assert scrutiny.time_columns(ws, "trees") == ["day"]
    found, periods = scrutiny.drift(ws, "trees", "day")

    assert periods.by == "month"
    assert periods.labels[0] == "2020-01"
    assert sum(period.rows for period in found.periods) == 1_200
    assert {period.shift for period in found.periods} == {"none"}
    assert found.reference_rows == int(runs.get(ws, "trees").metrics["validation.rows"])


def test_number_is_cut_into_parts_and_a_category_is_refused(ws: Workspace) -> None:
    found, _ = scrutiny.drift(ws, "trees", "income")
    assert [period.rows for period in found.periods] == [120] * 10

    with pytest.raises(SettingsError, match="date or a number"):
        scrutiny.drift(ws, "trees", "job")
