"""Bootstrap intervals of all measures at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aimass_core.evaluate.calibration import brier, log_loss, row_log_loss
from aimass_core.evaluate.discrimination import auc, average_precision, ks
from aimass_core.evaluate.measure import Measure
from aimass_core.evaluate.ranking import Floats, checked

KEYS = ("auc", "gini", "ks", "average_precision", "brier", "log_loss")
EXACT_ROWS = 20_000
"""Up to this many rows each replicate redraws rows; beyond, rows are drawn in groups of similar score."""
GROUPS = 10_000
_CHUNK = 4_000_000  # numbers held per array at a time: 32 MB


def measures(y: ArrayLike, p: ArrayLike, *, replicates: int = 200, seed: int = 0) -> dict[str, Measure]:
    """Measure a score and its uncertainty.

    Efron & Tibshirani (1993), "An introduction to the bootstrap": percentile intervals, rows redrawn within
    each class (stratified), so that a rare class keeps its size. Scores are sorted once; a replicate is a
    vector of counts over the sorted scores, so that every measure is a cumulative sum.

    Above 20,000 rows adjacent scores are joined into 10,000 groups, each class having half of them, and the
    interval is moved by the (tiny) difference that grouping makes to the measure itself.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    p : (n,) probability of class 1
    replicates : bootstrap samples; 0 leaves intervals out (NaN)
    seed : same seed, same intervals

    Returns
    -------
    dict
        `auc`, `gini`, `ks`, `average_precision`, `brier`, `log_loss`. Measures of ranking are NaN when only
        one class occurs; an interval is NaN when a class has fewer than two rows.

    Raises
    ------
    DataError
        As :func:`aimass_core.evaluate.ranking.checked`.
    """
    labels, scores = checked(y, p)
    area = auc(labels, scores)
    values = {
        "auc": area,
        "gini": 2 * area - 1,
        "ks": ks(labels, scores),
        "average_precision": average_precision(labels, scores),
        "brier": brier(labels, scores),
        "log_loss": log_loss(labels, scores),
    }
    smallest = min(int(labels.sum()), int((labels == 0).sum()))
    if replicates < 1 or smallest < 2:
        return {key: Measure(value=values[key]) for key in KEYS}
    drawn, shift = _draw(labels, scores, values, replicates=replicates, seed=seed)
    result = {}
    for key in KEYS:
        low, high = np.quantile(drawn[key], (0.025, 0.975)) + shift[key]
        result[key] = Measure(value=values[key], low=float(low), high=float(high))
    return result


def note(rows: int, replicates: int) -> str:
    """Say in one sentence how the intervals of so many rows are made."""
    if replicates < 1:
        return "No intervals were asked for."
    text = f"95% percentile intervals from {replicates:,} bootstrap samples, redrawn within each class"
    if rows > EXACT_ROWS:
        return f"{text}; above {EXACT_ROWS:,} rows scores are drawn in {GROUPS:,} groups of adjacent scores."
    return f"{text}."


Counts = NDArray[np.int64]


def _draw(
    labels: NDArray[np.int8], scores: Floats, values: dict[str, float], *, replicates: int, seed: int
) -> tuple[dict[str, Floats], dict[str, float]]:
    """Return replicates of every measure, shape (replicates,), and what to add for grouping."""
    distinct, position = np.unique(-scores, return_inverse=True)
    size, exact = distinct.size, labels.size <= EXACT_ROWS
    if not exact and size > GROUPS:
        position, size = _grouped(position, labels, size)
    of = {outcome: position[labels == outcome] for outcome in (1, 0)}
    counts = {outcome: np.bincount(of[outcome], minlength=size) for outcome in (1, 0)}
    losses = {
        outcome: _mean_losses(of[outcome], counts[outcome], scores[labels == outcome], outcome)
        for outcome in (1, 0)
    }
    generator = np.random.default_rng(seed)
    draw = {
        outcome: _rows_drawn(of[outcome], size) if exact else _groups_drawn(counts[outcome])
        for outcome in (1, 0)
    }
    chunk = max(1, min(replicates, _CHUNK // max(size, labels.size if exact else 1)))
    parts = []
    for start in range(0, replicates, chunk):
        times = min(chunk, replicates - start)
        parts.append(_measured(draw[1](generator, times), draw[0](generator, times), losses))
    drawn = {key: np.concatenate([part[key] for part in parts]) for key in KEYS}
    whole = _measured(counts[1][None, :], counts[0][None, :], losses)
    return drawn, {key: values[key] - float(whole[key][0]) for key in KEYS}


def _grouped(position: Counts, labels: NDArray[np.int8], size: int) -> tuple[Counts, int]:
    """Join adjacent scores into groups; half of the groups go to each class, however rare."""
    weight = np.zeros(size)
    for outcome in (1, 0):
        of_class = np.bincount(position[labels == outcome], minlength=size)
        weight += of_class / of_class.sum() / 2
    group = (np.cumsum(weight) * (GROUPS - 1)).astype(np.int64)
    kept, joined = np.unique(group, return_inverse=True)
    return joined[position], kept.size


def _mean_losses(position: Counts, counts: Counts, scores: Floats, outcome: int) -> tuple[Floats, Floats]:
    """Mean squared error and mean log loss of one class's rows at each place, shape (u,) each."""
    rows = counts.clip(min=1)
    squared = np.bincount(position, (scores - outcome) ** 2, counts.size) / rows
    return squared, np.bincount(position, row_log_loss(scores, outcome), counts.size) / rows


def _rows_drawn(position: Counts, size: int) -> Callable[[np.random.Generator, int], Counts]:
    """Redraw the rows of one class and count them by place."""

    def draw(generator: np.random.Generator, times: int) -> Counts:
        rows = generator.integers(0, position.size, (times, position.size), dtype=np.int32)
        places = position[rows] + np.arange(times)[:, None] * size
        return np.bincount(places.ravel(), minlength=times * size).reshape(times, size)

    return draw


def _groups_drawn(counts: Counts) -> Callable[[np.random.Generator, int], Counts]:
    """Draw how many rows of one class fall in each group: the same distribution, whatever the rows."""
    rows = int(counts.sum())

    def draw(generator: np.random.Generator, times: int) -> Counts:
        return generator.multinomial(rows, counts / rows, size=times)

    return draw


def _measured(bads: Counts, goods: Counts, losses: dict[int, tuple[Floats, Floats]]) -> dict[str, Floats]:
    """Measure samples given as counts by place, highest score first, shape (replicates, u)."""
    total_bads, total_goods = float(bads[0].sum()), float(goods[0].sum())
    bads_above, goods_above = np.cumsum(bads, axis=1), np.cumsum(goods, axis=1)
    pairs = np.einsum("ij,ij->i", goods, 2 * bads_above - bads)
    flagged = bads_above + goods_above
    precision = bads_above / flagged.clip(min=1)
    distance = np.abs(bads_above / total_bads - goods_above / total_goods)
    area = pairs / (2 * total_bads * total_goods)
    rows = total_bads + total_goods
    return {
        "auc": area,
        "gini": 2 * area - 1,
        "ks": distance.max(axis=1),
        "average_precision": np.einsum("ij,ij->i", bads.astype(np.float64), precision) / total_bads,
        "brier": (bads @ losses[1][0] + goods @ losses[0][0]) / rows,
        "log_loss": (bads @ losses[1][1] + goods @ losses[0][1]) / rows,
    }
