"""Edits of bins: what each does, in order, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from aimass_core.errors import SettingsError
from aimass_core.models.binning import Binning, no_special
from aimass_core.models.binning_edits import applied
from aimass_core.models.families.scorecard import BinEdit

NAMES = ("income", "town")
TEXTS = ((), ("Bonn", "Oslo", "Rom", "Ulm", "other"))


def start() -> Binning:
    return Binning(
        edges=(np.array([10.0, 20.0, 30.0]), None),
        known=(None, np.array([0.0, 1.0, 2.0, 3.0])),
        groups=(None, np.array([0, 1, 1, 2])),
        special=no_special(2),
    )


def after(*edits: BinEdit) -> Binning:
    return applied(start(), edits, NAMES, TEXTS)


def edge(kind: str, **values: float) -> BinEdit:
    return BinEdit(kind=kind, feature="income", **values)  # type: ignore[arg-type]


def group(kind: str, *labels: str) -> BinEdit:
    return BinEdit(kind=kind, feature="town", labels=list(labels))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("edits", "edges"),
    [
        ([edge("move", edge=20.0, to=25.0)], [10, 25, 30]),
        ([edge("move", edge=30.0, to=1e6)], [10, 20, 1e6]),
        ([edge("merge", edge=10.0)], [20, 30]),
        ([edge("split", to=5.0)], [5, 10, 20, 30]),
        ([edge("merge", edge=20.0), edge("move", edge=10.0, to=25.0)], [25, 30]),
        ([edge("split", to=12.0), edge("merge", edge=12.0)], [10, 20, 30]),
    ],
)
def test_edges_follow_the_edits_in_order(edits: list[BinEdit], edges: list[float]) -> None:
    assert after(*edits).edges[0].tolist() == edges  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("edits", "groups"),
    [
        ([group("merge", "Bonn", "Ulm")], [0, 1, 1, 0]),
        ([group("merge", "Oslo", "Ulm")], [0, 1, 1, 1]),
        ([group("split", "Rom")], [0, 1, 2, 3]),
        ([group("merge", "Bonn", "Oslo", "Ulm"), group("split", "Oslo", "Rom")], [0, 1, 1, 0]),
    ],
)
def test_groups_follow_the_edits_in_order(edits: list[BinEdit], groups: list[int]) -> None:
    assert after(*edits).groups[1].tolist() == groups  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (edge("merge", edge=11.0), "edge that is there"),
        (edge("move", edge=10.0, to=20.0), "one already"),
        (edge("move", edge=10.0, to=25.0), "crosses another edge"),
        (edge("split", to=20.0), "one already"),
        (BinEdit(kind="split", feature="nobody", to=1.0), "must name a feature"),
        (BinEdit(kind="split", feature="town", to=1.0), "must be about labels"),
        (BinEdit(kind="merge", feature="income", labels=["a", "b"]), "must be about edges"),
        (group("merge", "Bonn", "Paris"), "'Paris' does not"),
        (group("merge", "Oslo", "Rom"), "in one already"),
        (group("split", "Bonn"), "the whole group"),
        (group("split", "Bonn", "Oslo"), "several groups"),
        (group("merge", "Bonn", "other"), "'other' does not"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit: BinEdit, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        after(edit)


def test_labels_without_texts_are_refused() -> None:
    with pytest.raises(SettingsError, match="not known here"):
        applied(start(), [group("merge", "Bonn", "Ulm")], NAMES, ())


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "move", "edge": 1.0},
        {"kind": "merge", "edge": 1.0, "to": 2.0},
        {"kind": "split"},
        {"kind": "split", "to": float("nan")},
        {"kind": "move", "labels": ["a", "b"]},
        {"kind": "merge", "labels": ["a", "a"]},
        {"kind": "merge", "labels": ["a", "b"], "edge": 1.0},
        {"kind": "turn", "to": 1.0},
    ],
)
def test_an_edit_must_be_complete(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        BinEdit.model_validate({"feature": "income", **values})
