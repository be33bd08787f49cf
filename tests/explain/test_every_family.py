"""What holds for the explanation of every family of the catalogue, calibrated or not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from aimass_core.bundle import Bundle
from aimass_core.evaluate.calibrators import Calibrator
from aimass_core.explain import references, shapley
from aimass_core.explain.members import Members
from aimass_core.explain.references import ReferenceName
from aimass_core.models import catalog
from aimass_core.schema import Column
from tests.explain.definition import by_coalitions
from tests.small_models import COLUMNS, applicants, small, train

FAMILIES = tuple(catalog.FAMILIES)
REFERENCES: tuple[ReferenceName, ...] = get_args(ReferenceName)
BENT = Calibrator(
    "isotonic", knots=(-2.0, -0.5, 1.0), values=(-2.5, -0.4, 0.3), low_slope=0.7, high_slope=1.3
)
ROUNDING = 1e-7
"""What single precision within networks may do to a value; all else is far closer."""
EXTRA = tuple(Column(name=f"n{k}", kind="number") for k in range(9))


def widened(rows: int, seed: int) -> pd.DataFrame:
    """Applicants with nine columns of noise: too many features to try all coalitions of most models."""
    frame = applicants(rows, seed=seed)
    random = np.random.default_rng(seed + 100)
    for column in EXTRA:
        frame[column.name] = random.normal(size=rows)
    return frame


@cache
def wide(family: str) -> Bundle:
    return train(family, widened(300, 8), columns=(*COLUMNS, *EXTRA), steps=())


def hostile(model: Bundle, rows: int = 6) -> np.ndarray:
    """Prepared rows with a label never seen and with everything missing."""
    frame = widened(rows, 21)
    frame.loc[0, "town"] = "Atlantis"
    for column in model.input_columns:
        frame[column.name] = frame[column.name].astype(object)
        frame.loc[1, column.name] = None
    return model.prepare(frame).X


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("family", FAMILIES)
def test_contributions_add_up(family: str, reference: ReferenceName) -> None:
    model = wide(family)
    X = hostile(model)
    cutoff = float(np.quantile(1 / (1 + np.exp(-model.applicants_log_odds)), 0.6))

    found = shapley.explain(model, X, reference=reference, cutoff=cutoff)

    np.testing.assert_allclose(
        found.base + found.values.sum(axis=1), model.score_prepared(X).log_odds, atol=1e-6
    )
    assert found.additivity <= 1e-6
    assert np.isfinite(found.values).all()
    assert np.isfinite(found.errors).all()
    assert ("estimated" in found.method) == bool((found.errors > 0).any())


@pytest.mark.parametrize("effort", ["row", "batch"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_is_explained_alike_alone_and_among_others(family: str, effort: shapley.Thoroughness) -> None:
    model = wide(family)
    X = hostile(model)

    together = shapley.explain(model, X, effort=effort)
    again = shapley.explain(model, X, effort=effort)

    np.testing.assert_array_equal(together.values, again.values)
    for i in (1, 4):
        alone = shapley.explain(model, X[i : i + 1], effort=effort)
        np.testing.assert_allclose(alone.values[0], together.values[i], atol=1e-9)
        np.testing.assert_allclose(alone.errors[0], together.errors[i], atol=1e-9)
        assert (alone.method, alone.reference_text) == (together.method, together.reference_text)


@pytest.mark.parametrize("family", FAMILIES)
def test_values_against_given_rows_are_those_of_the_definition(family: str) -> None:
    model = small(family)
    X = model.prepare(applicants(3, seed=4)).X

    found = shapley.explain(model, X, reference="applicants")

    count = int(found.reference_text.split()[2])
    pool = references.choose(model, "applicants", rows=count).rows
    columns = [columns for _, columns in model.players]
    for row, values in zip(X, found.values, strict=True):
        wanted = by_coalitions(model.estimator.log_odds, row, pool, columns)
        np.testing.assert_allclose(values, wanted, atol=ROUNDING)


@pytest.mark.parametrize("family", FAMILIES)
def test_estimates_lie_within_their_errors(family: str) -> None:
    model = wide(family)
    X = model.prepare(widened(1, 33)).X
    pool = model.applicants[:16]
    fewer = replace(model, applicants=pool, applicants_log_odds=model.raw_log_odds(pool))

    found = shapley.explain(fewer, X, reference="applicants")

    columns = [columns for _, columns in model.players]
    wanted = by_coalitions(model.estimator.log_odds, X[0], pool, columns)
    missed = np.abs(found.values[0] - wanted)
    assert (missed <= 5 * found.errors[0] + 1e-9).all()
    assert (missed <= 2.5 * found.errors[0] + 1e-9).mean() >= 0.75


@pytest.mark.parametrize("family", FAMILIES)
def test_calibrated_scores_are_explained_on_their_own_scale(family: str) -> None:
    plain = small(family)
    X = plain.prepare(applicants(12, seed=5)).X
    model = replace(plain, calibrator=BENT)

    found, raw = shapley.explain(model, X), shapley.explain(plain, X)

    np.testing.assert_allclose(
        found.base + found.values.sum(axis=1), BENT.apply(plain.raw_log_odds(X)), atol=1e-6
    )
    assert found.base == pytest.approx(float(BENT.apply([raw.base])[0]), abs=1e-9)
    np.testing.assert_array_equal(
        np.argsort(found.values, axis=1, kind="stable"), np.argsort(raw.values, axis=1, kind="stable")
    )
    assert "calibrated" in found.method
    assert "calibrated" not in raw.method


@pytest.mark.parametrize("family", FAMILIES)
def test_column_that_never_changes_gets_nothing(family: str) -> None:
    frame = applicants(300, seed=6).assign(flat=1.0)
    model = train(family, frame, columns=(*COLUMNS, Column(name="flat", kind="number")), steps=())

    found = shapley.explain(model, model.prepare(frame.head(4)).X)

    np.testing.assert_allclose(found.values[:, 5], 0.0, atol=ROUNDING)


@pytest.mark.parametrize("family", FAMILIES)
def test_single_feature_gets_the_whole_difference(family: str) -> None:
    frame = applicants(200, seed=6)
    model = train(family, frame, columns=COLUMNS[2:3], steps=())

    found = shapley.explain(model, model.prepare(frame.head(3)).X, reference="applicants")

    np.testing.assert_allclose(found.values[:, 0], found.log_odds - found.base, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_reference_of_one_row(family: str) -> None:
    plain = small(family)
    row = plain.applicants[:1]
    model = replace(plain, applicants=row, applicants_log_odds=plain.raw_log_odds(row))
    X = np.concatenate([row, plain.prepare(applicants(2, seed=3)).X])

    found = shapley.explain(model, X, reference="applicants")

    np.testing.assert_allclose(found.values[0], 0.0, atol=1e-9)
    assert found.base == pytest.approx(float(plain.raw_log_odds(row)[0]), abs=1e-9)
    assert "mean of 1 of all applicants" in found.reference_text


@pytest.mark.parametrize("family", FAMILIES)
def test_no_rows_are_explained_without_error(family: str) -> None:
    model = small(family)

    found = shapley.explain(model, model.prepare(applicants(2).iloc[:0]).X)

    assert found.values.shape == (0, len(COLUMNS))


def test_nothing_asks_for_the_family() -> None:
    """A model of a family that nobody has heard of is explained by what it offers."""
    known = small("boosting")
    unknown = replace(known, manifest=known.manifest.model_copy(update={"family": "from tomorrow"}))
    X = known.prepare(applicants(3, seed=1)).X

    np.testing.assert_array_equal(shapley.explain(unknown, X).values, shapley.explain(known, X).values)
    assert Members.of(unknown.estimator).trees
