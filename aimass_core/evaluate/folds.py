"""Mean and spread of measures over folds: how much a result depends on which rows were left out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.measure import Measure, Number

KEYS = ("auc", "average_precision", "ks", "brier", "log_loss")


class Fold(BaseModel):
    """One fit, measured on rows it did not learn from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(description="What the fold is called: its number, its period, its group.")
    train_rows: int = Field(description="Rows learnt from.")
    rows: int = Field(description="Rows measured on.")
    bads: int = Field(description="Bads among them.")
    measures: dict[str, Number] = Field(description="auc, average_precision, ks, brier, log_loss.")
    auc: Measure = Field(description="AUC with DeLong's 95 % interval.")
    seconds: float = Field(description="Time of the fit.")


class FoldSummary(BaseModel):
    """One measure over all folds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: Number = Field(description="Mean over the folds in which it is defined.")
    spread: Number = Field(description="Standard deviation over the folds; NaN for one.")
    lowest: Number = Field(description="Lowest fold.")
    highest: Number = Field(description="Highest fold.")
    low: Number = Field(description="Lower end of the mean's 95 % interval; NaN where folds are no sample.")
    high: Number = Field(description="Upper end of the mean's 95 % interval.")
    folds: int = Field(description="Folds in which it is defined.")


def summarise(folds: Sequence[Fold], *, exchangeable: bool) -> dict[str, FoldSummary]:
    """Return mean and spread of each measure over folds.

    The interval of the mean is the corrected resampled t-interval of Nadeau & Bengio (2003), "Inference for
    the generalization error", Machine Learning 52: folds share training rows, so that their variance divided
    by their number is too small; (1/k + test rows / training rows) stands in for 1/k.

    Parameters
    ----------
    exchangeable : whether any fold might have been any other. Periods and groups might not: they get mean and
        spread, and no interval.
    """
    return {key: _summary(folds, key, exchangeable) for key in KEYS}


def _summary(folds: Sequence[Fold], key: str, exchangeable: bool) -> FoldSummary:
    kept = [fold for fold in folds if math.isfinite(fold.measures.get(key, math.nan))]
    values = np.array([fold.measures[key] for fold in kept])
    if not values.size:
        nan = math.nan
        return FoldSummary(mean=nan, spread=nan, lowest=nan, highest=nan, low=nan, high=nan, folds=0)
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if values.size > 1 else math.nan
    low = high = math.nan
    if exchangeable and values.size > 1:
        from scipy.stats import t

        ratio = float(np.mean([fold.rows / max(1, fold.train_rows) for fold in kept]))
        error = spread * math.sqrt(1 / values.size + ratio)
        half = float(t.ppf(0.975, values.size - 1)) * error
        low, high = mean - half, mean + half
    return FoldSummary(
        mean=mean,
        spread=spread,
        lowest=float(values.min()),
        highest=float(values.max()),
        low=low,
        high=high,
        folds=int(values.size),
    )
