"""Which candidates earn a place in a mean of log-odds, judged on rows they have not learnt from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_PICKS = 8
_CLEAR = 0.5  # standard errors of the gain per row that a change takes
_SAME = 1e-12


def log_losses(log_odds: Floats, y: Floats) -> Floats:
    """Return the log loss of each row, natural logarithm."""
    return np.asarray(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds)))


def choose(scores: Sequence[Floats], y: Floats, families: Sequence[str]) -> Floats:
    """Return the weight of each candidate, summing to 1; 0 without a place.

    Begins with the uniform mean of the best candidate of each family, for a mean of unlike models is rarely
    far from the best of them, and takes out, one after another, those that clearly harm it. Then candidates
    are added, again and again, while that clearly helps (ensemble selection with replacement, Caruana et al.,
    ICML 2004). Both are judged by the mean log loss of the rows that all members were judged on.

    Parameters
    ----------
    scores : log-odds of each candidate, shape (n,) each; NaN for rows it was not judged on.
    y : target, 0 or 1, shape (n,). families : of each candidate.
    """
    judged = [np.isfinite(score) for score in scores]
    picks = _thinned(_best_of_each(scores, judged, y, families), scores, judged, y)
    while len(picks) < max(_PICKS, len(set(families))):
        helped = [(_gain(scores, y, judged, picks, [*picks, k]), k) for k in range(len(scores))]
        best, k = max(helped)
        if best <= _SAME:
            break
        picks.append(k)
    return np.asarray(np.bincount(picks, minlength=len(scores)) / len(picks))


def _best_of_each(
    scores: Sequence[Floats], judged: Sequence[Bools], y: Floats, families: Sequence[str]
) -> list[int]:
    """Return the best candidate of each family, among those of it that were judged on most rows."""
    found = []
    for family in dict.fromkeys(families):
        own = [k for k, other in enumerate(families) if other == family and judged[k].any()]
        most = max((int(judged[k].sum()) for k in own), default=0)
        full = [k for k in own if judged[k].sum() == most]
        if full:
            found.append(
                min(full, key=lambda k: float(log_losses(scores[k][judged[k]], y[judged[k]]).mean()))
            )
    return found


def _thinned(picks: list[int], scores: Sequence[Floats], judged: Sequence[Bools], y: Floats) -> list[int]:
    """Take out what clearly harms the mean: first among those judged on most rows, then among all."""
    most = max(int(judged[k].sum()) for k in picks)
    kept = [k for k in picks if judged[k].sum() == most]
    partial = [k for k in picks if k not in kept]
    for further in ([], partial):
        kept = [*kept, *further]
        while len(kept) > 1:
            helped = [(_gain(scores, y, judged, kept, [m for m in kept if m != k]), k) for k in kept]
            best, worst = max(helped)
            if best <= _SAME:
                break
            kept.remove(worst)
    return kept


def _gain(
    scores: Sequence[Floats], y: Floats, judged: Sequence[Bools], before: Sequence[int], after: Sequence[int]
) -> float:
    """Return how much log loss the mean of `after` clearly gains on that of `before`; below 0: not clearly.

    Clearly: by more than some standard errors of the gain per row.
    """
    rows = np.logical_and.reduce([judged[k] for k in (*before, *after)])
    if not rows.any():
        return -math.inf
    first, second = (
        log_losses(np.mean([scores[k][rows] for k in members], axis=0), y[rows])
        for members in (before, after)
    )
    gain = first - second
    return float(gain.mean() - _CLEAR * gain.std() / math.sqrt(len(gain)))


def mean(scores: Sequence[Floats], weights: Floats) -> Floats:
    """Return the weighted mean of log-odds, of each row over those that judged it; NaN where none did."""
    total, held = np.zeros(len(scores[0])), np.zeros(len(scores[0]))
    for score, weight in zip(scores, weights, strict=True):
        known = np.isfinite(score)
        total[known] += weight * score[known]
        held[known] += weight
    return np.asarray(np.divide(total, held, out=np.full(len(total), math.nan), where=held > 0))
