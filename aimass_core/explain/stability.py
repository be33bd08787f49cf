"""How often the same reasons come back when a model is fitted again to other samples of its rows.

The idea and its name follow the bootstrap (Efron and Tibshirani, 1993): what a sample of the rows would have
taught the model instead. Everything here counts; nothing is fitted and nothing is explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.errors import Fault
from aimass_core.explain.reasons import DECIMALS, PRINCIPAL

STABLE = 0.9
MOSTLY = 0.7
"""Shares of refits with the same top reason from which reasons are called stable, and mostly stable."""

Verdict = Literal["stable", "mostly stable", "unstable"]
Matrix = npt.NDArray[np.float64]


class ReasonStability(BaseModel):
    """How often one feature is a reason in the refits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str = Field(description="Name of the column.")
    rank: int | None = Field(description="Its place among the model's own principal reasons; none outside.")
    contribution: float = Field(description="Log-odds it adds in the model itself.")
    principal: int = Field(description="Refits in which it is among the principal reasons.")
    sign: int = Field(description="Refits in which it moves the score the same way as in the model.")
    low: float = Field(description="Smallest contribution over the refits, log-odds.")
    high: float = Field(description="Greatest contribution over the refits, log-odds.")


class RowStability(BaseModel):
    """How far the reasons and the score of one row depend on the sample the model was fitted to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    refits: int = Field(description="Refits that were compared.")
    top: int = Field(description="Refits with the same strongest reason against, or with none as the model.")
    same_set: int = Field(description="Refits with the same principal reasons, in any order.")
    principal: int = Field(description="Principal reasons of the model itself.")
    reasons: tuple[ReasonStability, ...] = Field(
        description="The model's principal reasons in their order, then others of the refits, by how often."
    )
    probability: float = Field(description="Of the model itself.")
    low: float = Field(description="Smallest probability over the refits.")
    high: float = Field(description="Greatest probability over the refits.")
    spread: float = Field(description="Standard deviation of the probability over the refits.")

    @property
    def verdict(self) -> Verdict:
        """What the share of refits with the same top reason is called."""
        return verdict(self.top / self.refits)


class ModelStability(BaseModel):
    """The same over many rows, as means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(description="Rows compared.")
    refits: int = Field(description="Refits of the model.")
    top: float = Field(description="Mean share of refits with the same top reason, 0 to 1.")
    same_set: float = Field(description="Mean share of refits with the same principal reasons, 0 to 1.")
    kept: float = Field(description="Mean share of a row's principal reasons that a refit gives too, 0 to 1.")
    spread: float = Field(description="Mean standard deviation of a row's probability over the refits.")
    verdicts: dict[Verdict, int] = Field(description="Rows by what their reasons are called.")

    @property
    def verdict(self) -> Verdict:
        """What the mean share of refits with the same top reason is called."""
        return verdict(self.top)


def verdict(share: float) -> Verdict:
    """Return what a share of refits with the same top reason is called."""
    if share >= STABLE:
        return "stable"
    return "mostly stable" if share >= MOSTLY else "unstable"


def principal(values: Matrix, *, limit: int = PRINCIPAL) -> tuple[int, ...]:
    """Return the features that speak against a row, strongest first, ordered as its reasons are."""
    order = sorted(range(len(values)), key=lambda j: (-round(float(values[j]), DECIMALS), j))
    return tuple(j for j in order[:limit] if round(float(values[j]), DECIMALS) > 0)


def of_row(
    names: Sequence[str],
    values: Matrix,
    refits: Matrix,
    *,
    probability: float,
    probabilities: Matrix,
    limit: int = PRINCIPAL,
) -> RowStability:
    """Compare the contributions of one row under a model with those under its refits.

    Parameters
    ----------
    names : features, in the order of the values.
    values : contributions under the model itself, log-odds, shape (features,).
    refits : the same under each refit, shape (refits, features).
    probability : of the row under the model; `probabilities` under each refit, shape (refits,).
    limit : most principal reasons.

    Raises
    ------
    Fault
        When shapes do not fit, or there is no refit.
    """
    if not len(refits) or refits.shape != (len(probabilities), len(names)) or values.shape != (len(names),):
        raise Fault(
            "each refit needs one contribution of each feature and one probability",
            f"{refits.shape} and {probabilities.shape} came for {len(names):,} features",
        )
    mine = principal(values, limit=limit)
    theirs = [principal(row, limit=limit) for row in refits]
    often = np.zeros(len(names), dtype=np.int64)
    for found in theirs:
        often[list(found)] += 1
    others = [j for j in np.argsort(-often, kind="stable") if often[j] and j not in mine]
    same_sign = (np.sign(np.round(refits, DECIMALS)) == np.sign(np.round(values, DECIMALS))).sum(axis=0)
    return RowStability(
        refits=len(refits),
        top=sum(found[:1] == mine[:1] for found in theirs),
        same_set=sum(set(found) == set(mine) for found in theirs),
        principal=len(mine),
        reasons=tuple(
            ReasonStability(
                feature=names[j],
                rank=mine.index(j) + 1 if j in mine else None,
                contribution=float(values[j]),
                principal=int(often[j]),
                sign=int(same_sign[j]),
                low=float(refits[:, j].min()),
                high=float(refits[:, j].max()),
            )
            for j in (*mine, *map(int, others))
        ),
        probability=float(probability),
        low=float(probabilities.min()),
        high=float(probabilities.max()),
        spread=float(probabilities.std(ddof=1)) if len(probabilities) > 1 else float("nan"),
    )


def of_model(rows: Sequence[RowStability]) -> ModelStability:
    """Return the means over rows.

    Raises
    ------
    Fault
        When there are no rows.
    """
    if not rows:
        raise Fault("the stability of a model needs rows")
    counts: dict[Verdict, int] = {"stable": 0, "mostly stable": 0, "unstable": 0}
    for row in rows:
        counts[row.verdict] += 1
    return ModelStability(
        rows=len(rows),
        refits=rows[0].refits,
        top=float(np.mean([row.top / row.refits for row in rows])),
        same_set=float(np.mean([row.same_set / row.refits for row in rows])),
        kept=float(np.mean([_kept(row) for row in rows])),
        spread=float(np.mean([row.spread for row in rows])),
        verdicts=counts,
    )


def _kept(row: RowStability) -> float:
    """Share of the principal reasons that come back; a row without any keeps them where refits have none."""
    if not row.principal:
        return row.same_set / row.refits
    return sum(item.principal for item in row.reasons if item.rank) / (row.principal * row.refits)
