"""Correcting log-odds so that probabilities mean what they say, without changing the order of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from aimass_core.errors import DataError
from aimass_core.evaluate.ranking import checked

Floats = NDArray[np.float64]
Fitted = Literal["platt", "isotonic"]
Method = Literal["none", "platt", "isotonic"]
Asked = Literal["none", "platt", "isotonic", "auto"]

METHODS: tuple[Method, ...] = ("none", "platt", "isotonic")
FITTED: tuple[Fitted, ...] = ("platt", "isotonic")
FOLDS = 5
LEAST_SLOPE = 1e-3
"""Least rise of a calibrated log-odds per raw one: the order of rows is never lost, not even of two."""
_KNOTS = 200  # of an isotonic map; more would follow noise and swell the file
_STEPS = 100
_CLEAR = 2.0  # standard errors of the mean gain in log loss that a method must be ahead by


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A rising, piecewise linear map of log-odds; beyond its ends it goes on with the given slopes.

    Attributes
    ----------
    method : how it was made.
    knots, values : raw log-odds, strictly rising, and what they become, strictly rising; shape (k,).
    low_slope, high_slope : rise below the first and above the last knot, both positive.
    """

    method: Fitted
    knots: tuple[float, ...]
    values: tuple[float, ...]
    low_slope: float
    high_slope: float

    def __post_init__(self) -> None:
        knots, values = np.array(self.knots), np.array(self.values)
        sound = len(knots) == len(values) > 0 and np.isfinite(knots).all() and np.isfinite(values).all()
        rising = sound and (np.diff(knots) > 0).all() and (np.diff(values) > 0).all()
        if not rising or not (self.low_slope > 0 and self.high_slope > 0):
            raise DataError(
                "a calibration must rise with the log-odds", "this one does not", "Train it again"
            )

    def apply(self, log_odds: ArrayLike) -> Floats:
        """Return calibrated log-odds, same shape."""
        raw = np.asarray(log_odds, dtype=np.float64)
        knots, values = np.array(self.knots), np.array(self.values)
        found = np.interp(raw, knots, values)
        found = np.where(raw < knots[0], values[0] + self.low_slope * (raw - knots[0]), found)
        high = values[-1] + self.high_slope * (raw - knots[-1])
        return np.asarray(np.where(raw > knots[-1], high, found))

    def slope(self, log_odds: ArrayLike) -> Floats:
        """Return how much the calibrated log-odds rise per raw one, same shape; at a knot, to its right."""
        raw = np.asarray(log_odds, dtype=np.float64)
        knots, values = np.array(self.knots), np.array(self.values)
        slopes = np.concatenate(([self.low_slope], np.diff(values) / np.diff(knots), [self.high_slope]))
        return np.asarray(slopes[np.searchsorted(knots, raw, side="right")])

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads."""
        return {
            "method": self.method,
            "knots": list(self.knots),
            "values": list(self.values),
            "low_slope": self.low_slope,
            "high_slope": self.high_slope,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Calibrator:
        """Read a calibrator.

        Raises
        ------
        DataError
            When it is none, or does not rise.
        """
        try:
            if content["method"] not in FITTED:
                raise ValueError(f"method '{content['method']}'")
            return cls(
                method=content["method"],
                knots=tuple(float(value) for value in content["knots"]),
                values=tuple(float(value) for value in content["values"]),
                low_slope=float(content["low_slope"]),
                high_slope=float(content["high_slope"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError("a calibration must be readable", f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class Chosen:
    """The calibration chosen for a score.

    Attributes
    ----------
    method : what was chosen.
    calibrator : the map, fitted to all rows; None for `none`.
    losses : mean log loss of each method compared, on rows it was not fitted to; empty without a comparison.
    reason : why it was chosen, for a person.
    """

    method: Method
    calibrator: Calibrator | None
    losses: dict[Method, float]
    reason: str


def fit(method: Fitted, log_odds: ArrayLike, y: ArrayLike) -> Calibrator:
    """Learn a calibration from rows the model has not learnt from.

    ``platt`` is logistic regression on the log-odds with smoothed targets (Platt 1999, after Lin, Lin & Weng
    2007); a slope that is not positive becomes the least one. ``isotonic`` is isotonic regression of the
    outcome (Zadrozny & Elkan 2002) on smoothed counts, joined by lines in log-odds so that it rises
    everywhere.

    Parameters
    ----------
    log_odds : (n,) raw scores. y : (n,) labels, 1 = bad.

    Raises
    ------
    DataError
        When a class is absent, or a score is not finite.
    """
    raw, labels = _checked(log_odds, y)
    return _platt(raw, labels) if method == "platt" else _isotonic(raw, labels)


def choose(asked: Asked, log_odds: ArrayLike, y: ArrayLike, *, seed: int = 0) -> Chosen:
    """Choose and fit a calibration; ``auto`` takes the one with the least log loss in cross-fitting.

    The rows are cut into five parts, class by class; each method is fitted to four and judged on the fifth.
    It must beat no calibration by two standard errors of the mean gain per row: chance does not choose.

    Raises
    ------
    DataError
        As :func:`fit`.
    """
    if asked == "none":
        return Chosen("none", None, {}, "Not asked for.")
    if asked != "auto":
        return Chosen(asked, fit(asked, log_odds, y), {}, "As asked for.")
    raw, labels = _checked(log_odds, y)
    folds = min(FOLDS, int(labels.sum()), int(len(labels) - labels.sum()))
    if folds < 2:
        return Chosen("none", None, {}, "Too few rows of one class to compare methods.")
    losses = _cross_fitted(raw, labels, folds, seed)
    means = {method: float(loss.mean()) for method, loss in losses.items()}
    best = min(FITTED, key=lambda method: means[method])
    gain = losses["none"] - losses[best]
    error = float(gain.std(ddof=1) / math.sqrt(len(gain)))
    if gain.mean() <= _CLEAR * error:
        return Chosen("none", None, means, "No method gains clearly over the scores as they are.")
    reason = f"It lowers the mean log loss by {gain.mean():.4f} (standard error {error:.4f})."
    return Chosen(best, fit(best, raw, labels), means, reason)


def _cross_fitted(raw: Floats, labels: Floats, folds: int, seed: int) -> dict[Method, Floats]:
    """Return the log loss of each row under each method, fitted without the row's fold."""
    random = np.random.default_rng(seed)
    fold = np.empty(len(labels), dtype=np.int64)
    for outcome in (0, 1):
        rows = np.flatnonzero(labels == outcome)
        fold[rows] = random.permutation(len(rows)) % folds
    found: dict[Method, Floats] = {method: np.empty(len(labels)) for method in METHODS}
    for number in range(folds):
        held_out = fold == number
        learnt = ~held_out
        found["none"][held_out] = _losses(raw[held_out], labels[held_out])
        for method in FITTED:
            calibrator = fit(method, raw[learnt], labels[learnt])
            found[method][held_out] = _losses(calibrator.apply(raw[held_out]), labels[held_out])
    return found


