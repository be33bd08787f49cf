"""The mix of reasons: how often each feature is the top reason, and how far two such mixes are apart."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from aimass_core.evaluate.calibration import wilson

LEAST_EXPECTED = 5.0
"""Rows expected in a category, below which it is put together with other rare ones (Cochran 1954)."""
MODERATE, LARGE = 0.10, 0.25
"""PSI from which a shift is called moderate and large: the rule of thumb of Siddiqi (2017)."""

Counts = npt.NDArray[np.int64]


def total_variation(first: Counts, second: Counts) -> float:
    """Return half the summed differences of two mixes' shares: the share that would have to change sides."""
    if not first.sum() or not second.sum():
        return math.nan
    return float(np.abs(first / first.sum() - second / second.sum()).sum() / 2)


def jensen_shannon(first: Counts, second: Counts) -> float:
    """Return the Jensen-Shannon distance of two mixes, base 2: 0 the same, 1 nothing in common (Lin 1991)."""
    if not first.sum() or not second.sum():
        return math.nan
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2

    def towards(shares: npt.NDArray[np.float64]) -> float:
        seen = shares > 0
        return float((shares[seen] * np.log2(shares[seen] / middle[seen])).sum())

    return math.sqrt(max(0.0, (towards(p) + towards(q)) / 2))


def psi(first: Counts, second: Counts) -> tuple[float, float]:
    """Return the population stability index of two mixes, and what chance alone exceeds in 5 % of cases.

    Σ (a - e) ln(a / e), half a row added to each category (Siddiqi 2017). Under no change PSI / (1/n + 1/m)
    is about chi-squared with categories - 1 degrees of freedom (Yurdakul & Naranjo 2020). Categories with
    fewer than 5 rows expected in either mix are put together first. NaN when a mix has no rows.
    """
    if not first.sum() or not second.sum():
        return math.nan, math.nan
    expected, actual = _joined(first, second)
    n, m = int(expected.sum()), int(actual.sum())
    e, a = (expected + 0.5) / (n + len(expected) / 2), (actual + 0.5) / (m + len(actual) / 2)
    limit = _chi_squared(len(expected) - 1) * (1 / n + 1 / m)
    return float(((a - e) * np.log(a / e)).sum()), limit


def chance_of_same(first: Counts, second: Counts) -> float:
    """Return the p-value of Pearson's chi-squared test that two mixes are one, rare categories joined."""
    a, b = _joined(first, second)
    if len(a) < 2:
        return 1.0
    from scipy.stats import chi2_contingency

    return float(chi2_contingency(np.stack([a, b]), correction=False).pvalue)


def newcombe(hits: tuple[int, int], rows: tuple[int, int]) -> tuple[float, float, float]:
    """Return the difference of two shares, second less first, with its 95 % interval.

    Newcombe (1998), method 10: from the two Wilson intervals. NaN when a side has no rows.
    """
    if not all(rows):
        return math.nan, math.nan, math.nan
    first, second = hits[0] / rows[0], hits[1] / rows[1]
    (low1, high1), (low2, high2) = wilson(hits[0], rows[0]), wilson(hits[1], rows[1])
    gap = second - first
    return (
        gap,
        gap - math.hypot(second - low2, high1 - first),
        gap + math.hypot(high2 - second, first - low1),
    )


def _joined(first: Counts, second: Counts) -> tuple[Counts, Counts]:
    """Put rare categories together, so that each has enough rows expected on both sides; drop unseen ones."""
    both = first + second
    smaller = min(int(first.sum()), int(second.sum())) / max(1, int(both.sum()))
    rare = both * smaller < LEAST_EXPECTED
    kept = [first[~rare], second[~rare]]
    rest = [int(first[rare].sum()), int(second[rare].sum())]
    if sum(rest):
        if sum(rest) * smaller >= LEAST_EXPECTED or not len(kept[0]):
            kept = [np.append(side, extra) for side, extra in zip(kept, rest, strict=True)]
        else:  # even together they are rare: they join the smallest that is kept
            place = int((kept[0] + kept[1]).argmin())
            for side, extra in zip(kept, rest, strict=True):
                side[place] += extra
    return kept[0], kept[1]


def _chi_squared(freedom: int) -> float:
    if freedom < 1:
        return 0.0
    from scipy.stats import chi2

    return float(chi2.isf(0.05, freedom))
