"""Which candidates earn a place in a mean of log-odds, judged on rows they have not learnt from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_PICKS = 8
_CLEAR = 0.5  # standard errors of the gain per row that a place takes
_SAME = 1e-12


def log_losses(log_odds: Floats, y: Floats) -> Floats:
    """Return the log loss of each row, natural logarithm."""
    return np.asarray(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds)))


def choose(scores: Sequence[Floats], y: Floats) -> Floats:
    """Return the weight of each candidate, summing to 1; 0 without a place.

    Starts with the best and adds, again and again, the one that lowers the mean log loss of the uniform mean
    of log-odds most (ensemble selection with replacement, Caruana et al., ICML 2004), while it gains clearly.

    Parameters
    ----------
    scores : log-odds of each candidate, shape (n,) each; NaN for rows it was not judged on. The first that
        was judged on most rows sets the rows that the start is chosen on.
    y : target, 0 or 1, shape (n,).
    """
    judged = [np.isfinite(score) for score in scores]
    most = max(int(rows.sum()) for rows in judged)
    full = [k for k, rows in enumerate(judged) if rows.sum() == most]
    rows = judged[full[0]]
    start = min(full, key=lambda k: float(log_losses(scores[k][rows], y[rows]).mean()))
    picks = [start]
    total, held = scores[start].copy(), judged[start].copy()
    while len(picks) < _PICKS:
        best, best_gain = None, 0.0
        for k, score in enumerate(scores):
            common = held & judged[k]
            if not common.any():
                continue
            before = log_losses(total[common] / len(picks), y[common])
            after = log_losses((total[common] + score[common]) / (len(picks) + 1), y[common])
            gain = before - after
            error = float(gain.std()) / math.sqrt(len(gain))
            clear = float(gain.mean()) - _CLEAR * error
            if clear > max(best_gain, _SAME):
                best, best_gain = k, clear
        if best is None:
            break
        picks.append(best)
        total, held = total + scores[best], held & judged[best]
    return np.asarray(np.bincount(picks, minlength=len(scores)) / len(picks))


def mean(scores: Sequence[Floats], weights: Floats) -> Floats:
    """Return the weighted mean of log-odds, of each row over those that judged it; NaN where none did."""
    total, held = np.zeros(len(scores[0])), np.zeros(len(scores[0]))
    for score, weight in zip(scores, weights, strict=True):
        known = np.isfinite(score)
        total[known] += weight * score[known]
        held[known] += weight
    return np.asarray(np.divide(total, held, out=np.full(len(total), math.nan), where=held > 0))
