"""Edits of a scorecard's bins in a workspace: tried, trained, undone, exported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aimass_core.clean.recipe import MissingStep, RareStep, Recipe
from aimass_core.errors import DataError, SettingsError
from aimass_core.intake.engine import engine
from aimass_core.intake.repair import SentinelRepair
from aimass_core.models.families.scorecard import BinEdit
from aimass_core.workflows import binning, cleaning, evaluating, importing, scorecard_export, training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace, open_workspace
from tests import trained


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with a cleaned data set and two scorecards, `quantile` and `optimal`."""
    home = tmp_path_factory.mktemp("binning")
    ws = open_workspace(home, memory_limit_mb=512, threads=1)
    path = home / "loans.csv"
    trained.loans().to_csv(path, index=False)
    version = importing.import_file(ws, path, name="loans", actor="ana")
    roles = {"customer": "id", "default": "target", "age": "feature", "since": "feature", "owner": "feature"}
    version = importing.set_roles(ws, version, roles, actor="ana")  # type: ignore[arg-type]
    recipe = Recipe(
        repairs=(SentinelRepair(column="income", values=(-999.0,)),),
        steps=(MissingStep(columns=("job",), method="mode"), RareStep(columns=("job",), min_share=0.05)),
    )
    version = cleaning.apply(ws, version, recipe, actor="ana")
    for method in ("quantile", "optimal"):
        config = {"method": method, "bins": 8}
        trained.train(ws, dataset=version.ref, family="scorecard", config=config, name=method)
    trained.train(ws, dataset=version.ref, family="boosting", config={"trees": 5}, name="boosting")
    yield ws
    ws.close()


def run_id(ws: Workspace, name: str) -> str:
    return runs.get(ws, name).run_id


def edits_for(ws: Workspace, run: str) -> tuple[BinEdit, ...]:
    """Merge two ranges of income, and the groups of the riskiest and the safest job."""
    card = binning.scorecard(ws, run)
    income = card.column_names.index("income")
    edges = card.learnt_.edges[income]
    assert edges is not None
    found = {item.feature: item for item in binning.features(ws, run)}
    jobs = [row for row in found["job"].rows if row.kind == "labels"]
    return (
        BinEdit(kind="merge", feature="income", edge=float(edges[0])),
        BinEdit(kind="merge", feature="job", labels=[jobs[0].labels[0], jobs[-1].labels[0]]),
    )


def test_features_come_in_order_of_their_information(ws: Workspace) -> None:
    found = binning.features(ws, run_id(ws, "quantile"))

    values = [item.information for item in found]
    assert values == sorted(values, reverse=True)
    assert {item.feature for item in found} == {"income", "age", "job", "since", "owner"}
    for item in found:
        assert sum(row.rows for row in item.rows) == runs.get(ws, "quantile").metrics["train.rows"]


def test_without_edits_nothing_changes(ws: Workspace) -> None:
    found = binning.preview(ws, run_id(ws, "quantile"), "income", ())

    assert found.after == found.before
    assert [effect.part for effect in found.effects] == ["training", "validation"]
    for effect in found.effects:
        assert effect.auc[0] == effect.auc[1]
        assert effect.log_loss[0] == effect.log_loss[1]
    assert found.effects[0].auc[0] == pytest.approx(runs.get(ws, "quantile").metrics["train.auc"])


@pytest.mark.parametrize("method", ["quantile", "optimal"])
def test_what_is_tried_is_what_training_again_learns(ws: Workspace, method: str) -> None:
    run = run_id(ws, method)
    edits = edits_for(ws, run)
    tried = {name: binning.preview(ws, run, name, edits) for name in ("income", "job", "age")}

    spec = binning.retraining(ws, run, edits)
    assert spec.name == f"{method} edited"
    again = trained.train(
        ws, dataset=spec.dataset, family=spec.family, config=spec.config, name=f"{method} again"
    )

    for name, preview in tried.items():
        learnt = next(item for item in binning.features(ws, again) if item.feature == name)
        assert [(row.low, row.high, row.labels, row.rows, row.bads) for row in learnt.rows] == [
            (row.low, row.high, row.labels, row.rows, row.bads) for row in preview.after.rows
        ]
        assert learnt.information == pytest.approx(preview.after.information)
        near = [
            (row.log_odds, other.log_odds) for row, other in zip(learnt.rows, preview.after.rows, strict=True)
        ]
        assert max(abs(one - other) for one, other in near) < 0.15
    assert [BinEdit.model_validate(item) for item in runs.get(ws, again).spec["config"]["edits"]] == list(
        edits
    )
    assert len(tried["income"].after.rows) == len(tried["income"].before.rows) - 1
    assert tried["age"].after.rows[0].rows == tried["age"].before.rows[0].rows


