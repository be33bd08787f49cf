"""From a raw anomaly score to the share of training rows that are less unusual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import logit

Floats = npt.NDArray[np.float64]

KNOTS = 513
"""Most places at which the map is exact; half of them are spread over the tails."""


@dataclass(frozen=True)
class Unusualness:
    """A strictly increasing map of raw scores to log-odds of "more unusual than a training row".

    At each knot it is the logit of the share of training rows with a lower score, rows of equal score
    counting half (Hazen's plotting position); between knots it is linear in the raw score, and beyond
    the lowest and highest training score it goes on as a logarithm, so that it keeps the order of any
    two scores and stays finite. It says how unusual a row is, not how probable fraud is.

    Attributes
    ----------
    scores : raw scores at the knots, ascending, at least two; shape (k,).
    log_odds : their values, strictly ascending; shape (k,).
    """

    scores: Floats
    log_odds: Floats

    @classmethod
    def fit(cls, scores: Floats, weight: Floats) -> Self:
        """Learn the map from the raw scores of training rows; rows of weight 0 count as absent."""
        kept = weight > 0
        distinct, where = np.unique(scores[kept], return_inverse=True)
        mass = np.bincount(where, weights=weight[kept])
        # A row counts half of itself, so that no share is 0 or 1.
        share = (np.cumsum(mass) - mass / 2) / mass.sum()
        if len(distinct) == 1:
            only = float(distinct[0])
            return cls(np.array([only, only + max(1.0, abs(only))]), np.array([0.0, 1.0]))
        odds = logit(share)
        wanted = np.concatenate(
            [np.linspace(odds[0], odds[-1], KNOTS // 2), logit(np.linspace(share[0], share[-1], KNOTS // 2))]
        )
        at = np.unique(np.searchsorted(odds, wanted).clip(0, len(odds) - 1))
        at = np.union1d(at, [0, len(odds) - 1])
        return cls(distinct[at], odds[at])

    def apply(self, scores: Floats) -> Floats:
        """Return the log-odds of raw scores, shape (n,); finite and in the same order."""
        found = np.interp(scores, self.scores, self.log_odds)
        for end, sign in ((0, -1.0), (-1, 1.0)):
            beyond = sign * (scores - self.scores[end])
            outside = beyond > 0
            if outside.any():
                near = end + 1 if end == 0 else end - 1
                width = abs(float(self.scores[end] - self.scores[near]))
                rise = abs(float(self.log_odds[end] - self.log_odds[near]))
                # Starts with the slope of the last segment and flattens.
                found[outside] = self.log_odds[end] + sign * np.log1p(beyond[outside] * (rise / width))
        return np.asarray(found)

    def to_json(self) -> dict[str, Any]:
        """Return the knots as JSON values."""
        return {"scores": self.scores.tolist(), "log_odds": self.log_odds.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_json`."""
        return cls(np.array(data["scores"], dtype=np.float64), np.array(data["log_odds"], dtype=np.float64))
