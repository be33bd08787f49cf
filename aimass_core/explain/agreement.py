"""Whether two models have the same reasons: for features as a whole, and row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import wilson
from aimass_core.explain.contributions import LEAST_ROWS, Contributions, Z
from aimass_core.explain.reasons import PRINCIPAL

DRAWS = 1_000
"""Draws of the interval of a rank correlation."""
NO_TOP = "none"
"""What the top reason is called of a row against which nothing speaks."""

Vector = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Share:
    """A share or a mean of shares with its 95 % interval; NaN where undefined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Both:
    """One feature in both models: mean absolute contribution, share of all, and rank (1 = most important).

    A feature that a model does not use counts 0 there.
    """

    feature: str
    mean_a: float
    mean_b: float
    share_a: float
    share_b: float
    rank_a: int
    rank_b: int
    correlation: float
    """Pearson's, of its contributions in the two models over the rows; NaN where one is constant."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A row for which the two models have different reasons; `distance` from 0 (same) to 1."""

    row: int
    distance: float
    top_a: str
    top_b: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two models agree on reasons, over rows that both explained.

    Attributes
    ----------
    ranks : Spearman's correlation of the features' mean absolute contributions.
    top : share of rows with the same top reason (or none in both).
    principal : mean overlap of the rows' principal reasons, at most four: shared ones by the longer list.
    features : the most important first, by the mean of both shares.
    apart : the rows that differ most.
    """

    rows: int
    names: tuple[str, ...]
    ranks: Share
    top: Share
    principal: Share
    features: tuple[Both, ...]
    apart: tuple[Apart, ...]


def common(a: Contributions, b: Contributions) -> tuple[Contributions, Contributions]:
    """Return both for the rows of both, over the features of either; what one lacks contributes 0 there."""
    rows = np.intersect1d(a.rows, b.rows)
    names = (*a.names, *(name for name in b.names if name not in a.names))
    made = []
    for found in (a, b):
        order = np.argsort(found.rows, kind="stable")
        places = order[np.searchsorted(found.rows[order], rows)]
        values = np.zeros((len(rows), len(names)))
        values[:, [names.index(name) for name in found.names]] = found.values[places]
        made.append(Contributions(rows, names, values))
    return made[0], made[1]


def agreement(a: Contributions, b: Contributions, *, most: int = 50, seed: int = 0) -> Agreement:
    """Measure how far two models agree on reasons.

    The distance of a row's reasons is half the sum of |a_j / Σ|a| - b_j / Σ|b||: of signed shares, so that
    it does not count that one model's scores reach further than the other's.

    Parameters
    ----------
    a, b : as :func:`common` returns them: same rows, same features.
    most : rows returned of those that differ most.

    Raises
    ------
    DataError
        When there are fewer than 30 rows.
    """
    if len(a) < LEAST_ROWS:
        raise DataError(
            f"comparing reasons needs at least {LEAST_ROWS} test rows that both models explained",
            f"there are {len(a):,}",
            "Explain all test rows of both runs under Many rows",
        )
    top_a, top_b = a.top(), b.top()
    same = int((top_a == top_b).sum())
    overlap = _overlap(a.values, b.values)
    error = Z * float(overlap.std(ddof=1)) / math.sqrt(len(overlap))
    apart = _distance(a.values, b.values)
    order = np.lexsort((a.rows, -np.round(apart, 9)))[:most]
    order = order[apart[order] > 1e-9]
    named = (*a.names, NO_TOP)
    return Agreement(
        rows=len(a),
        names=a.names,
        ranks=_ranks(np.abs(a.values), np.abs(b.values), seed=seed),
        top=Share(same / len(a), *wilson(same, len(a))),
        principal=Share(
            float(overlap.mean()),
            max(0.0, float(overlap.mean()) - error),
            min(1.0, float(overlap.mean()) + error),
        ),
        features=_features(a, b),
        apart=tuple(
            Apart(int(a.rows[i]), float(apart[i]), named[int(top_a[i])], named[int(top_b[i])]) for i in order
        ),
    )


def _features(a: Contributions, b: Contributions) -> tuple[Both, ...]:
    mean_a, mean_b = a.importance(), b.importance()
    share_a, share_b = (
        mean / mean.sum() if mean.sum() > 0 else np.zeros_like(mean) for mean in (mean_a, mean_b)
    )
    rank_a, rank_b = (rankdata(-np.round(mean, 9), method="min") for mean in (mean_a, mean_b))
    centred = [found.values - found.values.mean(axis=0) for found in (a, b)]
    spread = [np.sqrt((values**2).sum(axis=0)) for values in centred]
    least = 1e-9 * math.sqrt(len(a))
    together = (centred[0] * centred[1]).sum(axis=0)
    made = [
        Both(
            feature=name,
            mean_a=float(mean_a[j]),
            mean_b=float(mean_b[j]),
            share_a=float(share_a[j]),
            share_b=float(share_b[j]),
            rank_a=int(rank_a[j]),
            rank_b=int(rank_b[j]),
            correlation=float(np.clip(together[j] / (spread[0][j] * spread[1][j]), -1, 1))
            if min(spread[0][j], spread[1][j]) > least
            else math.nan,
        )
        for j, name in enumerate(a.names)
    ]
    return tuple(sorted(made, key=lambda item: -round(item.share_a + item.share_b, 9)))


def _overlap(a: Vector, b: Vector) -> Vector:
    """Return for each row the principal reasons shared, by the longer list; 1 where neither has any."""
    sets = []
    for values in (a, b):
        left, each = np.round(values, 9), np.arange(len(values))
        chosen = np.zeros(values.shape, dtype=bool)
        for _ in range(min(PRINCIPAL, values.shape[1])):
            best = left.argmax(axis=1)  # the first of equals, as reasons are ranked
            chosen[each, best] |= left[each, best] > 0
            left[each, best] = 0.0
        sets.append(chosen)
    longer = np.maximum(sets[0].sum(axis=1), sets[1].sum(axis=1))
    shared = (sets[0] & sets[1]).sum(axis=1)
    return np.asarray(np.where(longer > 0, shared / longer.clip(min=1), 1.0))


def _distance(a: Vector, b: Vector) -> Vector:
    shares = []
    for values in (a, b):
        total = np.abs(values).sum(axis=1, keepdims=True)
        shares.append(np.divide(values, total, out=np.zeros_like(values), where=total > 0))
    return np.asarray(np.abs(shares[0] - shares[1]).sum(axis=1) / 2)


def _ranks(a: Vector, b: Vector, *, seed: int) -> Share:
    """Spearman's correlation of mean absolute contributions, and its interval over the choice of rows.

    The means of both models together are about normal with covariance / n: percentiles of the correlation
    over draws of them (a parametric bootstrap; Efron & Tibshirani 1993, 6.5). NaN with fewer than 3 features,
    or when a model's are all alike.
    """
    p = a.shape[1]
    value = _spearman(a.mean(axis=0)[None], b.mean(axis=0)[None])[0]
    if p < 3 or value != value:
        return Share(math.nan, math.nan, math.nan)
    both = np.hstack([a, b])
    mean, covariance = both.mean(axis=0), np.atleast_2d(np.cov(both, rowvar=False)) / len(both)
    size, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(size.clip(min=0))
    drawn = mean + np.random.default_rng(seed).normal(size=(DRAWS, 2 * p)) @ root.T
    found = _spearman(np.maximum(drawn[:, :p], 0.0), np.maximum(drawn[:, p:], 0.0))
    low, high = np.nanquantile(found, (0.025, 0.975))
    return Share(float(value), float(min(low, value)), float(max(high, value)))


def _spearman(a: Vector, b: Vector) -> Vector:
    ranks = [rankdata(np.round(values, 9), axis=1) for values in (a, b)]
    centred = [found - found.mean(axis=1, keepdims=True) for found in ranks]
    spread = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    together = (centred[0] * centred[1]).sum(axis=1)
    found = np.divide(together, spread, out=np.full(len(spread), np.nan), where=spread > 0)
    return np.asarray(found, dtype=np.float64)