def test_an_edit_of_an_earlier_run_can_be_taken_back(ws: Workspace) -> None:
    run = run_id(ws, "quantile")
    edits = edits_for(ws, run)
    spec = binning.retraining(ws, run, edits)
    edited = trained.train(ws, dataset=spec.dataset, family=spec.family, config=spec.config, name="undo")

    back = binning.preview(ws, edited, "job", edits[:-1])
    all_back = binning.preview(ws, edited, "income", ())

    plain = {item.feature: item for item in binning.features(ws, run)}
    assert [row.labels for row in back.after.rows] == [row.labels for row in plain["job"].rows]
    assert [row.high for row in all_back.after.rows] == [row.high for row in plain["income"].rows]


def test_places_lie_between_the_limits_and_hold_round_numbers(ws: Workspace) -> None:
    run = run_id(ws, "quantile")

    found = binning.places(ws, run, "income", low=1_000.0, high=2_500.0)

    assert found == sorted(set(found))
    assert min(found) > 1_000.0
    assert max(found) < 2_500.0
    assert {1_500.0, 2_000.0} <= set(found)
    assert binning.places(ws, run, "owner", low=None, high=None) == [0.0]


def test_dates_are_shown_as_dates(ws: Workspace) -> None:
    run = run_id(ws, "quantile")
    card, bundle = binning.scorecard(ws, run), evaluating.bundle(ws, run)
    j = card.column_names.index("since")
    edges = card.binning_.edges[j]
    assert edges is not None

    assert binning.shown(bundle, j)(float(edges[0])).startswith("201")
    edits = (
        BinEdit(kind="merge", feature="since", edge=17_000.0),
        BinEdit(kind="split", feature="age", to=40.5),
    )
    assert binning.edit_texts(ws, run, edits) == ["join the bins at the edge 2016-07-18", "new edge at 40.5"]


def test_other_families_and_features_are_refused(ws: Workspace) -> None:
    with pytest.raises(SettingsError, match="only a scorecard"):
        binning.scorecard(ws, run_id(ws, "boosting"))
    with pytest.raises(SettingsError, match="one of the scorecard"):
        binning.preview(ws, run_id(ws, "optimal"), "height", ())
    with pytest.raises(SettingsError, match="only a scorecard"):
        scorecard_export.sql(ws, "boosting")


def test_rows_that_are_no_longer_those_of_the_run_are_noticed(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_id(ws, "optimal")
    card = binning.scorecard(ws, run)
    other = [card.rows_[0] + 1, *card.rows_[1:]]
    monkeypatch.setattr(card, "rows_", other)
    monkeypatch.setattr(binning, "_rows", type(binning._rows)())

    with pytest.raises(DataError, match="Train it again"):
        binning.preview(ws, run, "income", ())


@pytest.mark.parametrize("method", ["quantile", "optimal"])
def test_sql_scores_the_raw_file_as_python_does(ws: Workspace, method: str, tmp_path: Path) -> None:
    raw = pd.read_csv(ws.home / "loans.csv")
    sql = scorecard_export.sql(ws, method, table="bank.loans")

    with engine(tmp_path) as connection:
        connection.execute("CREATE SCHEMA bank")
        path = str(ws.home / "loans.csv").replace("'", "''")
        connection.execute(f"CREATE TABLE bank.loans AS SELECT * FROM read_csv('{path}')")
        found = connection.execute(sql).df().set_index("customer")

    expected = evaluating.bundle(ws, run_id(ws, method)).score(raw)
    np.testing.assert_allclose(found.loc[raw["customer"], "log_odds"], expected.log_odds, rtol=0, atol=1e-9)
    assert (raw["income"] == -999).sum() > 0


def test_the_points_table_adds_up_to_the_score(ws: Workspace) -> None:
    run = run_id(ws, "quantile")
    sheets = scorecard_export.points_tables(ws, run)
    card, bundle = binning.scorecard(ws, run), evaluating.bundle(ws, run)
    prepared = bundle.prepare(pd.read_csv(ws.home / "loans.csv").head(50))

    points = sheets["Points"].groupby("Feature", sort=False)["Points"].agg(list)
    codes = card.bin_codes(prepared.X)
    sums = [sum(points.iloc[j][codes[i, j]] for j in range(codes.shape[1])) for i in range(len(codes))]

    scale = dict(zip(sheets["Scale"]["What"], sheets["Scale"]["Value"], strict=True))
    np.testing.assert_allclose(sums, scale["Offset"] - scale["Factor"] * card.log_odds(prepared.X), atol=1e-9)
    assert scale["Run"] == "quantile"
    assert len(sheets["Edits"]) == 0


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"special": {"height": [-1.0]}}, "`special` must name features"),
        ({"special": {"job": [-1.0]}}, "`special` must fit the type of `job`"),
        ({"method": "optimal", "trends": {"job": "up"}}, "`trends` must fit"),
        ({"edits": [{"kind": "split", "feature": "customer", "to": 3.0}]}, "`edits` must name features"),
        ({"edits": [{"kind": "merge", "feature": "age", "labels": ["a", "b"]}]}, "`edits` must fit"),
        ({"method": "quantile", "trend": "up"}, "needs the optimal method"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_the_start(
    ws: Workspace, config: dict[str, Any], words: str
) -> None:
    spec = TrainingSpec(dataset="loans", target="default", family="scorecard", config=config)

    with pytest.raises(SettingsError, match=words):
        training.check(ws, spec)
