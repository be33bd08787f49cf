"""How well a score ranks bads above goods."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from aimass_core.evaluate.ranking import Ranking, checked, rank


def auc(y: ArrayLike, p: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a bad outranks a good, ties counting one half.

    Fawcett (2006), "An introduction to ROC analysis", Pattern Recognition Letters 27. Computed by
    scikit-learn.

    Parameters
    ----------
    y : (n,) labels, 1 = bad (the class the model looks for)
    p : (n,) probability of class 1

    Returns
    -------
    float
        From 0 to 1; NaN when only one class occurs.

    Raises
    ------
    DataError
        When the two do not fit each other.
    """
    labels, scores = checked(y, p)
    if labels.size == 0 or labels.min() == labels.max():
        return math.nan
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))


def gini(y: ArrayLike, p: ArrayLike) -> float:
    """Gini coefficient (accuracy ratio, Somers' D): 2 AUC − 1; NaN when only one class occurs.

    Hand & Till (2001), "A simple generalisation of the area under the ROC curve", Machine Learning 45.
    """
    return 2 * auc(y, p) - 1


def ks(y: ArrayLike, p: ArrayLike) -> float:
    """Kolmogorov–Smirnov statistic: the largest distance between the score distributions of bads and goods.

    Siddiqi (2017), "Intelligent Credit Scoring", chapter on scorecard performance. NaN for one class.
    """
    return ks_of(rank(y, p))


def ks_of(ranking: Ranking) -> float:
    """Kolmogorov–Smirnov statistic of ranked rows; NaN when only one class occurs."""
    if not ranking.two_classes:
        return math.nan
    distance = ranking.cumulative_bads / ranking.total_bads - ranking.cumulative_goods / ranking.total_goods
    return float(np.abs(distance).max())


def average_precision(y: ArrayLike, p: ArrayLike) -> float:
    """Area under the precision–recall curve as a step function: Σ (Rₙ − Rₙ₋₁) Pₙ.

    scikit-learn's definition (no interpolation: Davis & Goadrich 2006 show that linear interpolation is too
    optimistic). NaN when only one class occurs.
    """
    labels, scores = checked(y, p)
    if labels.size == 0 or labels.min() == labels.max():
        return math.nan
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores))
