from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aimass_core.clean.recipe import MissingStep, OutlierStep, RareStep, Recipe
from aimass_core.errors import DataError, SettingsError
from aimass_core.intake.repair import DuplicateRepair, RangeRepair, SentinelRepair, TypeRepair
from aimass_core.workflows import cleaning, importing
from aimass_core.workspace import audit, datasets
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.datasets import Version
from tests.shared_data import shared_path


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home")
    yield workspace
    workspace.close()


@pytest.fixture
def version(ws: Workspace, tmp_path: Path) -> Version:
    """400 loans with 20 ages of −999, 5 of 300, incomes with "n/a", and 10 repeated rows."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": generator.integers(18, 80, 400),
            "income": [f"{value:.2f}" for value in generator.lognormal(8, 0.4, 400)],
            "job": generator.choice(["clerk", "nurse", "baker"], 400),
            "default": generator.integers(0, 2, 400),
        }
    )
    frame.loc[:19, "age"] = -999
    frame.loc[20:24, "age"] = 300
    frame.loc[30:39, "income"] = "n/a"
    frame = pd.concat([frame, frame.iloc[50:60]])
    frame.to_csv(tmp_path / "loans.csv", index=False)
    found = importing.import_file(ws, tmp_path / "loans.csv", name="loans", actor="ann")
    return importing.set_roles(
        ws,
        found,
        {"age": "feature", "income": "feature", "job": "feature", "default": "target"},
        actor="ann",
    )


_RECIPE = Recipe(
    repairs=(
        SentinelRepair(column="age", values=(-999.0,)),
        RangeRepair(column="age", low=0, high=120),
        TypeRepair(column="income", to="number"),
        DuplicateRepair(),
    ),
    steps=(OutlierStep(factor=3), RareStep(), MissingStep(indicator=True)),
)


def test_preview_counts_exactly_and_keeps_nothing(ws: Workspace, version: Version) -> None:
    found = cleaning.preview(ws, version, _RECIPE, device="cpu")

    counts = {(count.rule, count.column): count.rows for count in found.counts}
    assert counts[("sentinel-to-missing", "age")] == 20
    assert counts[("out-of-range", "age")] == 5
    assert counts[("duplicate-row", None)] == 10
    assert counts[("missing-filled-median", "age")] == 25
    assert (found.rows_before, found.rows_after) == (410, 400)
    assert not found.sampled
    assert len(datasets.versions(ws)) == 1
    rules = {change.rule for change in found.changes}
    assert {"sentinel-to-missing", "out-of-range", "duplicate-row", "missing-filled-median"} <= rules


def test_apply_makes_the_next_version_with_its_history(ws: Workspace, version: Version) -> None:
    made = cleaning.apply(ws, version, _RECIPE, actor="bob", note="first clean")

    assert (made.ref, made.rows, made.parent_id) == ("loans@2", 400, version.version_id)
    assert (made.created_by, made.note, made.source_sha256) == ("bob", "first clean", version.source_sha256)
    assert [item["kind"] for item in made.repairs] == ["sentinel", "range", "type", "duplicates"]
    assert made.schema.column("income").kind == "number"
    assert made.schema.column("default").role == "target"
    assert cleaning.recipe(ws, made) == Recipe(steps=_RECIPE.steps)
    event = audit.events(ws, subject=made.version_id, action="dataset.clean")[0]
    assert (event.actor, event.detail["rows_after"]) == ("bob", 400)
    age = datasets.frame(ws, made, ["age"])["age"]
    assert age.isna().sum() == 25
    assert age.max() <= 120
    # the version before is as it was
    assert datasets.frame(ws, version, ["age"])["age"].min() == -999


def test_repairs_of_several_versions_add_up(ws: Workspace, version: Version) -> None:
    second = cleaning.apply(ws, version, Recipe(repairs=_RECIPE.repairs[:1]), actor="a")

    third = cleaning.apply(ws, second, Recipe(repairs=_RECIPE.repairs[1:]), actor="a")

    assert [item["kind"] for item in third.repairs] == ["sentinel", "range", "type", "duplicates"]
    assert third.parent_id == second.version_id


def test_steps_alone_are_attached_without_a_new_version(ws: Workspace, version: Version) -> None:
    recipe = Recipe(steps=(MissingStep(),))

    same = cleaning.apply(ws, version, recipe, actor="a")

    assert same.version_id == version.version_id
    assert cleaning.recipe(ws, version) == recipe
    assert cleaning.recipe(ws, same) != Recipe()


@pytest.mark.parametrize(
    ("recipe", "error"),
    [
        (Recipe(repairs=(RangeRepair(column="job", low=0),)), SettingsError),
        (Recipe(repairs=(DuplicateRepair(),), steps=(OutlierStep(columns=("none",)),)), DataError),
        (Recipe(repairs=(SentinelRepair(column="none", values=("?",)),)), DataError),
    ],
)
def test_a_recipe_that_does_not_fit_leaves_the_workspace_as_it_was(
    ws: Workspace, version: Version, recipe: Recipe, error: type[Exception]
) -> None:
    tables = ws.rows("SELECT table_name FROM duckdb_tables()")

    with pytest.raises(error):
        cleaning.apply(ws, version, recipe, actor="a")

    assert len(datasets.versions(ws)) == 1
    assert ws.rows("SELECT table_name FROM duckdb_tables()") == tables
    assert cleaning.recipe(ws, version) == Recipe()


def test_suggestion_answers_the_findings_and_works(ws: Workspace, version: Version) -> None:
    recipe = cleaning.suggest(ws, version)

    assert SentinelRepair(column="age", values=(-999.0,)) in recipe.repairs
    assert DuplicateRepair() in recipe.repairs
    assert any(isinstance(step, MissingStep) and step.indicator for step in recipe.steps)
    assert not any(getattr(repair, "column", "") == "default" for repair in recipe.repairs)
    made = cleaning.apply(ws, version, recipe, actor="a")
    assert made.schema.column("income").kind == "number"
    assert made.rows == 400


def test_column_before_and_after_share_their_bins(ws: Workspace, version: Version) -> None:
    before, after = cleaning.column_before_after(ws, version, _RECIPE, "age", device="cpu")

    assert before.edges == after.edges
    assert sum(before.counts) == sum(after.counts) == 410
    assert before.counts[0] == 20
    assert after.counts[0] == 0
    assert after.missing == 0


def test_labels_before_and_after(ws: Workspace, version: Version) -> None:
    recipe = Recipe(steps=(RareStep(min_share=0.45),))

    before, after = cleaning.column_before_after(ws, version, recipe, "job")

    assert set(before.labels) == {"clerk", "nurse", "baker"}
    assert list(before.counts) == sorted(before.counts, reverse=True)
    assert sum(before.counts) == sum(after.counts) == 410
    assert after.labels == ("other",)


def test_target_is_not_touched_by_steps(ws: Workspace, version: Version) -> None:
    before, after = cleaning.column_before_after(ws, version, _RECIPE, "default")

    assert before == after


def test_cleaned_rows_can_be_taken_away(ws: Workspace, version: Version, tmp_path: Path) -> None:
    made = cleaning.apply(ws, version, _RECIPE, actor="a")

    cleaning.export(ws, made, tmp_path / "out.csv", "csv")
    cleaning.export(ws, made, tmp_path / "out.parquet", "parquet")

    assert len(pd.read_csv(tmp_path / "out.csv")) == 400
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 400


def test_recipes_that_people_wrote_are_checked() -> None:
    recipe = cleaning.read_recipe({"steps": [{"kind": "rare", "min_share": 0.05}]})

    assert recipe == Recipe(steps=(RareStep(min_share=0.05),))
    with pytest.raises(SettingsError, match=r"steps\.0"):
        cleaning.read_recipe({"steps": [{"kind": "rare", "min_share": 5}]})


@pytest.mark.shared
def test_real_credit_data_is_cleaned(ws: Workspace) -> None:
    path = shared_path("credit/taiwan_default.csv")
    version = importing.import_file(ws, path, name="taiwan", actor="a")

    made = cleaning.apply(ws, version, cleaning.suggest(ws, version), actor="a")

    assert made.rows == version.rows == 30_000
