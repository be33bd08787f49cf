"""The rows that recipes are tried on are prepared as if nothing had been known before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aimass_core.clean.recipe import Recipe
from aimass_core.errors import DataError
from aimass_core.intake.repair import LabelRepair, Repair, SentinelRepair, TypeRepair
from aimass_core.workflows import importing
from aimass_core.workflows.cleaning_sample import prepare, raw_rows
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.datasets import Version


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home")
    yield workspace
    workspace.close()


@pytest.fixture
def version(ws: Workspace, tmp_path: Path) -> Version:
    random = np.random.default_rng(0)
    pd.DataFrame(
        {
            "age": random.choice([25, 40, -999], 90),
            "opened": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 60, 90), "D"),
            "job": random.choice(["clerk", "Clerk", "nurse"], 90),
            "code": random.choice(["7", "8", "?"], 90),
            "bad": random.integers(0, 2, 90),
        }
    ).to_csv(tmp_path / "loans.csv", index=False)
    found = importing.import_file(ws, tmp_path / "loans.csv", name="loans", actor="ann")
    roles = dict.fromkeys(("age", "opened", "job", "code"), "feature") | {"bad": "target"}
    return importing.set_roles(ws, found, roles, actor="ann")


@pytest.mark.parametrize(
    "repairs",
    [
        (),
        (SentinelRepair(column="age", values=(-999.0,)),),
        (LabelRepair(column="job", mapping={"Clerk": "clerk"}), SentinelRepair(column="bad", values=(0.0,))),
        (SentinelRepair(column="code", values=("?",)), TypeRepair(column="code", to="number")),
        (TypeRepair(column="age", to="category"), TypeRepair(column="opened", to="timestamp")),
        (TypeRepair(column="job", to="text"),),
    ],
)
def test_only_touched_columns_are_made_anew_with_the_same_result(
    ws: Workspace, version: Version, repairs: tuple[Repair, ...]
) -> None:
    raw, recipe = raw_rows(ws, version), Recipe(repairs=repairs)
    plain = prepare(version, Recipe(), raw)

    quick, full = prepare(version, recipe, raw, plain=plain), prepare(version, recipe, raw)

    np.testing.assert_array_equal(quick.X, full.X)
    np.testing.assert_array_equal(quick.rows, full.rows)
    assert quick.encoder.columns == full.encoder.columns
    assert quick.encoder.labels == full.encoder.labels


def test_a_repair_that_does_not_fit_is_refused_all_the_same(ws: Workspace, version: Version) -> None:
    raw = raw_rows(ws, version)
    plain = prepare(version, Recipe(), raw)

    with pytest.raises(DataError, match="nothing"):
        prepare(version, Recipe(repairs=(SentinelRepair(column="nothing", values=("?",)),)), raw, plain=plain)
