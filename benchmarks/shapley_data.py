"""Made rows on which explanations are measured, and how one model's are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_core.explain import attribution
from aimass_core.explain.members import Members

Matrix = npt.NDArray[np.float64]

FEATURES = 30
REFERENCES = 100
COLUMNS = tuple((j,) for j in range(FEATURES))


def data(rows: int) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """Make numbers, some skewed, with effects of one, two and three features."""
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, FEATURES))
    X[:, 20:] = np.abs(X[:, 20:]) ** 1.5
    odds = (
        -1
        + 1.2 * X[:, 0]
        + X[:, 1] * X[:, 2]
        + np.sin(2 * X[:, 3])
        - np.maximum(X[:, 4], 0) * X[:, 5]
        + 0.6 * X[:, 6]
        - 0.5 * X[:, 7] * X[:, 8] * X[:, 9]
        + 0.3 * X[:, 10:20].sum(axis=1)
        - 0.4 * X[:, 20] * X[:, 0]
    )
    return X, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)


def attributed(model: Any, rows: Matrix, reference: Matrix) -> tuple[Matrix, attribution.Attribution]:
    """Return the rows and their values, found as a page finds them."""
    members = Members.of(model)
    tried = attribution.effort(members, FEATURES, FEATURES, "row")
    used = reference if tried is None else reference[: tried.references]
    return rows, attribution.attribute(members, rows, used, COLUMNS, tried, seed=0)
