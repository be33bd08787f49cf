"""What can be said of scores when no outcome is known: how they are spread, how many rows a cut-off flags."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aimass_core.evaluate.curves import gains, ks_curve, pr, roc
from aimass_core.evaluate.cutoff import THRESHOLDS, CutoffTable
from aimass_core.evaluate.histogram import log_odds_histogram, probability_histogram
from aimass_core.evaluate.intervals import KEYS
from aimass_core.evaluate.measure import Measure
from aimass_core.evaluate.ranking import Floats, checked, rank
from aimass_core.evaluate.report import Report


def describe(p: ArrayLike) -> Report:
    """Describe scores of rows whose outcome is unknown.

    Parameters
    ----------
    p : (n,) scores from 0 to 1.

    Raises
    ------
    DataError
        When a score is not in [0, 1].
    """
    nobody = np.zeros(len(np.asarray(p)))
    _, scores = checked(nobody, p)
    ranking = rank(nobody, scores)
    return Report(
        rows=scores.size,
        bads=0,
        bad_rate=float("nan"),
        mean_probability=float(scores.mean()) if scores.size else float("nan"),
        measures={key: Measure(value=float("nan")) for key in KEYS},
        intervals="No outcome is known, so nothing can be measured.",
        roc=roc(ranking),
        pr=pr(ranking),
        ks=ks_curve(ranking),
        gains=gains(ranking),
        reliability=(),
        deciles=(),
        cutoffs=flagged_table(scores),
        histogram=probability_histogram(nobody, scores),
        histogram_log_odds=log_odds_histogram(nobody, scores),
        labelled=False,
    )


def flagged_table(scores: Floats) -> CutoffTable:
    """Count the rows flagged at up to 501 thresholds, 0 and 1 among them; all rows count as goods.

    Half of the thresholds are spread evenly over the rows, half by orders of magnitude from the top, so that
    cut-offs that flag 1 row in 10,000 are as exact as those that flag 1 in 2.
    """
    ascending = np.sort(scores)
    size = ascending.size
    if size:
        half = (THRESHOLDS - 2) // 2
        from_top = np.geomspace(1, size, half).astype(np.int64)
        at = np.concatenate([size - from_top, np.linspace(0, size - 1, half).astype(np.int64)])
        thresholds = np.unique(np.concatenate([[0.0, 1.0], ascending[at]]))
    else:
        thresholds = np.array([0.0, 1.0])
    passed = np.searchsorted(ascending, thresholds, side="left")
    none = (0,) * thresholds.size
    return CutoffTable(
        threshold=tuple(thresholds.tolist()),
        tp=none,
        fp=tuple((size - passed).tolist()),
        tn=tuple(passed.tolist()),
        fn=none,
    )
