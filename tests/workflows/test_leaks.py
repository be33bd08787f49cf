"""A column that knows the answer is caught before training, whatever column is the target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aimass_core.workflows import importing, leaks, training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.datasets import Version


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home")
    yield workspace
    workspace.close()


@pytest.fixture
def version(ws: Workspace, tmp_path: Path) -> Version:
    """600 loans; `fee` is charged when a loan has gone bad, `income` is an honest feature."""
    random = np.random.default_rng(5)
    bad = random.random(600) < 0.3
    pd.DataFrame(
        {
            "income": random.normal(3_000, 500, 600) - 300 * bad,
            "fee": np.where(bad, random.uniform(20, 60, 600), 0.0),
            "late": random.random(600) < 0.5,
            "bad": bad.astype(float) + 1.0,
        }
    ).to_csv(tmp_path / "loans.csv", index=False)
    found = importing.import_file(ws, tmp_path / "loans.csv", name="loans", actor="ana")
    roles = {"income": "feature", "fee": "feature", "late": "feature", "bad": "ignore"}
    return importing.set_roles(ws, found, roles, actor="ana")


def test_the_leak_is_found_for_the_target_that_is_chosen(ws: Workspace, version: Version) -> None:
    features = version.schema.by_role("feature")

    found = leaks.suspected(ws, version, "bad", features)

    assert [(leak.column, leak.certain) for leak in found] == [("fee", True)]
    assert leaks.told(found[0]).startswith("`fee` may be known only after the outcome: alone it tells")
    assert leaks.suspected(ws, version, "late", features) == ()


def test_a_plan_says_what_may_leak_unless_it_is_left_out(ws: Workspace, version: Version) -> None:
    spec = TrainingSpec(dataset="loans", target="bad", family="scorecard")

    warned = training.plan(ws, spec)
    without = training.plan(ws, spec.model_copy(update={"features": ("income", "late")}))

    assert [leak.column for leak in warned.leaks] == ["fee"]
    assert any("`fee` may be known only after the outcome" in note for note in warned.notes)
    assert without.leaks == ()
    assert not any("outcome" in note for note in without.notes)


def test_the_check_is_made_once_for_the_same_columns(
    ws: Workspace, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = version.schema.by_role("feature")
    first = leaks.suspected(ws, version, "bad", features)

    def fails(*_: object) -> None:
        raise AssertionError("it was made again")

    monkeypatch.setattr(leaks.leakage, "leaks", fails)

    assert leaks.suspected(ws, version, "bad", features) == first
    with pytest.raises(AssertionError, match="made again"):
        leaks.suspected(ws, version, "bad", features[:2])
