"""Why a model scores a row as it does: Shapley values on the log-odds scale, for every family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from aimass_core.bundle import Bundle
from aimass_core.errors import Fault
from aimass_core.explain import references, sampling, trees
from aimass_core.explain.references import Reference, ReferenceName
from aimass_core.explain.trees import Forest

Matrix = npt.NDArray[np.float64]
Effort = Literal["row", "batch"]

TOLERANCE = 1e-6
"""Largest gap, in log-odds, between a score and its base plus contributions."""

ALL_TRAINING_ROWS = "mean of all training rows"

_REFERENCE_ROWS: dict[Effort, int] = {"row": 64, "batch": 32}
_PAIRS: dict[Effort, int] = {"row": 10, "batch": 2}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Contributions of the features to the log-odds of rows.

    Attributes
    ----------
    names : features, in the order of the model; a missing-indicator counts with its feature.
    values : contributions in log-odds, shape (n, features); positive raises the probability.
    errors : standard errors of the values, same shape; 0 where exact, NaN where unknown.
    base : what the contributions start from, in log-odds.
    log_odds : scores of the rows, shape (n,); ``base + values.sum(axis=1)``.
    reference : which rows the comparison is with.
    reference_text : the same for a person.
    method : how the values were found, for a person.
    additivity : largest gap between a score and the sum, in log-odds.
    typical : typical value of each feature among the reference rows, as text.
    """

    names: tuple[str, ...]
    values: Matrix
    errors: Matrix
    base: float
    log_odds: Matrix
    reference: ReferenceName
    reference_text: str
    method: str
    additivity: float
    typical: dict[str, str]

    def __len__(self) -> int:
        return len(self.log_odds)


def explain(
    bundle: Bundle,
    X: Matrix,
    *,
    reference: ReferenceName = "population",
    cutoff: float | None = None,
    effort: Effort = "row",
    seed: int = 0,
) -> Explanation:
    """Explain prepared rows; a row's values do not depend on the rows it is explained with.

    Scorecards have a closed form. Trees are exact: against the population as the trees themselves counted
    it (path-dependent TreeSHAP, LightGBM's own), against other references by their leaves. Networks are
    exact with few features, otherwise estimated with a standard error.

    Parameters
    ----------
    X : rows as :meth:`Bundle.prepare` returns them, shape (n, p).
    cutoff : probability from which a row is declined or blocked; needed by reference `cutoff`.
    effort : `row` for one decision; `batch` for an overview, with fewer reference rows and permutations.

    Raises
    ------
    SettingsError
        When the reference cannot be used.
    Fault
        When base and contributions do not add up to a score within 1e-6.
    """
    if not len(X):  # the base and the method are known without a row
        one = explain(bundle, np.zeros((1, X.shape[1])), reference=reference, cutoff=cutoff, effort=effort)
        return replace(
            one, values=one.values[:0], errors=one.errors[:0], log_odds=one.log_odds[:0], additivity=0.0
        )
    family = bundle.manifest.family
    players = bundle.players
    columns = tuple(found for _, found in players)
    if family == "scorecard":
        rows, values, base, method = _scorecard(bundle, X, columns, reference, cutoff)
        errors = np.zeros_like(values)
    elif family == "boosting":
        rows, values, base, method = _trees(bundle, X, columns, reference, cutoff)
        errors = np.zeros_like(values)
    else:
        rows = references.choose(bundle, reference, rows=_REFERENCE_ROWS[effort], cutoff=cutoff)
        values, errors, base, method = _network(bundle, X, columns, rows.rows, effort, seed)
    log_odds = bundle.score_prepared(X).log_odds
    return Explanation(
        names=tuple(name for name, _ in players),
        values=values,
        errors=errors,
        base=base,
        log_odds=log_odds,
        reference=rows.name,
        reference_text=rows.text,
        method=method,
        additivity=check(values, base, log_odds),
        typical=references.typical(bundle, rows.rows),
    )


