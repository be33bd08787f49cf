"""The rows a decision is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from aimass_core.bundle import Bundle
from aimass_core.errors import SettingsError

ReferenceName = Literal["population", "applicants", "cutoff"]
CUTOFF_ROWS = 100
"""Applicants at or just above the cut-off that are compared with."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows to compare with, prepared, shape (m, p), and what they are, for a person."""

    name: ReferenceName
    rows: Matrix
    text: str


def choose(bundle: Bundle, name: ReferenceName, *, rows: int, cutoff: float | None = None) -> Reference:
    """Return the reference rows of that name; the same every time.

    `population` is a sample of the training rows. `applicants` is a sample of all rows of the data set, those
    without an outcome included. `cutoff` is the applicants at or just on the better side of the cut-off
    (12 CFR 1002.9 comment 9(b)(2)-5 names these and "all applicants" as references for reasons).

    Parameters
    ----------
    rows : most rows to return.
    cutoff : probability from which a row is declined or blocked; needed by `cutoff`.

    Raises
    ------
    SettingsError
        When the name is unknown, or there is no usable cut-off.
    """
    if name == "population":
        found = _stratified(bundle.reference, bundle.reference_log_odds, rows)
        return Reference(name, found, f"mean of {len(found):,} training rows")
    if name == "applicants":
        found = _stratified(bundle.applicants, bundle.applicants_log_odds, rows)
        return Reference(name, found, f"mean of {len(found):,} of all applicants")
    if name != "cutoff":
        raise SettingsError(
            "the reference must be population, applicants or cutoff", f"{name!r} came", "Choose one of these"
        )
    return _at_cutoff(bundle, rows, cutoff)


def _stratified(pool: Matrix, log_odds: Matrix, rows: int) -> Matrix:
    """Return rows at even steps of the score, so that a few stand for all; all if there are no more."""
    if rows >= len(pool):
        return pool
    # Rounded, so that rows of equal score stand in the same order on every machine.
    order = np.argsort(np.round(log_odds, 6), kind="stable")
    return np.asarray(pool[np.sort(order[((np.arange(rows) + 0.5) * len(pool) / rows).astype(np.int64)])])


def _at_cutoff(bundle: Bundle, rows: int, cutoff: float | None) -> Reference:
    if cutoff is None or not 0 < cutoff < 1:
        raise SettingsError(
            "a comparison with the cut-off needs a cut-off between 0 and 1",
            "none is set" if cutoff is None else f"it is {cutoff:g}",
            "Set a policy for the model first, or compare with all applicants",
        )
    limit = float(np.log(cutoff) - np.log1p(-cutoff))
    odds = bundle.applicants_log_odds
    better = np.flatnonzero(odds <= limit)
    if not len(better):
        raise SettingsError(
            "a comparison with the cut-off needs applicants on its better side",
            f"none of {len(odds):,} sampled applicants scores at or below {cutoff:.1%}",
            "Choose a higher cut-off, or compare with all applicants",
        )
    nearest = better[np.argsort(-odds[better], kind="stable")][: min(rows, CUTOFF_ROWS)]
    furthest = 1 / (1 + np.exp(-odds[nearest[-1]]))
    text = (
        f"mean of {len(nearest):,} applicants at or just above the cut-off, "
        f"with a probability of {furthest:.1%} to {cutoff:.1%}"
    )
    return Reference("cutoff", bundle.applicants[nearest], text)


def typical(bundle: Bundle, rows: Matrix) -> dict[str, str]:
    """Return the typical value of each feature among prepared rows: its median, or most frequent label."""
    found = {}
    for j, column in enumerate(bundle.encoder.columns):
        values = rows[:, j]
        known = np.sort(values[~np.isnan(values)])
        if not len(known):
            found[column.name] = "missing"
        elif column.kind in ("category", "boolean"):
            labels, counts = np.unique(known, return_counts=True)
            found[column.name] = bundle.encoder.display_code(j, float(labels[counts.argmax()]))
        else:  # the lower median is a value that occurs, never the mean of two
            found[column.name] = bundle.encoder.display_code(j, float(known[(len(known) - 1) // 2]))
    return found