def _losses(log_odds: Floats, labels: Floats) -> Floats:
    return np.asarray(np.logaddexp(0.0, np.where(labels == 1, -log_odds, log_odds)))


def _checked(log_odds: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    raw = np.asarray(log_odds, dtype=np.float64)
    labels, _ = checked(y, expit(raw))
    if not np.isfinite(raw).all():
        raise DataError(
            "scores must be finite to be calibrated", f"{int((~np.isfinite(raw)).sum()):,} are not"
        )
    if not labels.size or labels.min() == labels.max():
        raise DataError(
            "a calibration needs rows of both classes",
            f"all {len(labels):,} rows are of one",
            "Keep more rows for validation, or leave the calibration out",
        )
    return raw, labels.astype(np.float64)


def _platt(raw: Floats, labels: Floats) -> Calibrator:
    """Fit ``slope * raw + offset`` by Newton's method, halving steps that do not lower the loss."""
    bads, goods = float(labels.sum()), float(len(labels) - labels.sum())
    wanted = np.where(labels == 1, (bads + 1) / (bads + 2), 1 / (goods + 2))
    middle, scale = float(raw.mean()), float(raw.std()) or 1.0
    x = (raw - middle) / scale

    def loss(at: Floats) -> float:
        odds = at[0] * x + at[1]
        return float((np.logaddexp(0.0, odds) - wanted * odds).sum())

    at = np.array([scale, middle])
    best = loss(at)
    for _ in range(_STEPS):
        p = expit(at[0] * x + at[1])
        gradient = np.array([((p - wanted) * x).sum(), (p - wanted).sum()])
        weight = p * (1 - p)
        cross = (weight * x).sum()
        curvature = np.array([[(weight * x * x).sum() + 1e-9, cross], [cross, weight.sum() + 1e-9]])
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-10 and not loss(at - size * step) < best:
            size /= 2
        if size <= 1e-10:
            break
        at = at - size * step
        gained, best = best - loss(at), loss(at)
        if gained < 1e-12 * max(1.0, abs(best)):
            break
    slope = max(LEAST_SLOPE, float(at[0] / scale))
    if slope == LEAST_SLOPE:  # the scores say nothing, or the opposite: the mean is all that can be said
        return Calibrator("platt", (middle,), (float(logit(wanted.mean())),), slope, slope)
    return Calibrator("platt", (middle,), (float(at[1]),), slope, slope)


def _isotonic(raw: Floats, labels: Floats) -> Calibrator:
    """Join the blocks of isotonic regression by lines; the ends go on with the slope of Platt's line."""
    from scipy.optimize import isotonic_regression

    scores, group = np.unique(raw, return_inverse=True)
    rows, bads = np.bincount(group).astype(np.float64), np.bincount(group, labels)
    starts = isotonic_regression(bads / rows, weights=rows).blocks[:-1]
    if len(starts) > _KNOTS:
        starts = starts[np.unique(np.linspace(0, len(starts) - 1, _KNOTS).round().astype(np.int64))]
    counts, bads = np.add.reduceat(rows, starts), np.add.reduceat(bads, starts)
    knots = np.add.reduceat(scores * rows, starts) / counts
    # Counts are smoothed towards the share of all rows, as a block of only goods is not proof of certainty.
    share = labels.mean()
    values = logit((bads + share) / (counts + 1.0))
    line = _platt(raw, labels)
    values = _risen(knots, values)
    return Calibrator(
        "isotonic", tuple(knots.tolist()), tuple(values.tolist()), line.low_slope, line.high_slope
    )


def _risen(knots: Floats, values: Floats) -> Floats:
    """Lift values so that each step rises by the least slope at least; knots rise strictly."""
    found = [float(values[0])]
    for step, value in zip(np.diff(knots), values[1:], strict=True):
        least = found[-1] + LEAST_SLOPE * float(step)
        found.append(max(float(value), least, float(np.nextafter(found[-1], np.inf))))
    return np.array(found)
