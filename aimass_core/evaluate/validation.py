"""What training again on other rows, fewer rows or fewer features has shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.compare import Z, delong
from aimass_core.evaluate.folds import Fold, FoldSummary
from aimass_core.evaluate.learning_curve import LearningCurve
from aimass_core.evaluate.measure import Number

Method = Literal["folds", "time", "group", "learning-curve", "feature-groups"]
METHODS: tuple[Method, ...] = ("folds", "time", "group", "learning-curve", "feature-groups")


class GroupGain(BaseModel):
    """What a group of features adds: AUC of the whole model less AUC of one trained without the group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What the group is called.")
    features: tuple[str, ...] = Field(description="Features left out together.")
    auc_without: Number = Field(description="Mean AUC without the group.")
    gain: Number = Field(description="Mean gain in AUC over the seeds.")
    spread: Number = Field(description="Standard deviation of the gain over the seeds; NaN for one.")
    low: Number = Field(description="Lower end of the gain's 95 % interval.")
    high: Number = Field(description="Upper end of the gain's 95 % interval.")
    fits: int = Field(description="Number of seeds.")

    @property
    def verdict(self) -> Literal["helps", "harms", "open"]:
        """Whether the model is better with the group; open when the interval holds 0 or there is none."""
        if self.low > 0:
            return "helps"
        return "harms" if self.high < 0 else "open"


class Validation(BaseModel):
    """The result of one validation; what does not belong to its method is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = Field(description="What was varied.")
    folds: tuple[Fold, ...] = Field(default=(), description="Fits of folds, time and group.")
    summary: dict[str, FoldSummary] = Field(default_factory=dict, description="Measures over the folds.")
    curve: LearningCurve | None = Field(default=None, description="Of learning-curve.")
    groups: tuple[GroupGain, ...] = Field(default=(), description="Of feature-groups, most gain first.")
    full_auc: Number = Field(default=math.nan, description="Mean AUC with all features; of feature-groups.")
    test_rows: int = Field(default=0, description="Rows that all fits of a curve or of groups share.")
    fits: int = Field(default=0, description="Models trained.")
    notes: tuple[str, ...] = Field(default=(), description="What a reader must know.")


def group_gain(
    name: str,
    features: Sequence[str],
    y: ArrayLike,
    whole: Mapping[int, ArrayLike],
    without: Mapping[int, ArrayLike],
) -> GroupGain:
    """Measure what a group adds, from scores of the same test rows with and without it.

    The variance of the mean gain is that of DeLong's paired test (the rows, which all seeds share) plus that
    of the mean over the seeds.

    Parameters
    ----------
    y : (n,) labels, 1 = bad
    whole, without : seed → (n,) probabilities
    """
    found = [delong(y, whole[seed], without[seed]) for seed in sorted(without)]
    gains = np.array([difference.value for difference in found])
    mean = float(gains.mean())
    spread = float(gains.std(ddof=1)) if gains.size > 1 else math.nan
    by_rows = float(np.mean([((d.high - d.low) / (2 * Z)) ** 2 for d in found]))
    by_seeds = spread**2 / gains.size if gains.size > 1 else 0.0
    half = Z * math.sqrt(by_rows + by_seeds)
    return GroupGain(
        name=name,
        features=tuple(features),
        auc_without=float(np.mean([difference.b for difference in found])),
        gain=mean,
        spread=spread,
        low=mean - half,
        high=mean + half,
        fits=len(found),
    )
