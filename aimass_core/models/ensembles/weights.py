"""Weights of an ensemble's members, from their log-odds on rows they did not learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import expit

from aimass_core.evaluate.calibration import log_loss
from aimass_core.evaluate.discrimination import auc, average_precision

Floats = npt.NDArray[np.float64]

_NOTHING = 1e-6
"""A smaller share of the largest weight is taken for 0."""

_STEPS = 4  # on the way from the found weights to the best member alone


@dataclass(frozen=True, slots=True)
class Weights:
    """``log_odds = intercept + members' log-odds @ values``."""

    values: Floats
    intercept: float = 0.0

    def of(self, odds: Floats) -> Floats:
        """Return the combined log-odds of members' log-odds (n, members)."""
        return np.asarray(odds @ self.values + self.intercept)

    def spread(self, members: Sequence[int], count: int) -> Weights:
        """Return weights of `count` members in which those that were left out have 0."""
        values = np.zeros(count)
        values[list(members)] = self.values
        return Weights(values, self.intercept)


def measured(metric: str, y: Floats, log_odds: Floats) -> float:
    """Return a measure for which greater is better (log loss with its sign turned); NaN where undefined."""
    p = expit(log_odds)
    if metric == "log_loss":
        return -log_loss(y, p)
    return auc(y, p) if metric == "auc" else average_precision(y, p)


def blended(odds: Floats, y: Floats, weight: Floats, *, l2: float, sum_to_one: bool) -> Weights:
    """Minimise log loss over non-negative weights, by default with the sum 1 and no intercept.

    ``l2 / 2`` times the squared distance from equal weights is added to the sum of the losses, so
    that few rows or members much alike give nearly the plain mean.
    """
    if not sum_to_one:
        return stacked(odds, y, weight, l2=l2, final="logistic")
    members = odds.shape[1]
    equal = np.full(members, 1 / members)
    loss = _loss(odds, y, weight, equal, l2)
    found = optimize.minimize(
        loss,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * members,
        constraints={"type": "eq", "fun": lambda v: v.sum() - 1.0, "jac": lambda v: np.ones(members)},
        options={"maxiter": 500, "ftol": 1e-12},
    )
    values = _cleaned(found.x if np.isfinite(found.x).all() else equal)
    return Weights(values / values.sum())


def stacked(odds: Floats, y: Floats, weight: Floats, *, l2: float, final: str) -> Weights:
    """Fit non-negative weights and an intercept: `logistic` regression, or `ridge` (least squares).

    Both pull the weights towards equal ones that sum to 1, as strongly as `l2` rows of unit
    curvature. Ridge finds the proportions by least squares on the target, whose scale is not that
    of log-odds: a logistic fit of slope and intercept then sets the scale.
    """
    members = odds.shape[1]
    equal = np.full(members, 1 / members)
    if final == "ridge":
        root = np.sqrt(weight)[:, None]
        centre, middle = np.average(odds, axis=0, weights=weight), np.average(y, weights=weight)
        # Least squares of the target on probabilities' slope at even odds, a quarter per unit of log-odds.
        left = np.vstack([root * (odds - centre) / 4, np.sqrt(l2) / 4 * np.eye(members)])
        right = np.concatenate([root[:, 0] * (y - middle), np.sqrt(l2) / 4 * equal])
        values = _cleaned(optimize.nnls(left, right)[0])
        if not values.any():
            values = equal
        line = _logistic((odds @ values)[:, None], y, weight, np.ones(1), l2)
        if line.values[0] > 0:
            return Weights(values * line.values[0], line.intercept)
    return _logistic(odds, y, weight, equal, l2)


def towards_best(found: Weights, odds: Floats, y: Floats, *, metric: str) -> Weights:
    """Return the weights, moved towards the best member until they measure no worse than it does.

    In quarters of the way; the last is the best member alone. Where the measure is undefined the
    weights stay.
    """
    alone = [measured(metric, y, odds[:, k]) for k in range(odds.shape[1])]
    if np.isnan(alone).any():
        return found
    best = int(np.argmax(alone))
    only = np.zeros(odds.shape[1])
    only[best] = 1.0
    for step in range(_STEPS + 1):
        share = step / _STEPS
        moved = Weights((1 - share) * found.values + share * only, (1 - share) * found.intercept)
        if measured(metric, y, moved.of(odds)) >= alone[best]:
            return moved
    return Weights(only)


def step(odds: Floats, further: Floats, y: Floats, weight: Floats, *, most: float = 1.0) -> float:
    """Return how much of `further` log-odds to add to `odds` for the least log loss, 0 to `most`."""

    def loss(share: float) -> float:
        margin = odds + share * further
        return float(weight @ (np.logaddexp(0.0, margin) - y * margin))

    found = optimize.minimize_scalar(loss, bounds=(0.0, most), method="bounded", options={"xatol": 1e-4})
    shares = (0.0, float(found.x), most)
    return min(shares, key=loss)


def _logistic(odds: Floats, y: Floats, weight: Floats, prior: Floats, l2: float) -> Weights:
    members = odds.shape[1]
    wide = np.column_stack([odds, np.ones(len(odds))])
    loss = _loss(wide, y, weight, np.append(prior, 0.0), np.append(np.full(members, l2), 1e-6))
    found = optimize.minimize(
        loss,
        np.append(prior, 0.0),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * members + [(None, None)],
        options={"maxiter": 1_000, "ftol": 1e-14, "gtol": 1e-9},
    )
    values = _cleaned(found.x[:-1])
    if not values.any():  # no member says anything: their mean, which then says as little
        return Weights(prior)
    return Weights(values, float(found.x[-1]))


def _loss(
    odds: Floats, y: Floats, weight: Floats, prior: Floats, l2: float | Floats
) -> Callable[[Floats], tuple[float, Floats]]:
    total = weight.sum()

    def loss(values: Floats) -> tuple[float, Floats]:
        margin, pull = odds @ values, l2 * (values - prior)
        value = weight @ (np.logaddexp(0.0, margin) - y * margin) + 0.5 * pull @ (values - prior)
        gradient = odds.T @ (weight * (expit(margin) - y)) + pull
        return float(value / total), np.asarray(gradient / total)

    return loss


def _cleaned(values: Floats) -> Floats:
    kept = np.maximum(values, 0.0)
    return np.where(kept > _NOTHING * kept.max(initial=0.0), kept, 0.0)
