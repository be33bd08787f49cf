"""Curves of ranked rows, thinned to what a chart can show."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Floats, Ranking, spread

POINTS = 200
"""Most points a curve has; every point kept is exact, points between them are left out."""


class Curve(BaseModel):
    """A curve as parallel lists of equal length."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: tuple[Number, ...] = Field(description="Horizontal values.")
    y: tuple[Number, ...] = Field(description="Vertical values.")
    threshold: tuple[Number, ...] = Field(
        description="Rows with this probability or more are flagged; NaN where none is."
    )


class KsCurve(BaseModel):
    """Shares of bads and goods flagged as the threshold falls."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: tuple[Number, ...] = Field(description="Rows with this probability or more are flagged.")
    bads: tuple[Number, ...] = Field(description="Share of all bads flagged.")
    goods: tuple[Number, ...] = Field(description="Share of all goods flagged.")
    best_threshold: Number = Field(description="Threshold where the two are farthest apart.")
    value: Number = Field(description="That distance: the KS statistic.")


class GainsCurve(BaseModel):
    """Bads found when the riskiest share of rows is looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: tuple[Number, ...] = Field(description="Share of all rows looked at, riskiest first.")
    capture: tuple[Number, ...] = Field(description="Share of all bads among them (cumulative gain).")
    lift: tuple[Number, ...] = Field(description="Capture over share: times better than chance.")
    threshold: tuple[Number, ...] = Field(description="Lowest probability among them.")


def roc(ranking: Ranking) -> Curve:
    """ROC curve: false positive rate (x) against true positive rate (y), from (0, 0) to (1, 1).

    Fawcett (2006), algorithm 1. Empty when only one class occurs.
    """
    if not ranking.two_classes:
        return _EMPTY
    at = _positions(ranking)
    return Curve(
        x=(0.0, *_listed(ranking.cumulative_goods[at] / ranking.total_goods)),
        y=(0.0, *_listed(ranking.cumulative_bads[at] / ranking.total_bads)),
        threshold=(math.nan, *_listed(ranking.scores[at])),
    )


def pr(ranking: Ranking) -> Curve:
    """Precision–recall curve: recall (x) against precision (y) as the threshold falls.

    Davis & Goadrich (2006), "The relationship between precision-recall and ROC curves". The first point is
    (0, 1) by scikit-learn's convention. Empty when only one class occurs.
    """
    if not ranking.two_classes:
        return _EMPTY
    at = _positions(ranking)
    found = ranking.cumulative_bads[at]
    return Curve(
        x=(0.0, *_listed(found / ranking.total_bads)),
        y=(1.0, *_listed(found / (found + ranking.cumulative_goods[at]))),
        threshold=(math.nan, *_listed(ranking.scores[at])),
    )


def ks_curve(ranking: Ranking) -> KsCurve:
    """Cumulative distributions of bads and goods and the place where they are farthest apart.

    Siddiqi (2017), "Intelligent Credit Scoring". Empty when only one class occurs.
    """
    if not ranking.two_classes:
        return KsCurve(threshold=(), bads=(), goods=(), best_threshold=math.nan, value=math.nan)
    bads = ranking.cumulative_bads / ranking.total_bads
    goods = ranking.cumulative_goods / ranking.total_goods
    best = int(np.abs(bads - goods).argmax())
    at = _positions(ranking)
    return KsCurve(
        threshold=_listed(ranking.scores[at]),
        bads=_listed(bads[at]),
        goods=_listed(goods[at]),
        best_threshold=float(ranking.scores[best]),
        value=float(abs(bads[best] - goods[best])),
    )


def gains(ranking: Ranking) -> GainsCurve:
    """Cumulative gains and lift over the share of rows looked at, riskiest first.

    Siddiqi (2017); Ling & Li (1998), "Data mining for direct marketing". Empty when no bad occurs.
    """
    if not ranking.total_bads:
        return GainsCurve(share=(), capture=(), lift=(), threshold=())
    at = _positions(ranking)
    share = (ranking.cumulative_bads + ranking.cumulative_goods)[at] / ranking.rows
    capture = ranking.cumulative_bads[at] / ranking.total_bads
    return GainsCurve(
        share=_listed(share),
        capture=_listed(capture),
        lift=_listed(capture / share),
        threshold=_listed(ranking.scores[at]),
    )


def _positions(ranking: Ranking) -> NDArray[np.int64]:
    at = spread(ranking, POINTS - 2)
    if not ranking.two_classes:
        return at
    bads = ranking.cumulative_bads / ranking.total_bads
    goods = ranking.cumulative_goods / ranking.total_goods
    return np.unique(np.append(at, np.abs(bads - goods).argmax()))


def _listed(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())


_EMPTY = Curve(x=(), y=(), threshold=())
