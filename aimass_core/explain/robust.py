"""How unusual a value is among a few others, whatever the odd ones among those are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LIMIT = 3.5
"""Modified z-score from which a value is unusual: Iglewicz and Hoaglin (1993)."""
FEWEST = 5
"""Fewest values that one can be compared with."""
_MAD = 0.6745
"""Median absolute deviation of a standard normal variable."""
_MEAN = math.sqrt(2 / math.pi)
"""Its mean absolute deviation."""


@dataclass(frozen=True, slots=True)
class Robust:
    """A value against others.

    Attributes
    ----------
    z : modified z-score; infinite where all others are one value and it is another; NaN where it cannot be.
    median : of the others; NaN without any.
    scale : what one step of z is in the unit of the values; 0 where all others are one value.
    known : others that are known.
    """

    z: float
    median: float
    scale: float
    known: int

    @property
    def unusual(self) -> bool:
        """Whether it is beyond 3.5; False where it cannot be told."""
        return abs(self.z) > LIMIT


def modified_z(value: float, others: npt.NDArray[np.float64]) -> Robust:
    """Return the modified z-score of a value: 0.6745 · (value − median) / MAD.

    MAD is the median absolute deviation from the median; where more than half of the values are equal it
    is 0, and the mean absolute deviation over that of a normal variable (0.7979) takes its place. Source:
    Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers, ASQC Quality Press.

    Parameters
    ----------
    others : values to compare with, shape (n,); NaN is left out. Fewer than 5 are too few: z is NaN.
    """
    known = others[np.isfinite(others)]
    if not len(known):
        return Robust(math.nan, math.nan, math.nan, 0)
    median = float(np.median(known))
    apart = np.abs(known - median)
    scale = float(np.median(apart)) / _MAD or float(apart.mean()) / _MEAN
    if len(known) < FEWEST or not math.isfinite(value):
        return Robust(math.nan, median, scale, len(known))
    if scale == 0:
        away = value - median
        return Robust(math.copysign(math.inf, away) if away else 0.0, median, 0.0, len(known))
    return Robust((value - median) / scale, median, scale, len(known))
