"""Everything measured about one score on one set of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.calibration import ReliabilityBin, reliability
from aimass_core.evaluate.curves import Curve, GainsCurve, KsCurve, gains, ks_curve, pr, roc
from aimass_core.evaluate.cutoff import CutoffTable, cutoff_table
from aimass_core.evaluate.deciles import Decile, deciles
from aimass_core.evaluate.histogram import ScoreHistogram, log_odds_histogram, probability_histogram
from aimass_core.evaluate.intervals import measures, note
from aimass_core.evaluate.measure import Measure, Number
from aimass_core.evaluate.ranking import checked, rank


class Report(BaseModel):
    """Measures with intervals, curves and tables. As JSON some 100 KB, however many rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(description="Rows measured.")
    bads: int = Field(description="Rows of class 1.")
    bad_rate: Number = Field(description="Share of class 1; NaN without rows.")
    mean_probability: Number = Field(description="Mean predicted probability; NaN without rows.")
    measures: dict[str, Measure] = Field(
        description="auc, gini, ks, average_precision, brier, log_loss; NaN where undefined."
    )
    intervals: str = Field(description="How the intervals were made, for a person.")
    roc: Curve = Field(description="False positive rate against true positive rate.")
    pr: Curve = Field(description="Recall against precision.")
    ks: KsCurve = Field(description="Cumulative shares of bads and goods.")
    gains: GainsCurve = Field(description="Cumulative gain and lift.")
    reliability: tuple[ReliabilityBin, ...] = Field(description="Calibration in bins of equal row count.")
    deciles: tuple[Decile, ...] = Field(description="Decile table, riskiest first.")
    cutoffs: CutoffTable = Field(description="Exact counts at up to 501 thresholds.")
    histogram: ScoreHistogram = Field(description="Rows by class and probability.")
    histogram_log_odds: ScoreHistogram = Field(description="Rows by class and log-odds.")
    labelled: bool = Field(
        default=True,
        description="Whether outcomes are known. Without them all measures are NaN, all rows stand among the "
        "goods, and cut-offs say only how many rows are flagged.",
    )

    def flat(self, prefix: str) -> dict[str, float]:
        """Return all measures under flat keys: `test.auc`, `test.auc.low`, `test.auc.high`, `test.rows`…"""
        found = {f"{prefix}.rows": float(self.rows), f"{prefix}.bads": float(self.bads)}
        for key, measure in self.measures.items():
            found[f"{prefix}.{key}"] = measure.value
            found[f"{prefix}.{key}.low"] = measure.low
            found[f"{prefix}.{key}.high"] = measure.high
        return found


def evaluate(y: ArrayLike, p: ArrayLike, *, bootstrap: int = 200, seed: int = 0) -> Report:
    """Measure predicted probabilities against what happened.

    Parameters
    ----------
    y : (n,) labels, 1 = bad (the class the model looks for)
    p : (n,) probability of class 1
    bootstrap : bootstrap samples for the intervals; 0 for none
    seed : same seed, same intervals

    Raises
    ------
    DataError
        When the two do not fit each other, or a probability is not in [0, 1].
    """
    labels, scores = checked(y, p)
    ranking = rank(labels, scores)
    empty = labels.size == 0
    return Report(
        rows=ranking.rows,
        bads=ranking.total_bads,
        bad_rate=float("nan") if empty else ranking.total_bads / ranking.rows,
        mean_probability=float("nan") if empty else float(np.mean(scores)),
        measures=measures(labels, scores, replicates=bootstrap, seed=seed),
        intervals=note(ranking.rows, bootstrap),
        roc=roc(ranking),
        pr=pr(ranking),
        ks=ks_curve(ranking),
        gains=gains(ranking),
        reliability=reliability(labels, scores),
        deciles=deciles(ranking),
        cutoffs=cutoff_table(ranking),
        histogram=probability_histogram(labels, scores),
        histogram_log_odds=log_odds_histogram(labels, scores),
    )
