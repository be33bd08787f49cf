"""Weak spots: groups of rows, told in plain words, for which a model is clearly worse than for the rest.

A shallow tree on each row's loss finds the groups on one half of the rows; they are measured on the other
half, so that what was searched for does not flatter what is reported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import DataError
from aimass_core.evaluate.calibration import row_log_loss, wilson
from aimass_core.evaluate.compare import delong_covariance
from aimass_core.evaluate.conditions import Condition, Feature, Mask, candidates, words
from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Floats, checked

By = Literal["surprise", "loss"]
DEPTH = 3
MIN_ROWS = 100
SEARCHED = 50_000
"""Rows the tree is grown on at most, a seeded sample."""
_LEVEL = 0.05
_LEAST_GAP = 0.02  # of bad rate, loss or AUC: what is smaller matters to nobody, however sure it is

Kind = Literal["underestimates", "overestimates", "overconfident", "ranks poorly", ""]


class Segment(BaseModel):
    """One group of rows, measured on rows that had no part in finding it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(description='Which rows: "age < 25 and limit < 50,000".')
    rows: int = Field(description="Rows of the measuring half in it.")
    share: float = Field(description="Share of the measuring half.")
    bads: int = Field(description="Bads among them.")
    predicted: Number = Field(description="Mean probability.")
    observed: Number = Field(description="Bad rate.")
    observed_low: Number = Field(description="Lower end of its 95 % Wilson interval.")
    observed_high: Number = Field(description="Upper end of its 95 % Wilson interval.")
    loss: Number = Field(description="Mean log loss.")
    expected_loss: Number = Field(description="Mean log loss if the model's own probabilities were right.")
    auc: Number = Field(description="AUC within the segment.")
    auc_low: Number = Field(description="Lower end of its 95 % DeLong interval.")
    auc_high: Number = Field(description="Upper end of its 95 % DeLong interval.")
    auc_expected: Number = Field(
        description="AUC within the segment if the model's own probabilities were right; rows of like risk "
        "are hard to rank, and it says how hard."
    )
    weak: tuple[Kind, ...] = Field(
        description="In what the model is clearly worse here; empty when in nothing."
    )


