"""The scorecard: logistic regression on quantile bins, one table of points per feature."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.special import expit, logit

from aimass_core.jobs.progress import Progress, Report
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.binning import Binning

Codes = npt.NDArray[np.int64]


class ScorecardClassifier(BinaryClassifier):
    """Logistic regression in which every feature adds the points of its bin.

    ``log_odds = intercept_ + sum over j of tables_[j][bin of feature j]``: the closed form that
    credit scorecards are read by. Numbers fall into quantile bins, labels into one bin each;
    missing values have a bin of their own, labels not seen in training add nothing. Points are
    centred: over the training rows each feature adds 0 on average. The likelihood is penalised
    by ``l2 / 2 * points**2`` and, between neighbouring bins of a number, by
    ``smoothing / 2 * difference**2`` (the first-order P-spline penalty of Eilers & Marx,
    Statistical Science 11, 1996), so that many narrow bins do not follow noise.

    Attributes
    ----------
    binning_ : edges and labels of the bins.
    tables_ : log-odds points of each bin, one array per feature.
    intercept_ : log-odds of a row whose features all add 0.
    """

    family = "scorecard"

    def __init__(
        self,
        *,
        bins: int = 20,
        l2: float = 1.0,
        smoothing: float = 10.0,
        max_iterations: int = 500,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.bins = bins
        self.l2 = l2
        self.smoothing = smoothing
        self.max_iterations = max_iterations
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def _fit(
        self,
        X: Floats,
        y: Floats,
        weight: Floats,
        validation: tuple[Floats, Floats] | None,
        domain: npt.NDArray[np.int64] | None,
        progress: Report | None,
    ) -> None:
        binning = Binning.fit(X, weight, bins=self.bins, categorical=self.categorical)
        design = _design(binning.codes(X), binning)
        penalty = self._penalty(binning)
        points, intercept = _solve(design, y, weight, penalty, self.max_iterations, progress)
        # Centre: the points are unchanged as a model, but each table alone now says "against the average".
        share = np.asarray(design.T @ (weight / weight.sum())).ravel()
        tables = []
        for start, size in zip(binning.offsets, binning.sizes, strict=True):
            block, held = points[start : start + size], share[start : start + size]
            mean = float(block @ held)
            tables.append(np.where(held > 0, block - mean, 0.0))
            intercept += mean
        self.binning_ = binning
        self.tables_ = tables
        self.intercept_ = float(intercept)

    def _penalty(self, binning: Binning) -> sparse.csr_matrix:
        """Matrix P of the penalty ``points @ P @ points / 2``."""
        total = int(sum(binning.sizes))
        pairs = [
            (start + k, start + k + 1)
            for start, edges in zip(binning.offsets, binning.edges, strict=True)
            if edges is not None
            for k in range(len(edges))
        ]
        steps = sparse.lil_matrix((len(pairs), total))
        for i, (low, high) in enumerate(pairs):
            steps[i, low], steps[i, high] = -1.0, 1.0
        steps = steps.tocsr()
        return (self.l2 * sparse.identity(total) + self.smoothing * (steps.T @ steps)).tocsr()

    def _log_odds(self, X: Floats) -> Floats:
        return np.asarray(self.intercept_ + self._points(X).sum(axis=1))

    def bin_codes(self, X: npt.ArrayLike) -> Codes:
        """Return the bin of each value, shape (n, p)."""
        return self.binning_.codes(self._matrix(X))

    def points(self, X: npt.ArrayLike) -> Floats:
        """Return the log-odds each feature adds, shape (n, p); with `intercept_` they sum to `log_odds`."""
        return self._points(self._matrix(X))

    def _points(self, X: Floats) -> Floats:
        codes = self.binning_.codes(X)
        return np.column_stack([table[codes[:, j]] for j, table in enumerate(self.tables_)])

    def contributions(self, X: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, float]:
        """Return exact Shapley values against reference rows.

        For an additive model the Shapley value of a feature is its points less the mean of its
        points over the reference (Lundberg & Lee, NeurIPS 2017, linear SHAP).

        Returns
        -------
        values : shape (n, p), in log-odds.
        base : mean log-odds of the reference; ``base + values.sum(axis=1)`` is `log_odds`.
        """
        mean = self.points(reference).mean(axis=0)
        return self.points(X) - mean, float(self.intercept_ + mean.sum())

    def _write(self, folder: Path) -> dict[str, Any]:
        return {
            "binning": self.binning_.to_json(),
            "tables": [table.tolist() for table in self.tables_],
            "intercept": self.intercept_,
        }

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        self.binning_ = Binning.from_json(learnt["binning"])
        self.tables_ = [np.array(table, dtype=np.float64) for table in learnt["tables"]]
        self.intercept_ = float(learnt["intercept"])


def _design(codes: Codes, binning: Binning) -> sparse.csr_matrix:
    """One-hot rows: a 1 for the bin of each feature."""
    n, p = codes.shape
    columns = (codes + np.array(binning.offsets)).ravel()
    return sparse.csr_matrix(
        (np.ones(n * p), columns, np.arange(0, n * p + 1, p)), shape=(n, int(sum(binning.sizes)))
    )


def _solve(
    design: sparse.csr_matrix,
    y: Floats,
    weight: Floats,
    penalty: sparse.csr_matrix,
    max_iterations: int,
    progress: Report | None,
) -> tuple[Floats, float]:
    """Minimise the penalised log loss by L-BFGS; convex, so the result does not depend on the start."""
    total = weight.sum()
    # Unit-curvature scaling: rare bins would otherwise take hundreds of steps to settle.
    curvature = 0.25 * np.asarray(design.T @ weight).ravel() + penalty.diagonal()
    scale = np.append(1.0 / np.sqrt(curvature), 1.0 / np.sqrt(0.25 * total))
    transposed = design.T.tocsr()

    def objective(scaled: Floats) -> tuple[float, Floats]:
        values = scaled * scale
        points, intercept = values[:-1], values[-1]
        margin = design @ points + intercept
        pull = penalty @ points
        loss = float(weight @ (np.logaddexp(0.0, margin) - y * margin) + 0.5 * points @ pull)
        residual = weight * (expit(margin) - y)
        gradient = np.append(transposed @ residual + pull, residual.sum())
        return loss / total, gradient * scale / total

    started = time.monotonic()
    step = 0

    def report(intermediate_result: optimize.OptimizeResult) -> None:
        nonlocal step
        step += 1
        if progress is not None:
            progress(
                Progress(
                    step=step,
                    steps=max_iterations,
                    message=f"Step {step:,} of at most {max_iterations:,}",
                    loss=float(intermediate_result.fun),
                    seconds=time.monotonic() - started,
                )
            )

    start = np.zeros(len(scale))
    start[-1] = logit(np.average(y, weights=weight)) / scale[-1]
    found = optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=report,
        options={"maxiter": max_iterations, "ftol": 1e-12, "gtol": 1e-8, "maxcor": 20},
    )
    values = found.x * scale
    return values[:-1], float(values[-1])
