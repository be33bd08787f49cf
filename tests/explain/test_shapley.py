"""Explanations of all families: they add up, are stable and honour their reference."""

from __future__ import annotations

import dataclasses
import re
from typing import get_args

import numpy as np
import pytest

from aimass_core.bundle import Bundle
from aimass_core.clean.recipe import MissingStep
from aimass_core.errors import Fault, SettingsError
from aimass_core.explain import references, shapley
from aimass_core.explain.references import ReferenceName
from aimass_core.schema import Column
from tests.explain.definition import by_coalitions
from tests.small_models import COLUMNS, FAMILIES, applicants, small, train

REFERENCES: tuple[ReferenceName, ...] = get_args(ReferenceName)


def wide(family: str) -> Bundle:
    """A model with more features than are enumerated."""
    frame = applicants(300, seed=8)
    random = np.random.default_rng(1)
    extra = tuple(Column(name=f"n{k}", kind="number") for k in range(8))
    for column in extra:
        frame[column.name] = random.normal(size=len(frame))
    return train(family, frame, columns=(*COLUMNS, *extra), steps=())


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("family", FAMILIES)
def test_contributions_add_up_to_the_score(family: str, reference: ReferenceName) -> None:
    model, rows = small(family), applicants(25, seed=9)
    rows.loc[0, "town"] = "Atlantis"
    rows.loc[1, ["income", "town"]] = [np.nan, None]

    found = shapley.explain(model, model.prepare(rows).X, reference=reference, cutoff=0.4)

    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.score(rows).log_odds, atol=1e-6)
    assert found.additivity <= 1e-6
    assert found.names == tuple(column.name for column in COLUMNS)
    assert found.values.shape == (25, 5)
    assert (found.errors == 0).all()


@pytest.mark.parametrize("reference", REFERENCES)
def test_estimates_of_a_network_add_up_and_state_their_error(reference: ReferenceName) -> None:
    model = wide("dann")
    rows = applicants(4, seed=2).assign(**{f"n{k}": 0.5 for k in range(8)})

    found = shapley.explain(model, model.prepare(rows).X, reference=reference, cutoff=0.5)

    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.score(rows).log_odds, atol=1e-6)
    assert (found.errors >= 0).all()
    assert (found.errors > 0).any()
    assert "estimated" in found.method


@pytest.mark.parametrize("family", FAMILIES)
def test_same_row_gets_the_same_values_alone_and_among_others(family: str) -> None:
    model = wide(family)
    rows = applicants(6, seed=3).assign(**{f"n{k}": 0.1 * k for k in range(8)})
    X = model.prepare(rows).X

    together = shapley.explain(model, X)
    alone = shapley.explain(model, X[4:5])

    np.testing.assert_allclose(alone.values[0], together.values[4], atol=1e-9)
    assert alone.base == pytest.approx(together.base, abs=1e-12)


NETWORKS = ("dann", "tabm", "transformer", "autoencoder")
_ROUNDING = {False: 1e-9, True: 1e-7}
"""Gap from the definition by whether a network, after its first layer in single precision, is among it."""


@pytest.mark.parametrize("reference", ["applicants", "cutoff"])
@pytest.mark.parametrize("family", FAMILIES)
def test_values_are_those_of_the_definition(family: str, reference: ReferenceName) -> None:
    model, X = small(family), small(family).prepare(applicants(3, seed=4)).X

    found = shapley.explain(model, X, reference=reference, cutoff=0.4)

    count = int(re.search(r"mean of (\d+) ", found.reference_text)[1])  # type: ignore[index]
    pool = references.choose(model, reference, rows=count, cutoff=0.4).rows
    columns = [columns for _, columns in model.players]
    for row, values in zip(X, found.values, strict=True):
        wanted = by_coalitions(model.estimator.log_odds, row, pool, columns)
        np.testing.assert_allclose(values, wanted, rtol=0, atol=_ROUNDING[family in NETWORKS])