def check(values: Matrix, base: float, log_odds: Matrix) -> float:
    """Return the largest gap between scores and sums of contributions.

    Raises
    ------
    Fault
        When it is above 1e-6, or a value is not a number.
    """
    if not len(values):
        return 0.0
    gap = float(np.abs(base + values.sum(axis=1) - log_odds).max())
    if not gap <= TOLERANCE:  # also when it is NaN
        raise Fault(
            f"base and contributions must add up to the score within {TOLERANCE:g}",
            f"they are apart by {gap:.3g} log-odds",
            "Do not use this explanation; report it with the model's name",
        )
    return gap


def _scorecard(
    bundle: Bundle,
    X: Matrix,
    columns: tuple[tuple[int, ...], ...],
    name: ReferenceName,
    cutoff: float | None,
) -> tuple[Reference, Matrix, float, str]:
    rows = references.choose(bundle, name, rows=len(bundle.applicants), cutoff=cutoff)
    if name == "population":  # points are centred over the training rows, so they are the values
        rows = Reference(name, rows.rows, ALL_TRAINING_ROWS)
        values, base = bundle.estimator.points(X), float(bundle.estimator.intercept_)
    else:
        values, base = bundle.estimator.contributions(X, rows.rows)
    return rows, _grouped(values, columns), base, "exact: points of the scorecard less their mean"


def _trees(
    bundle: Bundle,
    X: Matrix,
    columns: tuple[tuple[int, ...], ...],
    name: ReferenceName,
    cutoff: float | None,
) -> tuple[Reference, Matrix, float, str]:
    if name == "population":
        sample = references.choose(bundle, name, rows=len(bundle.reference))
        rows = Reference(name, sample.rows, f"{ALL_TRAINING_ROWS}, as the trees counted them")
        values, base = bundle.estimator.contributions(X)
        return rows, _grouped(values, columns), base, "exact: path-dependent TreeSHAP"
    rows = references.choose(bundle, name, rows=references.CUTOFF_ROWS, cutoff=cutoff)
    values, base = trees.interventional(_forest(bundle.estimator, columns), X, rows.rows)
    return rows, values, base, "exact: interventional TreeSHAP"


_forests: WeakKeyDictionary[Any, Forest] = WeakKeyDictionary()


def _forest(estimator: Any, columns: tuple[tuple[int, ...], ...]) -> Forest:
    """Return the trees of an estimator, read once: reading them takes longer than explaining a row."""
    found = _forests.get(estimator)
    if found is None:
        found = _forests[estimator] = Forest.of(estimator.booster_.dump_model(), columns)
    return found


def _network(
    bundle: Bundle,
    X: Matrix,
    columns: tuple[tuple[int, ...], ...],
    reference: Matrix,
    effort: Effort,
    seed: int,
) -> tuple[Matrix, Matrix, float, str]:
    game = sampling.Game.of(lambda rows: bundle.score_prepared(rows).log_odds, reference, columns)
    scores = bundle.score_prepared(X).log_odds
    values, errors = np.zeros((len(X), len(columns))), np.zeros((len(X), len(columns)))
    if len(columns) <= sampling.ENUMERATE_UP_TO:
        for i, row in enumerate(X):
            values[i] = sampling.exact(game, row, float(scores[i]))
        return values, errors, game.worth_of_none, "exact: all coalitions of features"
    pairs = _PAIRS[effort]
    orders = sampling.permutations(len(columns), pairs=pairs, seed=seed)
    for i, row in enumerate(X):
        values[i], errors[i] = sampling.estimated(game, row, float(scores[i]), orders)
    method = f"estimated: {pairs} paired permutations, with standard errors"
    return values, errors, game.worth_of_none, method


def _grouped(values: Matrix, columns: tuple[tuple[int, ...], ...]) -> Matrix:
    """Add up the matrix columns of each feature."""
    return np.column_stack([values[:, list(found)].sum(axis=1) for found in columns])
