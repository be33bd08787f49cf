"""How much a model's answers depend on values being right: noise and gaps put into the rows on purpose."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import SettingsError
from aimass_core.evaluate.discrimination import auc
from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Floats, checked

LEVELS = (0.05, 0.1, 0.25, 0.5)
"""Levels at which all features are disturbed together."""
How = Literal["noise", "missing"]
ALL = "all features"


@dataclass(frozen=True, slots=True)
class Disturbed:
    """One matrix column that may be disturbed; `whole` numbers stay whole, codes stay codes."""

    name: str
    categorical: bool = False
    whole: bool = False


class Effect(BaseModel):
    """What one disturbance did."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str = Field(description="What was disturbed; `all features` for all at once.")
    how: How = Field(description="noise or missing.")
    level: float = Field(description="Noise in standard deviations, or share of values lost.")
    auc: Number = Field(description="AUC after it; NaN when only one class occurs.")
    change: Number = Field(description="AUC after it less AUC before.")
    flipped: float = Field(description="Share of rows whose decision at the cut-off changed.")
    moved: float = Field(description="Mean absolute change of the probability.")


class Sensitivity(BaseModel):
    """Effects feature by feature, and of all features at several levels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(description="Rows disturbed.")
    rows_total: int = Field(description="Rows they are a sample of.")
    auc: Number = Field(description="AUC of the undisturbed rows.")
    cutoff: float = Field(description="Probability from which a row is flagged.")
    level: float = Field(description="Level at which single features were disturbed.")
    single: tuple[Effect, ...] = Field(description="One feature at a time, most flips first.")
    together: tuple[Effect, ...] = Field(description="All features at once, by level.")


def sensitivity(
    score: Callable[[Floats], Floats],
    X: Floats,
    y: ArrayLike,
    columns: Sequence[Disturbed],
    *,
    cutoff: float,
    level: float = 0.25,
    levels: Sequence[float] = LEVELS,
    seed: int = 0,
    rows_total: int | None = None,
) -> Sensitivity:
    """Disturb rows and see what changes.

    Noise of level s adds a normal deviate of s standard deviations of the column to each known number, and
    replaces the label of a category with probability s by that of another row drawn at random. Missing of
    level s blanks each value with probability s. The same random numbers disturb a column at every level, so
    that levels can be compared.

    Parameters
    ----------
    score : X (n, p) → probability (n,)
    X : (n, p) rows, NaN missing
    y : (n,) labels, 1 = bad
    columns : one per column of X
    level : for single features
    levels : for all features together

    Raises
    ------
    SettingsError
        When a level is not above 0, or above 1.
    """
    for given in (level, *levels):
        if not 0 < given <= 1:
            raise SettingsError("a level must be above 0 and at most 1", f"it is {given:g}", "Choose another")
    before = np.asarray(score(X), dtype=np.float64)
    labels = checked(y, before)[0]
    base, flags = auc(labels, before), before >= cutoff

    def effect(feature: str, how: How, strength: float, changed: Floats) -> Effect:
        after = np.asarray(score(changed), dtype=np.float64)
        area = auc(labels, after)
        return Effect(
            feature=feature,
            how=how,
            level=strength,
            auc=area,
            change=area - base,
            flipped=float(((after >= cutoff) != flags).mean()) if len(after) else 0.0,
            moved=float(np.abs(after - before).mean()) if len(after) else 0.0,
        )

    single = [
        effect(columns[j].name, how, level, _disturbed(X, columns, (j,), how, level, seed))
        for how in _HOWS
        for j in range(len(columns))
    ]
    everything = tuple(range(len(columns)))
    together = [
        effect(ALL, how, strength, _disturbed(X, columns, everything, how, strength, seed))
        for how in _HOWS
        for strength in levels
    ]
    return Sensitivity(
        rows=len(before),
        rows_total=len(before) if rows_total is None else rows_total,
        auc=base,
        cutoff=cutoff,
        level=level,
        single=tuple(sorted(single, key=lambda item: (-item.flipped, -item.moved))),
        together=tuple(together),
    )


_HOWS: tuple[How, ...] = ("noise", "missing")


def _disturbed(
    X: Floats, columns: Sequence[Disturbed], chosen: Sequence[int], how: How, level: float, seed: int
) -> Floats:
    changed = X.copy()
    for j, random in _randoms(chosen, how, seed):
        values = X[:, j]
        if how == "missing":
            changed[random.uniform(size=len(values)) < level, j] = math.nan
        elif columns[j].categorical:
            hit = random.uniform(size=len(values)) < level
            changed[hit, j] = random.permutation(values)[hit]
        else:
            changed[:, j] = _noisy(values, columns[j], level, random)
    return changed


def _noisy(values: Floats, column: Disturbed, level: float, random: np.random.Generator) -> Floats:
    known = ~np.isnan(values)
    if not known.any():
        return values
    noisy = values + random.normal(size=len(values)) * level * float(values[known].std())
    kept: NDArray[np.float64] = np.clip(noisy, values[known].min(), values[known].max())
    return np.round(kept) if column.whole else kept


def _randoms(chosen: Sequence[int], how: How, seed: int) -> Iterator[tuple[int, np.random.Generator]]:
    for j in chosen:
        yield j, np.random.default_rng((seed, _HOWS.index(how), j))
