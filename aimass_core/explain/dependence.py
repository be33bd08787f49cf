"""How one feature acts: its contribution against its value, and the features it interacts with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError
from aimass_core.evaluate.conditions import Feature
from aimass_core.explain.contributions import LEAST_ROWS, Contributions, Z, mean_error
from aimass_core.explain.grouping import Groups, group

BINS = 20
"""Most ranges or labels a feature's own values are cut into."""
OTHER_BINS = 4
"""Most ranges or labels of the other feature, within each range of its own."""
LEAST_STRENGTH = 0.01
"""Share of a contribution's variance from which on an interaction is called one."""
POINTS = 1_000
"""Most rows drawn one by one."""

FORMULA = (
    "Strength: the share of the contribution's variance that is left within ranges of its own value (after a "
    "straight line in each) and that up to four ranges or labels of the other feature explain, adjusted for "
    "their number; 0% is none. From 1%, and beyond chance, it counts as an interaction."
)
"""The measure of interaction, for a person."""

Vector = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ValueBin:
    """Rows of like value: how many, their mean contribution and its 95 % interval, log-odds.

    `middle` is the median value, NaN for a label and for missing values.
    """

    text: str
    rows: int
    mean: float
    low: float
    high: float
    middle: float
    missing: bool


@dataclass(frozen=True, slots=True)
class Interaction:
    """How much of a feature's contribution hangs on another feature.

    `strength` is the share of the contribution's variance; `left` the share of what its own value leaves
    open; `found` whether it is 1 % or more and beyond chance at 5 %, for all features together.
    """

    feature: str
    strength: float
    left: float
    found: bool


@dataclass(frozen=True, slots=True)
class Dependence:
    """One feature's contributions by its value.

    Attributes
    ----------
    ordered : whether values are numbers or dates, so that they lie on an axis.
    bins : in order of value; missing comes last.
    unexplained : share of the contribution's variance within the bins; 0 when the value alone decides.
    interactions : all other features, the strongest first.
    """

    feature: str
    ordered: bool
    rows: int
    bins: tuple[ValueBin, ...]
    unexplained: float
    interactions: tuple[Interaction, ...]

    @property
    def strongest(self) -> Interaction | None:
        """The interaction that counts most, None where none counts."""
        return next((item for item in self.interactions if item.found), None)


def others(features: Sequence[Feature]) -> tuple[Groups, ...]:
    """Return the ranges or labels that each feature is told apart by when another is looked at."""
    return tuple(group(feature, most=OTHER_BINS) for feature in features)


def dependence(
    found: Contributions,
    features: Sequence[Feature],
    name: str,
    *,
    apart: Sequence[Groups] | None = None,
) -> Dependence:
    """Say how a feature acts, and which others change what it does.

    The measure of interaction is a two-way analysis of variance within ranges of the feature's own value (as
    shap's `approximate_interactions`, made a share of variance and tested): with residuals r of the
    contribution after bin means and slopes, and cells of own bin × other bin,
    strength = (1 - (SS_cells / df_cells) / (SS_r / df_r)) · SS_r / SS_total, at least 0; Fisher's F test.
    A feature that goes along with another can look like it.

    Parameters
    ----------
    features : values of every feature of `found`, in its order, for its rows.
    apart : what :func:`others` returns for them, so that it need not be found again.

    Raises
    ------
    DataError
        When there are fewer than 30 rows.
    """
    if len(found) < LEAST_ROWS:
        raise DataError(
            f"how a feature acts needs at least {LEAST_ROWS} explained rows", f"there are {len(found):,}"
        )
    j = found.names.index(name)
    own, values = features[j], found.values[:, j]
    groups = group(own, most=min(BINS, max(2, len(found) // LEAST_ROWS)))
    rows, mean, error = mean_error(values[:, None], groups.codes, len(groups.texts))
    bins = tuple(
        ValueBin(
            text=text,
            rows=int(rows[k]),
            mean=float(mean[k, 0]),
            low=float(mean[k, 0] - Z * error[k, 0]),
            high=float(mean[k, 0] + Z * error[k, 0]),
            middle=groups.middles[k],
            missing=k == groups.missing,
        )
        for k, text in enumerate(groups.texts)
    )
    total = float(((values - values.mean()) ** 2).sum())
    rest, used = _rest(values, own, groups)
    left = float((rest**2).sum())
    made = [
        _interaction(second, groups, other, rest, used, left=left, total=total, tests=len(features) - 1)
        for second, other in zip(found.names, apart or others(features), strict=True)
        if second != name
    ]
    return Dependence(
        feature=name,
        ordered=not own.labels,
        rows=len(found),
        bins=bins,
        unexplained=left / total if total > 0 else 0.0,
        interactions=tuple(sorted(made, key=lambda item: (not item.found, -item.strength, item.feature))),
    )


def sampled(rows: int, *, most: int = POINTS, seed: int = 0) -> Ints:
    """Return the positions of a seeded sample of rows, in order; all of them when there are few enough."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def _rest(values: Vector, own: Feature, groups: Groups) -> tuple[Vector, int]:
    """Return the residuals after bin means and, for numbers, a line in each bin; and the terms used."""
    codes, size = groups.codes, len(groups.texts)
    rows = np.bincount(codes, minlength=size).clip(min=1)
    rest = values - (np.bincount(codes, values, size) / rows)[codes]
    used = int((np.bincount(codes, minlength=size) > 0).sum())
    if own.labels:
        return rest, used
    x = np.nan_to_num(own.values)
    x = x - (np.bincount(codes, x, size) / rows)[codes]
    spread = np.bincount(codes, x**2, size)
    sloped = spread > 1e-12 * max(1.0, float(spread.max()))
    slope = np.where(sloped, np.bincount(codes, x * rest, size) / np.where(sloped, spread, 1.0), 0.0)
    return rest - slope[codes] * x, used + int(sloped.sum())


def _interaction(
    name: str, own: Groups, other: Groups, rest: Vector, used: int, *, left: float, total: float, tests: int
) -> Interaction:
    from scipy.stats import f

    cells = own.codes * len(other.texts) + other.codes
    size = len(own.texts) * len(other.texts)
    rows = np.bincount(cells, minlength=size)
    between = float((np.bincount(cells, rest, size) ** 2 / rows.clip(min=1)).sum())
    bins = len(np.unique(own.codes))
    added = int((rows > 0).sum()) - bins
    freedom = len(rest) - used - added
    nothing = left <= 1e-12 * total or total <= 1e-18
    if nothing or added < 1 or freedom < 1:
        return Interaction(name, 0.0, 0.0, False)
    within = max(0.0, left - between)
    share = max(0.0, 1 - (within / freedom) / (left / (len(rest) - used)))
    strength = share * left / total
    ratio = (between / added) / (within / freedom) if within > 0 else np.inf
    chance = float(f.sf(ratio, added, freedom))
    return Interaction(name, strength, share, strength >= LEAST_STRENGTH and chance < 0.05 / max(1, tests))
