"""Would more data help? Quality by number of training rows, and what that says of more of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.measure import Number

WORTH = 0.002
"""Gain in AUC that is worth the trouble of finding more data."""

_SLOWEST = 2**-0.1

Answer = Literal["yes", "a little", "no", "unclear"]


class CurvePoint(BaseModel):
    """Fits on one number of training rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(description="Training rows.")
    mean: Number = Field(description="Mean AUC on the test rows.")
    spread: Number = Field(description="Standard deviation over the seeds; NaN for one.")
    low: Number = Field(description="Lowest of the seeds.")
    high: Number = Field(description="Highest of the seeds.")
    fits: int = Field(description="Number of seeds.")


class LearningCurve(BaseModel):
    """Points by number of rows, and the answer in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: tuple[CurvePoint, ...] = Field(description="By number of training rows, ascending.")
    last_gain: Number = Field(description="Mean gain of the last doubling.")
    last_error: Number = Field(description="Standard error of it over the seeds.")
    next_gain: Number = Field(description="What another doubling is expected to bring.")
    answer: Answer = Field(description="Whether more data would help.")
    text: str = Field(description="The answer in words.")


def learning_curve(rows: Sequence[int], values: Sequence[Sequence[float]]) -> LearningCurve:
    """Read a learning curve.

    The next doubling is expected to bring the last one's gain times the rate at which gains shrink: those of
    a power law, as learning curves mostly are (Viering & Loog 2023, "The shape of learning curves"), with an
    exponent of 0.1 at least, so that the next gain is never foretold to be larger than the last. A gain
    counts when it is two standard errors above 0; the seeds' spread does not hold the chance in the test
    rows, which all fits share.

    Parameters
    ----------
    rows : training rows of each point, ascending
    values : AUC of each seed at each point, all points the same seeds

    Returns
    -------
    LearningCurve
        Unclear when there are fewer than two points, or a value is undefined.
    """
    table = np.asarray(values, dtype=np.float64).reshape(len(rows), -1)
    points = tuple(_point(count, row) for count, row in zip(rows, table, strict=True))
    if len(points) < 2 or not np.isfinite(table).all():
        return LearningCurve(
            points=points,
            last_gain=math.nan,
            last_error=math.nan,
            next_gain=math.nan,
            answer="unclear",
            text="There are too few fits to say whether more data would help.",
        )
    doublings = np.log2(np.array(rows[1:]) / np.array(rows[:-1]))
    gains = np.diff(table, axis=0) / doublings[:, None]
    last = float(gains[-1].mean())
    fits = table.shape[1]
    error = float(gains[-1].std(ddof=1) / math.sqrt(fits)) if fits > 1 else math.nan
    following = last * _rate(gains.mean(axis=1))
    answer = _answer(last, error, following)
    text = _TEXTS[answer].format(
        rows=f"{rows[-1]:,}",
        last=f"{last:+.4f}",
        spread=f" (standard error {error:.4f} over {fits} seeds)" if error == error else "",
        following=f"{following:+.4f}",
    )
    return LearningCurve(
        points=points, last_gain=last, last_error=error, next_gain=following, answer=answer, text=text
    )


_TEXTS: dict[Answer, str] = {
    "yes": "Yes. The last doubling of the training rows, to {rows}, brought {last} AUC{spread}; another may "
    "bring about {following}.",
    "a little": "A little. The last doubling of the training rows, to {rows}, brought {last} AUC{spread}; "
    "another may bring about {following}.",
    "no": "No. The last doubling of the training rows, to {rows}, brought {last} AUC{spread}: the curve is "
    "flat. Better features would help more.",
    "unclear": "This cannot be told. The last doubling of the training rows, to {rows}, brought {last} "
    "AUC{spread}: within chance. More seeds, or more test rows, would tell.",
}


def _answer(last: float, error: float, following: float) -> Answer:
    margin = 2 * error if error == error else WORTH
    if last - margin > 0:
        return "yes" if following >= WORTH else "a little" if following >= WORTH / 4 else "no"
    return "no" if last + margin < 2 * WORTH else "unclear"


def _rate(gains: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """How the gain of a doubling shrinks from one to the next, 0 to 0.93: the geometric mean rate."""
    if gains[-1] <= 0:
        return 0.0
    before = [gain for gain in gains[:-1] if gain > 0]
    if len(gains) > 1 and not before:
        return _SLOWEST
    if not before:
        return 0.7  # of one gain nothing can be seen: error falls as the square root of the rows
    return float(min(_SLOWEST, (gains[-1] / before[0]) ** (1 / len(before))))


def _point(rows: int, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> CurvePoint:
    return CurvePoint(
        rows=rows,
        mean=float(values.mean()) if values.size else math.nan,
        spread=float(values.std(ddof=1)) if values.size > 1 else math.nan,
        low=float(values.min()) if values.size else math.nan,
        high=float(values.max()) if values.size else math.nan,
        fits=int(values.size),
    )
