"""What matters to a model as a whole: importance of each feature and the points of a beeswarm."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.stats import rankdata

from aimass_core.bundle import Bundle
from aimass_core.errors import DataError
from aimass_core.evaluate.measure import Number
from aimass_core.explain.references import ReferenceName
from aimass_core.explain.shapley import Explanation, explain

SAMPLE_ROWS = 500
"""Most rows a summary is made of."""
BEESWARM_FEATURES = 20
"""Most features whose single points are kept, so that a page stays small."""

Matrix = npt.NDArray[np.float64]


class Importance(BaseModel):
    """How much one feature moves the scores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str = Field(description="Name of the column.")
    mean_abs: float = Field(description="Mean absolute contribution, log-odds.")
    error: Number = Field(
        description="Standard error of that mean over the sampled rows, log-odds; NaN with one row."
    )
    mean: float = Field(description="Mean contribution, log-odds; shows which way it mostly moves scores.")
    share: float = Field(description="Share of all features' mean absolute contributions, 0 to 1.")


class Swarm(BaseModel):
    """Contributions of one feature in the sampled rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str = Field(description="Name of the column.")
    contributions: tuple[float, ...] = Field(description="Log-odds, one per sampled row.")
    levels: tuple[float | None, ...] = Field(
        description="Rank of the row's value among the sampled rows, 0 (lowest) to 1; none for "
        "missing values and for categories, which have no order."
    )


class Summary(BaseModel):
    """The explanation of a model as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[Importance, ...] = Field(description="All features, most important first.")
    swarms: tuple[Swarm, ...] = Field(description="The most important features, in the same order.")
    base: float = Field(description="What contributions start from, log-odds.")
    rows: int = Field(description="Rows the summary is made of.")
    rows_total: int = Field(description="Rows they were sampled from.")
    part: str = Field(description="Part of the data they come from.")
    reference: ReferenceName = Field(description="What contributions are measured from.")
    reference_text: str = Field(description="The same, for a person.")
    method: str = Field(description="How contributions were found, for a person.")
    additivity: float = Field(description="Largest gap between a score and its contributions, log-odds.")


def summarise(
    bundle: Bundle,
    X: Matrix,
    *,
    part: str = "test rows",
    rows: int = SAMPLE_ROWS,
    rows_total: int | None = None,
    seed: int = 0,
) -> Summary:
    """Explain a seeded sample of prepared rows and summarise it.

    Parameters
    ----------
    X : rows as :meth:`Bundle.prepare` returns them, shape (n, p).
    part : what these rows are, for a person.
    rows_total : rows that X itself was sampled from; by default X is all of them.

    Raises
    ------
    DataError
        When there are no rows.
    """
    if not len(X):
        raise DataError("an overview of a model needs rows to explain", f"there are no {part}")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(X))[:rows])
    explanation = explain(bundle, X[chosen], effort="batch")
    strength = np.abs(explanation.values)
    mean = strength.mean(axis=0)
    error = np.full_like(mean, np.nan)  # one row says nothing about the others
    if len(chosen) > 1:
        error = strength.std(axis=0, ddof=1) / np.sqrt(len(chosen))
    total = float(mean.sum())
    order = sorted(range(len(mean)), key=lambda j: (-round(float(mean[j]), 9), j))
    features = tuple(
        Importance(
            feature=explanation.names[j],
            mean_abs=float(mean[j]),
            error=float(error[j]),
            mean=float(explanation.values[:, j].mean()),
            share=float(mean[j]) / total if total > 0 else 0.0,
        )
        for j in order
    )
    return Summary(
        features=features,
        swarms=tuple(_swarm(bundle, explanation, X[chosen], j) for j in order[:BEESWARM_FEATURES]),
        base=explanation.base,
        rows=len(chosen),
        rows_total=len(X) if rows_total is None else rows_total,
        part=part,
        reference=explanation.reference,
        reference_text=explanation.reference_text,
        method=explanation.method,
        additivity=explanation.additivity,
    )


def _swarm(bundle: Bundle, explanation: Explanation, X: Matrix, j: int) -> Swarm:
    column = bundle.players[j][1][0]
    values = X[:, column]
    levels: tuple[float | None, ...] = (None,) * len(values)
    known = ~np.isnan(values)
    if column not in bundle.encoder.categorical and known.any():
        ranks = np.full(len(values), np.nan)
        ranks[known] = (rankdata(values[known]) - 1) / max(1, int(known.sum()) - 1)
        levels = tuple(None if np.isnan(rank) else round(float(rank), 4) for rank in ranks)
    return Swarm(
        feature=explanation.names[j],
        contributions=tuple(round(float(value), 6) for value in explanation.values[:, j]),
        levels=levels,
    )