def test_trees_against_the_population_are_lightgbms_own_values() -> None:
    model, X = small("boosting"), small("boosting").prepare(applicants(5, seed=5)).X

    found = shapley.explain(model, X)

    raw = model.estimator.booster_.predict(X, pred_contrib=True)
    np.testing.assert_allclose(found.values[:, 0], raw[:, 0] + raw[:, 5], atol=1e-12)  # with its indicator
    np.testing.assert_allclose(found.values[:, 1:], raw[:, 1:5], atol=1e-12)
    assert "as the trees counted them" in found.reference_text


def test_scorecard_against_the_population_gives_its_points() -> None:
    model, X = small("scorecard"), small("scorecard").prepare(applicants(5, seed=5)).X

    found = shapley.explain(model, X)

    points = model.estimator.points(X)
    np.testing.assert_allclose(found.values[:, 1:], points[:, 1:5], atol=1e-12)
    assert found.base == model.estimator.intercept_


def test_feature_that_the_model_ignores_gets_nothing() -> None:
    frame = applicants(300, seed=6).assign(flat=1.0)
    columns = (*COLUMNS, Column(name="flat", kind="number"))
    for family in FAMILIES:
        model = train(family, frame, columns=columns, steps=())
        found = shapley.explain(model, model.prepare(frame.head(5)).X)
        np.testing.assert_allclose(found.values[:, 5], 0.0, atol=_ROUNDING[family in NETWORKS])


def test_single_feature_gets_the_whole_difference() -> None:
    frame = applicants(200, seed=6)
    for family in FAMILIES:
        model = train(family, frame, columns=COLUMNS[2:3], steps=(MissingStep(),))
        found = shapley.explain(model, model.prepare(frame.head(3)).X, reference="applicants")
        np.testing.assert_allclose(found.values[:, 0], found.log_odds - found.base, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_rows_are_explained_without_error(family: str) -> None:
    model = small(family)

    found = shapley.explain(model, model.prepare(applicants(2).iloc[:0]).X)

    assert found.values.shape == (0, 5)


def test_reference_is_named_and_cutoff_must_be_usable() -> None:
    model = small("scorecard")
    X = model.prepare(applicants(1)).X

    assert (
        "at or just above the cut-off"
        in shapley.explain(model, X, reference="cutoff", cutoff=0.5).reference_text
    )
    assert "of all applicants" in shapley.explain(model, X, reference="applicants").reference_text
    with pytest.raises(SettingsError, match="none is set"):
        shapley.explain(model, X, reference="cutoff")
    with pytest.raises(SettingsError, match="better side"):
        shapley.explain(model, X, reference="cutoff", cutoff=1e-9)
    with pytest.raises(SettingsError, match="must be population, applicants or cutoff"):
        shapley.explain(model, X, reference="neighbours")  # type: ignore[arg-type]


def test_typical_values_are_those_of_the_reference() -> None:
    model = small("scorecard")
    X = model.prepare(applicants(1)).X

    typical = shapley.explain(model, X).typical

    assert typical["town"] == "Ulm"
    assert typical["late"] in {"1", "2", "3"}
    assert typical["since"].startswith("202")
    assert typical["owner"] in {"yes", "no"}


def test_sum_that_does_not_fit_is_our_fault() -> None:
    values = np.array([[0.5, -0.25]])

    assert shapley.check(values, 1.0, np.array([1.25])) == 0.0
    with pytest.raises(Fault, match="must add up"):
        shapley.check(values, 1.0, np.array([1.25 + 2e-6]))
    with pytest.raises(Fault, match="must add up"):
        shapley.check(values, float("nan"), np.array([1.25]))


def test_every_batch_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small("scorecard")
    X = model.prepare(applicants(2)).X
    monkeypatch.setattr(
        type(model.estimator), "points", lambda self, X: np.zeros_like(X), raising=True
    )  # points that are not those the score is made of

    with pytest.raises(Fault, match="must add up"):
        shapley.explain(dataclasses.replace(model), X)
