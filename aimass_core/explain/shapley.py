"""Why a model scores a row as it does: Shapley values on the log-odds scale, for every family."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aimass_core.bundle import Bundle
from aimass_core.errors import Fault
from aimass_core.explain import attribution, references
from aimass_core.explain.attribution import Attribution, Thoroughness
from aimass_core.explain.members import Members
from aimass_core.explain.references import Reference, ReferenceName

Matrix = npt.NDArray[np.float64]

TOLERANCE = 1e-6
"""Largest gap, in log-odds, between a score and its base plus contributions."""

ALL_TRAINING_ROWS = "mean of all training rows"

_STEP = 1e-6


@dataclass(frozen=True, slots=True)
class Explanation:
    """Contributions of the features to the log-odds of rows.

    Attributes
    ----------
    names : features, in the order of the model; a missing-indicator counts with its feature.
    values : contributions in log-odds, shape (n, features); positive raises the probability.
    errors : standard errors of the values, same shape; 0 where exact.
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
    effort: Thoroughness = "row",
    seed: int = 0,
) -> Explanation:
    """Explain prepared rows; a row's values do not depend on the rows it is explained with.

    What the estimator offers decides how: points and trees are exact (trees against the population as they
    counted it themselves: path-dependent TreeSHAP, LightGBM's own; against other references by their leaves),
    a weighted sum of models is the sum of its members' values against the same reference rows, and any
    other function of the matrix is exact with few features, otherwise estimated with standard errors.

    A calibrated score is the calibration of the raw log-odds: the values of those are stretched, row by row,
    so that they lead from the calibrated base to the calibrated log-odds.

    Parameters
    ----------
    X : rows as :meth:`Bundle.prepare` returns them, shape (n, p).
    cutoff : probability from which a row is declined or blocked; needed by reference `cutoff`.
    effort : `row` for one decision; `batch` for many rows, with fewer coalitions and reference rows.

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
    members = Members.of(bundle.estimator)
    rows, found = _counted(bundle, members, X, reference) or _compared(
        bundle, members, X, reference, cutoff, effort, seed
    )
    log_odds = bundle.score_prepared(X).log_odds
    found = _calibrated(bundle, found, X, log_odds)
    return Explanation(
        names=tuple(name for name, _ in bundle.players),
        values=found.values,
        errors=found.errors,
        base=found.base,
        log_odds=log_odds,
        reference=rows.name,
        reference_text=rows.text,
        method=found.method,
        additivity=check(found.values, found.base, log_odds),
        typical=references.typical(bundle, rows.rows),
    )


def seconds_a_row(bundle: Bundle, *, effort: Thoroughness = "row") -> float:
    """Return about how long one row takes to explain on a plain processor core; the same on every machine."""
    members = Members.of(bundle.estimator)
    return attribution.seconds_a_row(members, len(bundle.players), bundle.reference.shape[1], effort)


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


def _counted(
    bundle: Bundle, members: Members, X: Matrix, name: ReferenceName
) -> tuple[Reference, Attribution] | None:
    """Explain against all training rows where the model itself has counted them."""
    only, columns = members.only, tuple(found for _, found in bundle.players)
    if name != "population" or only is None or members.functions:
        return None
    sample = references.choose(bundle, name, rows=len(bundle.reference))
    if members.additive:  # points are centred over the training rows, so they are the values
        rows = Reference(name, sample.rows, ALL_TRAINING_ROWS)
        values, base = np.asarray(only.points(X)), float(only.intercept_)
        method = "exact: points less their mean"
    else:
        rows = Reference(name, sample.rows, f"{ALL_TRAINING_ROWS}, as the trees counted them")
        values, base = attribution.path_dependent(only, X)
        method = "exact: path-dependent TreeSHAP"
    values = attribution.grouped(values, columns)
    return rows, Attribution(values, np.zeros_like(values), base, method)


def _compared(
    bundle: Bundle,
    members: Members,
    X: Matrix,
    name: ReferenceName,
    cutoff: float | None,
    effort: Thoroughness,
    seed: int,
) -> tuple[Reference, Attribution]:
    columns = tuple(found for _, found in bundle.players)
    tried = attribution.effort(members, len(columns), X.shape[1], effort)
    if tried is not None:
        most = tried.references
    else:  # points take as many rows as there are
        most = attribution.REFERENCE_ROWS if members.trees else len(bundle.applicants)
    rows = references.choose(bundle, name, rows=most, cutoff=cutoff)
    return rows, attribution.attribute(members, X, rows.rows, columns, tried, seed=seed)


def _calibrated(bundle: Bundle, found: Attribution, X: Matrix, log_odds: Matrix) -> Attribution:
    if bundle.calibrator is None:
        return found
    raw = bundle.raw_log_odds(X)
    base = float(bundle.calibrated(np.array([found.base]))[0])
    apart = np.abs(raw - found.base) > _STEP
    ends = bundle.calibrated(np.array([found.base - _STEP, found.base + _STEP]))
    slope = float(ends[1] - ends[0]) / (2 * _STEP)  # what the ratio tends to as the score nears the base
    distance = np.where(apart, raw - found.base, 1.0)
    stretch = np.where(apart, (log_odds - base) / distance, slope)
    return Attribution(
        found.values * stretch[:, None],
        found.errors * np.abs(stretch)[:, None],
        base,
        f"{found.method}; stretched from raw to calibrated log-odds",
    )
