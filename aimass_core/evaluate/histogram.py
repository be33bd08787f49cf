"""Scores by class, counted in bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.ranking import Floats, checked

LARGEST_LOG_ODDS = 20.0
"""Log-odds beyond ±20 (probability 2e-9) share the outermost bin."""


class ScoreHistogram(BaseModel):
    """Rows of each class per bin of the score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edges: tuple[float, ...] = Field(description="Bin edges, one more than bins.")
    bads: tuple[int, ...] = Field(description="Bads per bin.")
    goods: tuple[int, ...] = Field(description="Goods per bin.")


def probability_histogram(y: ArrayLike, p: ArrayLike, *, bins: int = 50) -> ScoreHistogram:
    """Count bads and goods in bins of equal width over probability 0 to 1."""
    labels, scores = checked(y, p)
    return _counted(scores, labels == 1, np.linspace(0, 1, bins + 1))


def log_odds_histogram(y: ArrayLike, p: ArrayLike, *, bins: int = 50) -> ScoreHistogram:
    """Count bads and goods in bins of equal width over the log-odds that occur.

    On this scale rare events can be seen apart, which crowd near 0 on the probability scale.
    """
    labels, scores = checked(y, p)
    with np.errstate(divide="ignore"):
        odds = np.clip(np.log(scores) - np.log1p(-scores), -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)
    low, high = (float(odds.min()), float(odds.max())) if odds.size else (-1.0, 1.0)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    return _counted(odds, labels == 1, np.linspace(low, high, bins + 1))


def _counted(values: Floats, bad: np.ndarray, edges: Floats) -> ScoreHistogram:
    return ScoreHistogram(
        edges=tuple(edges.tolist()),
        bads=tuple(np.histogram(values[bad], edges)[0].tolist()),
        goods=tuple(np.histogram(values[~bad], edges)[0].tolist()),
    )