class Segments(BaseModel):
    """All groups the tree found, the weakest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: By = Field(description="surprise: loss beyond what the model expects itself; loss: log loss.")
    segments: tuple[Segment, ...] = Field(description="Together they are all rows of the measuring half.")
    rows_searched: int = Field(description="Rows the groups were found on.")
    rows_measured: int = Field(description="Rows they were measured on.")
    min_rows: int = Field(description="Fewest rows a group may have in the searching half.")
    loss: Number = Field(description="Mean log loss of the measuring half.")
    auc: Number = Field(description="AUC of the measuring half.")

    @property
    def weak(self) -> tuple[Segment, ...]:
        """The weak spots among them."""
        return tuple(segment for segment in self.segments if segment.weak)


def row_loss(y: ArrayLike, p: ArrayLike, by: By = "surprise") -> Floats:
    """Return the loss of each row, shape (n,).

    `loss` is log loss. `surprise` is log loss less the entropy of p, that is less the loss the model expects
    itself: its mean is 0 wherever probabilities are right, however risky the rows are.
    """
    labels, scores = checked(y, p)
    bad, good = row_log_loss(scores, 1), row_log_loss(scores, 0)
    loss = np.where(labels == 1, bad, good)
    return loss if by == "loss" else loss - (scores * bad + (1 - scores) * good)


def expected_auc(p: ArrayLike) -> float:
    """Return the AUC that probabilities would have if they were right: Σ pᵢ(1 − pⱼ)[pᵢ > pⱼ] / Σ pᵢ(1 − pⱼ).

    NaN without rows, or when no row can be bad or none can be good.
    """
    distinct, position = np.unique(np.asarray(p, dtype=np.float64), return_inverse=True)
    rows = np.bincount(position, minlength=distinct.size)
    bads, goods = rows * distinct, rows * (1 - distinct)
    pairs = float(bads.sum() * goods.sum())
    below = np.cumsum(goods) - goods
    return float((bads * (below + goods / 2)).sum()) / pairs if pairs > 0 else math.nan


def weak_spots(
    y: ArrayLike,
    p: ArrayLike,
    features: Sequence[Feature],
    *,
    by: By = "surprise",
    depth: int = DEPTH,
    min_rows: int = MIN_ROWS,
    seed: int = 0,
) -> Segments:
    """Find the groups of rows for which a model is worst, and say for which of them that is certain.

    A group is a weak spot when, on the measuring half, its bad rate differs from the mean probability, its
    loss is above what the model expects, or its AUC is below what the model expects among rows of such risk:
    each by a test at 5 % for all groups together (Bonferroni), and by 0.02 at least.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    p : (n,) probability of class 1
    features : what rows may be told apart by
    depth : conditions per group at most
    min_rows : fewest rows of a group in the half it is found on
    seed : of the halves

    Raises
    ------
    DataError
        When there are too few rows for two halves with two groups each.
    """
    labels, scores = checked(y, p)
    if labels.size < 4 * min_rows:
        raise DataError(
            f"weak spots need at least {4 * min_rows:,} test rows",
            f"there are {labels.size:,}",
            "Use more rows, or allow smaller groups",
        )
    random = np.random.default_rng(seed)
    half = np.zeros(labels.size, dtype=bool)
    for outcome in (0, 1):  # both halves have the same bad rate
        rows = random.permutation(np.flatnonzero(labels == outcome))
        half[rows[: rows.size // 2]] = True
    found = np.flatnonzero(half)
    if found.size > SEARCHED:
        found = np.sort(random.permutation(found)[:SEARCHED])
    loss = row_loss(labels, scores, by)
    searched = [_part(feature, found) for feature in features]
    paths = _grow(searched, loss[found], depth=depth, min_rows=min_rows)
    rest = np.flatnonzero(~half)
    measured = [_part(feature, rest) for feature in features]
    z = _z(_LEVEL / (4 * max(1, len(paths))))  # three one- or two-sided tests a group, four tails in all
    made = [_measure(path, features, measured, labels[rest], scores[rest], z) for path in paths]
    area = _area(labels[rest], scores[rest])[0]
    return Segments(
        by=by,
        segments=tuple(sorted(made, key=lambda item: (not item.weak, -_excess(item, by)))),
        rows_searched=found.size,
        rows_measured=rest.size,
        min_rows=min_rows,
        loss=float(row_loss(labels[rest], scores[rest], "loss").mean()),
        auc=area,
    )


def _excess(segment: Segment, by: By) -> float:
    value = segment.loss if by == "loss" else segment.loss - segment.expected_loss
    return -math.inf if value != value else value


def _part(feature: Feature, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Feature:
    return Feature(feature.name, feature.values[rows], feature.labels, feature.show)


def _grow(
    features: Sequence[Feature], loss: Floats, *, depth: int, min_rows: int
) -> list[tuple[Condition, ...]]:
    """Grow a regression tree on the loss (CART, Breiman et al. 1984); returns the path to each leaf.

    It always takes the split that lowers the squared error most: whether a leaf is weak is for the other half
    to say.
    """
    tried = candidates(features)
    holds = [condition.holds(features) for condition in tried]
    leaves: list[tuple[Condition, ...]] = []

    def split(inside: Mask, path: tuple[Condition, ...]) -> None:
        best = _best(holds, inside, loss, min_rows) if len(path) < depth else None
        if best is None:
            leaves.append(path)
            return
        split(inside & holds[best], (*path, tried[best]))
        split(inside & ~holds[best], (*path, tried[best].opposite))

    split(np.ones(loss.size, dtype=bool), ())
    return leaves


def _best(holds: Sequence[Mask], inside: Mask, loss: Floats, min_rows: int) -> int | None:
    rows = np.flatnonzero(inside)
    if rows.size < 2 * min_rows:
        return None
    part = loss[rows] - loss[rows].mean()
    gains = np.zeros(len(holds))
    for j, mask in enumerate(holds):
        chosen = mask[rows]
        count = int(chosen.sum())
        if min_rows <= count <= rows.size - min_rows:
            total = float(part[chosen].sum())
            gains[j] = total**2 * (1 / count + 1 / (rows.size - count))
    best = int(gains.argmax()) if gains.size else 0
    return best if gains.size and gains[best] > 0 else None


def _measure(
    path: tuple[Condition, ...],
    whole: Sequence[Feature],
    features: Sequence[Feature],
    y: np.ndarray[tuple[int], np.dtype[np.int8]],
    p: Floats,
    z: float,
) -> Segment:
    inside = np.ones(y.size, dtype=bool)
    for condition in path:
        inside &= condition.holds(features)
    labels, scores = y[inside], p[inside]
    rows, bads = labels.size, int(labels.sum())
    low, high = wilson(bads, rows)
    area, error = _area(labels, scores)
    expected = expected_auc(scores)
    losses = row_loss(labels, scores, "loss")
    surprise = row_loss(labels, scores, "surprise")
    weak: list[Kind] = []
    if rows:
        gap = float(labels.mean() - scores.mean())
        if abs(gap) > max(_LEAST_GAP, z * math.sqrt(float((scores * (1 - scores)).sum())) / rows):
            weak.append("underestimates" if gap > 0 else "overestimates")
        # variance of the surprise if probabilities are right: p (1 - p) times the squared log-odds
        spread = math.sqrt(float((scores * (1 - scores) * _log_odds(scores) ** 2).sum())) / rows
        if not weak and float(surprise.mean()) > max(_LEAST_GAP, z * spread):
            weak.append("overconfident")
        if expected - area > max(_LEAST_GAP, z * error):
            weak.append("ranks poorly")
    return Segment(
        text=words(path, whole),
        rows=rows,
        share=rows / y.size,
        bads=bads,
        predicted=float(scores.mean()) if rows else math.nan,
        observed=bads / rows if rows else math.nan,
        observed_low=low,
        observed_high=high,
        loss=float(losses.mean()) if rows else math.nan,
        expected_loss=float((losses - surprise).mean()) if rows else math.nan,
        auc=area,
        auc_low=max(0.0, area - 1.959964 * error),
        auc_high=min(1.0, area + 1.959964 * error) if error == error else math.nan,
        auc_expected=expected,
        weak=tuple(weak),
    )


def _area(y: np.ndarray[tuple[int], np.dtype[np.int8]], p: Floats) -> tuple[float, float]:
    """AUC and its standard error; NaN with fewer than two rows of a class."""
    bads = int(y.sum())
    if min(bads, y.size - bads) < 2:
        return math.nan, math.nan
    areas, covariance = delong_covariance(y, p)
    return float(areas[0]), math.sqrt(max(0.0, float(covariance[0, 0])))


def _log_odds(p: Floats) -> Floats:
    return row_log_loss(p, 0) - row_log_loss(p, 1)


def _z(tail: float) -> float:
    from scipy.stats import norm

    return float(norm.isf(tail))
