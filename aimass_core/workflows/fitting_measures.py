"""Measuring a trained model on rows it has not learnt from, and correcting its probabilities there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from aimass_core.errors import Fault
from aimass_core.evaluate import calibrators
from aimass_core.evaluate.calibration import brier, log_loss, reliability
from aimass_core.evaluate.discrimination import auc
from aimass_core.evaluate.report import Report, evaluate
from aimass_core.evaluate.unlabelled import describe
from aimass_core.schema import ROW_ID

if TYPE_CHECKING:
    from aimass_core.bundle import Bundle
    from aimass_core.evaluate.calibrators import Chosen
    from aimass_core.split import Split
    from aimass_core.workflows.fitting_rows import Prepared, Rows
    from aimass_core.workflows.training import TrainingSpec

Vector = npt.NDArray[np.float64]


def held_out_log_odds(estimator: Any, prepared: Prepared) -> Vector:
    """Return the log-odds of the validation rows by a model that has not learnt from them, shape (n,).

    An estimator that learns from them in the end offers those of its folds as `validation_log_odds_`.

    Raises
    ------
    Fault
        When it offers another number of them than there are rows.
    """
    if prepared.held_out is None:
        return np.empty(0)
    X = prepared.held_out[0]
    honest = getattr(estimator, "validation_log_odds_", None)
    if honest is None:
        return np.asarray(estimator.log_odds(X), dtype=np.float64)
    if len(honest) != len(X):
        raise Fault("each validation row needs one score", f"{len(honest):,} scores for {len(X):,} rows")
    return np.asarray(honest, dtype=np.float64)


def calibration(spec: TrainingSpec, prepared: Prepared, held_out: Vector) -> Chosen:
    """Choose and fit the calibration on the validation rows."""
    y = np.empty(0) if prepared.held_out is None else prepared.held_out[1]
    return calibrators.choose(spec.calibration, held_out, y, seed=spec.seed)


def measure(
    bundle: Bundle, rows: Rows, parts: Split, held_out: Vector, spec: TrainingSpec
) -> tuple[Report, dict[str, float], pd.DataFrame]:
    """Measure on test and validation rows; the measures of the training rows are for comparison only.

    Without a target every measure is NaN, and so is the `y` of the scores.

    Parameters
    ----------
    held_out : raw log-odds of the validation rows, as :func:`held_out_log_odds` gives them.

    Returns
    -------
    The report of the test rows, flat measures of all parts, and the scores of validation and test rows.
    """
    tested = bundle.score(rows.frame.iloc[parts.test], repaired=True).log_odds
    metrics: dict[str, float] = {}
    found: dict[str, Report] = {}
    tables = []
    scored = (("validation", parts.validation, bundle.calibrated(held_out)), ("test", parts.test, tested))
    for name, positions, log_odds in scored:
        if not len(positions):
            continue
        y: npt.NDArray[Any] = rows.y[positions]
        probability = expit(log_odds)
        if spec.target is None:
            found[name], y = describe(probability), np.full(len(positions), np.nan)
        else:
            found[name] = evaluate(y, probability, bootstrap=spec.bootstrap, seed=spec.seed)
        metrics |= found[name].flat(name)
        tables.append(
            pd.DataFrame(
                {
                    ROW_ID: rows.frame[ROW_ID].to_numpy()[positions],
                    "part": name,
                    "y": y,
                    "probability": probability,
                    "log_odds": log_odds,
                }
            )
        )
    metrics["train.auc"] = float("nan")
    if spec.target is not None:
        training = bundle.score(rows.frame.iloc[parts.train], repaired=True)
        metrics["train.auc"] = auc(rows.y[parts.train], training.probability)
    return found["test"], metrics, pd.concat(tables, ignore_index=True)


def before_and_after(
    bundle: Bundle, rows: Rows, parts: Split, chosen: Chosen, spec: TrainingSpec
) -> dict[str, Any]:
    """Return what the calibration did to the test rows, as JSON values."""
    tested = bundle.prepare(rows.frame.iloc[parts.test], repaired=True).X
    raw, y = bundle.raw_log_odds(tested), rows.y[parts.test]

    def described(log_odds: Vector) -> dict[str, Any]:
        p = expit(log_odds)
        return {
            "log_loss": log_loss(y, p),
            "brier": brier(y, p),
            "reliability": [item.model_dump(mode="json") for item in reliability(y, p)],
        }

    return {
        "asked": spec.calibration,
        "method": chosen.method,
        "reason": chosen.reason,
        "validation_log_loss": dict(chosen.losses),
        "rows": len(y),
        "before": described(raw),
        "after": described(bundle.calibrated(raw)),
    }
