"""One row and a whole model explained, from a run in the workspace."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.workflows import evaluating, explaining
from aimass_core.workspace.connection import Workspace, open_workspace
from tests.made import add_dataset, train_here
from tests.small_models import FAMILIES, applicants

ROWS = applicants(400)


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path_factory.mktemp("made") / "home", threads=1)
    add_dataset(workspace, ROWS, repairs=[{"kind": "sentinel", "column": "late", "values": [99]}])
    for family in FAMILIES:
        train_here(workspace, family, name=family)
    yield workspace
    workspace.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_row_of_the_data_set_is_explained(ws: Workspace, family: str) -> None:
    found = explaining.explain_row(ws, family, 7)

    assert found.base + sum(found.values.values()) == pytest.approx(found.log_odds, abs=1e-6)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-found.log_odds)))
    assert found.target == str(ROWS["y"].iloc[6])
    assert found.display["late"] == str(ROWS["late"].iloc[6])
    assert (found.row_id, found.outcome) == (7, "default")
    ranked = [reason.contribution for reason in found.reasons.principal]
    assert ranked == sorted(ranked, reverse=True)
    assert all(value > 0 for value in ranked)
    given = found.values
    assert {r.feature for r in (*found.reasons.principal, *found.reasons.tail)} == {
        name for name, value in given.items() if value > 1e-9
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_typed_in_values_give_the_same_as_the_row(ws: Workspace, family: str) -> None:
    row = {name: str(value) for name, value in ROWS.drop(columns="y").iloc[9].items()}

    given, stored = explaining.explain_row(ws, family, row), explaining.explain_row(ws, family, 10)

    assert given.values == pytest.approx(stored.values, abs=1e-9)
    assert (given.row_id, given.target, given.part) == (None, None, "")


def test_raw_values_go_through_the_repairs(ws: Workspace) -> None:
    row = ROWS.drop(columns="y").iloc[9].to_dict()

    found = explaining.explain_row(ws, "scorecard", row | {"late": 99})

    assert found.display["late"] == "missing"


def test_part_of_the_row_is_said(ws: Workspace) -> None:
    scores = evaluating.scores(ws, "scorecard")
    known = dict(zip(scores["_row"], scores["part"], strict=True))

    for row_id in (*scores["_row"].iloc[[0, -1]], next(i for i in range(1, 400) if i not in known)):
        assert explaining.explain_row(ws, "scorecard", int(row_id)).part == known.get(row_id, "training")


def test_reference_travels(ws: Workspace) -> None:
    found = explaining.explain_row(ws, "boosting", 3, reference="cutoff", cutoff=0.5)

    assert found.reference == "cutoff"
    assert "50.0%" in found.reference_text
    with pytest.raises(SettingsError, match="none is set"):
        explaining.explain_row(ws, "boosting", 3, reference="cutoff")


@pytest.mark.parametrize("family", FAMILIES)
def test_model_as_a_whole_was_explained_at_training(ws: Workspace, family: str) -> None:
    found = explaining.global_explanation(ws, family)

    assert {feature.feature for feature in found.features} == {"income", "town", "late", "since", "owner"}
    assert (found.rows, found.part) == (120, "test rows")
    assert found.additivity <= 1e-6


def test_row_that_is_not_there_and_values_that_do_not_fit(ws: Workspace) -> None:
    with pytest.raises(NotFoundError, match="row 401"):
        explaining.explain_row(ws, "scorecard", 401)
    with pytest.raises(NotFoundError, match="run `nothing`"):
        explaining.explain_row(ws, "nothing", 1)
    with pytest.raises(DataError, match="it is empty"):
        explaining.explain_row(ws, "scorecard", {})
    with pytest.raises(DataError, match="missing: `town`"):
        explaining.explain_row(ws, "scorecard", {"income": 1.0})
    row = ROWS.drop(columns="y").iloc[9].to_dict()
    with pytest.raises(DataError, match="'plenty'"):
        explaining.explain_row(ws, "scorecard", row | {"income": "plenty"})
