"""Columns that are one quantity at several times, told by their names: BILL_AMT1 … BILL_AMT6."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FEWEST = 3
"""Columns that make a series; two numbered columns are more often two kinds than two times."""
MOST = 120
"""Ten years of months; longer runs of numbered columns are rarely times."""

_NUMBERED = re.compile(r"^(?P<stem>.*?[^\d_\-. ])(?P<gap>[_\-. ]*)(?P<number>\d{1,3})$")
_DATED = re.compile(
    r"^(?P<stem>.*?[^\d_\-. ])[_\-. ]*(?P<year>(?:19|20)\d\d)[_\-. ]?(?P<month>0[1-9]|1[0-2])$"
)
_LETTERS = re.compile(r"[^\W\d_]", re.UNICODE)
_ANONYMOUS = frozenset(
    {
        *("attr", "attribute", "cat", "code", "col", "column", "comp", "component", "dim", "dimension"),
        *("document", "emb", "embedding", "factor", "feat", "feature", "field", "flag", "id", "input"),
        *("item", "num", "number", "pca", "question", "score", "source", "val", "value", "var", "variable"),
    }
)
"""Last words of stems that number different things, not times."""


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity at several times.

    Attributes
    ----------
    stem : what the names have in common, without the number.
    columns : positions of the columns among the names, in ascending time step.
    steps : time step of each column, from 0; series that are numbered alike share their steps.
    """

    stem: str
    columns: tuple[int, ...]
    steps: tuple[int, ...]


def find_series(names: Sequence[str]) -> tuple[Series, ...]:
    """Return the monthly (or otherwise numbered) series among column names, in order of their first column.

    A series is at least three names that differ only in a number at their end (``PAY_0, PAY_2 … PAY_6``)
    or in a year and month (``balance_2005_04``), whose steps leave out at most half as many as they have.
    Whether 1 is the first or the latest month is not told by a name, and nothing here depends on it. A 0
    that is followed by 2 stands for 1. Stems that name nothing ("V", "x", "feature", "col") are left
    alone: ``V1 … V28`` are 28 different things.
    """
    numbered: dict[tuple[str, str], dict[int, int]] = {}
    dated: dict[str, dict[int, int]] = {}
    for position, name in enumerate(names):
        text = name.strip()
        if found := _DATED.match(text):
            month = 12 * int(found["year"]) + int(found["month"]) - 1
            dated.setdefault(_plain(found["stem"]), {}).setdefault(month, position)
        elif (found := _NUMBERED.match(text)) and _means_something(found["stem"]):
            key = _plain(found["stem"]), found["gap"]
            numbered.setdefault(key, {}).setdefault(int(found["number"]), position)
    whole = [(stem, _from_one(at)) for (stem, _), at in numbered.items() if _is_series(_from_one(at))]
    months = [(stem, at) for stem, at in dated.items() if _is_series(at)]
    return tuple(sorted(_aligned(whole) + _aligned(months), key=lambda series: min(series.columns)))


def given_series(groups: Iterable[Sequence[str]], names: Sequence[str]) -> tuple[Series, ...]:
    """Return the series that somebody spelled out: names of columns in time order; unknown names are skipped.

    Positions count within each group, so the first column of each is its step 0.
    """
    where = {name: position for position, name in enumerate(names)}
    found = []
    for group in groups:
        kept = [(where[name], step) for step, name in enumerate(group) if name in where]
        if len(kept) > 1:
            columns, steps = zip(*kept, strict=True)
            found.append(Series(str(group[0]), columns, steps))
    return tuple(found)


def _plain(stem: str) -> str:
    return stem.rstrip("_-. ")


def _means_something(stem: str) -> bool:
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", stem).lower())
    words = [word for word in words if word]
    if not words:
        return bool(_LETTERS.search(stem))  # a name in another script
    return sum(map(len, words)) >= FEWEST and words[-1] not in _ANONYMOUS


def _from_one(at: dict[int, int]) -> dict[int, int]:
    """Count a leading 0 as 1 when there is no 1: PAY_0, PAY_2, PAY_3 … is months 1, 2, 3 …."""
    if 0 in at and 1 not in at and 2 in at:
        return {number or 1: position for number, position in at.items()}
    return at


def _is_series(at: dict[int, int]) -> bool:
    if not FEWEST <= len(at) <= MOST:
        return False
    return max(at) - min(at) + 1 <= 1.5 * len(at)


def _aligned(found: list[tuple[str, dict[int, int]]]) -> list[Series]:
    """Number the steps of all series together, so that BILL_AMT3 and PAY_AMT3 share one."""
    known = sorted({number for _, at in found for number in at})
    step = {number: index for index, number in enumerate(known)}
    series = []
    for stem, at in found:
        ordered = sorted(at)
        series.append(
            Series(stem, tuple(at[number] for number in ordered), tuple(step[number] for number in ordered))
        )
    return series
