"""Conditions on one feature that cut rows in two, and how a chain of them reads in plain words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aimass_core.evaluate.ranking import Floats

CUTS = 31
"""Most thresholds tried per number: quantiles, rounded to numbers a person can remember."""
FEW = 100
"""Distinct values (ages, counts) up to which each of them is tried."""
LABELS = 30
"""Most labels tried per category, the most frequent."""
_DIGITS = 3

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Feature:
    """One feature of the rows in which weak spots are looked for.

    Attributes
    ----------
    values : (n,) numbers, or codes of categories; NaN where missing.
    labels : text of each code; none for a number.
    show : how a number reads.
    """

    name: str
    values: Floats
    labels: tuple[str, ...] = ()
    show: Callable[[float], str] = field(default=lambda value: f"{value:,.6g}")


@dataclass(frozen=True, slots=True)
class Condition:
    """`feature` below or from `cut` on, is or is not a label, is or is not missing.

    `sign` is one of "<", ">=", "is", "is not", "missing", "known". Rows without a value hold for ">=", for
    "is not" and for "missing".
    """

    feature: int
    sign: str
    cut: float = math.nan

    def holds(self, features: Sequence[Feature]) -> Mask:
        """Rows for which it holds, shape (n,)."""
        values = features[self.feature].values
        missing = np.isnan(values)
        with np.errstate(invalid="ignore"):
            if self.sign == "<":
                return np.asarray(values < self.cut)
            if self.sign == ">=":
                return np.asarray((values >= self.cut) | missing)
            if self.sign == "is":
                return np.asarray(values == self.cut)
            if self.sign == "is not":
                return np.asarray(values != self.cut)
        return np.asarray(missing if self.sign == "missing" else ~missing)

    @property
    def opposite(self) -> Condition:
        """The condition of all other rows."""
        return Condition(self.feature, _OPPOSITE[self.sign], self.cut)


_OPPOSITE = {"<": ">=", ">=": "<", "is": "is not", "is not": "is", "missing": "known", "known": "missing"}


def candidates(features: Sequence[Feature]) -> list[Condition]:
    """Return the conditions worth trying on these rows; of each pair of opposites one."""
    found: list[Condition] = []
    for j, feature in enumerate(features):
        known = feature.values[~np.isnan(feature.values)]
        if known.size and known.size < feature.values.size:
            found.append(Condition(j, "missing"))
        if feature.labels:
            codes, counts = np.unique(known, return_counts=True)
            order = np.argsort(-counts, kind="stable")[:LABELS]
            found += [Condition(j, "is", float(codes[i])) for i in sorted(order)] if len(codes) > 1 else []
        elif known.size:
            found += [Condition(j, "<", cut) for cut in _cuts(known)]
    return found


def _cuts(known: Floats) -> list[float]:
    distinct = np.unique(known)
    if distinct.size <= FEW:
        middles = distinct[1:]
        return [float(cut) for cut in middles]
    quantiles = np.quantile(known, np.linspace(0, 1, CUTS + 2)[1:-1], method="inverted_cdf")
    rounded = {_rounded(float(cut)) for cut in quantiles}
    return sorted(cut for cut in rounded if distinct[0] < cut <= distinct[-1])


def _rounded(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    places = _DIGITS - 1 - math.floor(math.log10(abs(value)))
    return float(round(value, places))


def words(path: Sequence[Condition], features: Sequence[Feature]) -> str:
    """Say which rows hold for all conditions: "age < 25 and limit < 50,000"; "all rows" for none."""
    parts: list[str] = []
    for j in dict.fromkeys(condition.feature for condition in path):
        of_feature = [condition for condition in path if condition.feature == j]
        parts.append(_of_one(of_feature, features[j]))
    return " and ".join(parts) or "all rows"


def _of_one(conditions: Sequence[Condition], feature: Feature) -> str:
    signs = {sign: [c.cut for c in conditions if c.sign == sign] for sign in _OPPOSITE}
    if signs["missing"]:
        return f"{feature.name} is missing"
    known = bool(signs["known"])
    if signs["is"]:
        return f"{feature.name} is {feature.labels[int(signs['is'][0])]}"
    if signs["is not"]:
        listed = ", ".join(feature.labels[int(code)] for code in signs["is not"])
        return f"{feature.name} is {'known and ' if known else ''}not {listed}"
    low = max(signs[">="], default=None)
    high = min(signs["<"], default=None)
    if low is not None and high is not None:
        return f"{feature.name} from {feature.show(low)} to below {feature.show(high)}"
    if high is not None:
        return f"{feature.name} < {feature.show(high)}"
    if low is not None:
        gaps = not known and bool(np.isnan(feature.values).any())
        return f"{feature.name} ≥ {feature.show(low)}{' or missing' if gaps else ''}"
    return f"{feature.name} is known"
