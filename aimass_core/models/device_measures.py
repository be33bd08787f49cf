"""Measures of a ranking on the device that holds the scores, equal to scikit-learn's."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST = torch.finfo(torch.float64).eps


def log_loss(target: Tensor, log_odds: Tensor) -> float:
    """Return the mean negative log likelihood, natural logarithm, of log-odds.

    Computed from probabilities kept 2.2e-16 away from 0 and 1, as scikit-learn does.
    """
    p = torch.sigmoid(log_odds.double()).clamp(SMALLEST, 1 - SMALLEST)
    return float(-torch.where(target > 0.5, p.log(), torch.log1p(-p)).mean())


def auc(target: Tensor, scores: Tensor) -> float:
    """Return the area under the ROC curve, ties counting one half; NaN when only one class occurs."""
    positive, total = _tied(target, scores)
    positives = positive.sum()
    negative = total - positive
    negatives = negative.sum()
    # Scores descend: a positive wins against every negative after its own tie, half of those in it.
    below = negatives - negative.cumsum(0)
    return float((positive * (below + 0.5 * negative)).sum() / (positives * negatives))


def average_precision(target: Tensor, scores: Tensor) -> float:
    """Return the mean precision over the steps of recall, a step per distinct score (NaN: no positives)."""
    positive, total = _tied(target, scores)
    precision = positive.cumsum(0) / total.cumsum(0)
    return float((positive * precision).sum() / positive.sum())


MEASURES = {"auc": auc, "average_precision": average_precision}


def measure(metric: str, target: Tensor, log_odds: Tensor) -> float:
    """Return a validation measure of log-odds: greater is better, so the log loss with its sign turned."""
    if metric == "log_loss":
        return -log_loss(target, log_odds)
    return MEASURES[metric](target, log_odds)


def _tied(target: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return positives and rows at each distinct score, from the highest to the lowest, float64."""
    ordered, order = torch.sort(scores.double(), descending=True)
    positive = target.double()[order].cumsum(0)
    last = torch.ones_like(ordered, dtype=torch.bool)
    last[:-1] = ordered[1:] != ordered[:-1]
    ends = torch.nonzero(last).squeeze(1)
    steps = positive[ends]
    rows = (ends + 1).double()
    zero = steps.new_zeros(1)
    return torch.diff(steps, prepend=zero), torch.diff(rows, prepend=zero)
