"""Penalised logistic regressions of the scorecard: on all bins, on evidence, and on one feature alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import linalg, optimize, sparse
from scipy.special import expit, logit

from aimass_core.jobs.progress import Progress, Report
from aimass_core.models.binning import Binning, Floats, Ints

_NEWTON_STEPS = 50
_SETTLED = 1e-10


def bins_design(codes: Ints, binning: Binning) -> sparse.csr_matrix:
    """One-hot rows: a 1 for the bin of each feature, shape (n, all bins)."""
    n, p = codes.shape
    columns = (codes + np.array(binning.offsets)).ravel()
    return sparse.csr_matrix(
        (np.ones(n * p), columns, np.arange(0, n * p + 1, p)), shape=(n, int(sum(binning.sizes)))
    )


def bins_penalty(binning: Binning, *, l2: float, smoothing: float) -> sparse.csr_matrix:
    """Matrix P of the penalty ``points @ P @ points / 2``: ridge, and steps between neighbouring ranges."""
    blocks = [feature_penalty(binning, j, l2=l2, smoothing=smoothing) for j in range(len(binning.edges))]
    return sparse.block_diag(blocks, format="csr")


def feature_penalty(binning: Binning, j: int, *, l2: float, smoothing: float) -> Floats:
    """Return the block of `bins_penalty` of one feature."""
    size, edges = binning.sizes[j], binning.edges[j]
    steps = np.zeros((0 if edges is None else len(edges), size))
    for k in range(len(steps)):
        steps[k, k], steps[k, k + 1] = -1.0, 1.0
    return np.asarray(l2 * np.identity(size) + smoothing * (steps.T @ steps))


def on_bins(
    design: sparse.csr_matrix,
    y: Floats,
    weight: Floats,
    penalty: sparse.csr_matrix,
    max_iterations: int,
    progress: Report | None,
    started: float,
) -> tuple[Floats, float]:
    """Return points of all bins and the intercept by L-BFGS; convex, so the start does not matter."""
    # Unit-curvature scaling: rare bins would otherwise take hundreds of steps to settle.
    curvature = 0.25 * np.asarray(design.T @ weight).ravel() + penalty.diagonal()
    transposed = design.T.tocsr()
    return _minimised(
        margin=lambda points: np.asarray(design @ points),
        backward=lambda residual: np.asarray(transposed @ residual),
        pull=lambda points: np.asarray(penalty @ points),
        scale=1.0 / np.sqrt(curvature),
        y=y,
        weight=weight,
        lowest=None,
        max_iterations=max_iterations,
        report=_listener(progress, max_iterations, 0, started),
    )


def on_evidence(
    evidence: Floats,
    y: Floats,
    weight: Floats,
    *,
    l2: float,
    max_iterations: int,
    progress: Report | None,
    steps_done: int,
    started: float,
) -> tuple[Floats, float]:
    """Return a coefficient per feature, none below 0, and the intercept.

    A coefficient below 0 would turn a bin's evidence into its opposite; such features are left at 0, as
    scorecards are built (Siddiqi 2006).

    Parameters
    ----------
    evidence : weight of evidence of each value towards bad, shape (n, p).
    steps_done : steps that were reported before, as binning; `started` is their `time.monotonic()`.
    """
    centre = np.average(evidence, axis=0, weights=weight)
    evidence = evidence - centre
    curvature = 0.25 * (weight @ evidence**2) + l2
    coefficients, intercept = _minimised(
        margin=lambda c: np.asarray(evidence @ c),
        backward=lambda residual: np.asarray(residual @ evidence),
        pull=lambda c: l2 * c,
        scale=1.0 / np.sqrt(curvature),
        y=y,
        weight=weight,
        lowest=0.0,
        max_iterations=max_iterations,
        report=_listener(progress, max_iterations, steps_done, started),
    )
    return coefficients, intercept - float(coefficients @ centre)


def on_one_feature(
    codes: Ints, offset: Floats, y: Floats, weight: Floats, penalty: Floats, start: Floats
) -> Floats:
    """Return the points of one feature's bins while the rest of the model stays as it is.

    Newton's method on the sums of each bin, from `start`; the penalised likelihood is concave.

    Parameters
    ----------
    codes : bin of each row, shape (n,). offset : log-odds of everything else, shape (n,).
    """
    points, size = start.copy(), len(start)
    value = _one_loss(points, codes, offset, y, weight, penalty)
    for _ in range(_NEWTON_STEPS):
        chance = expit(offset + points[codes])
        slope = np.bincount(codes, weights=weight * (chance - y), minlength=size) + penalty @ points
        bend = np.bincount(codes, weights=weight * chance * (1 - chance), minlength=size)
        step = linalg.solve(np.diag(bend) + penalty, slope, assume_a="pos")
        length = 1.0
        while length > 1e-6:
            tried = _one_loss(points - length * step, codes, offset, y, weight, penalty)
            if tried <= value:
                break
            length /= 2
        points, value = points - length * step, tried
        if np.abs(length * step).max() < _SETTLED:
            break
    return points


def _one_loss(
    points: Floats, codes: Ints, offset: Floats, y: Floats, weight: Floats, penalty: Floats
) -> float:
    margin = offset + points[codes]
    return float(weight @ (np.logaddexp(0.0, margin) - y * margin) + 0.5 * points @ penalty @ points)


def _minimised(
    *,
    margin: Callable[[Floats], Floats],
    backward: Callable[[Floats], Floats],
    pull: Callable[[Floats], Floats],
    scale: Floats,
    y: Floats,
    weight: Floats,
    lowest: float | None,
    max_iterations: int,
    report: Callable[[optimize.OptimizeResult], None],
) -> tuple[Floats, float]:
    """Minimise the penalised log loss over coefficients and an intercept without a penalty."""
    total = weight.sum()
    scale = np.append(scale, 1.0 / np.sqrt(0.25 * total))

    def objective(scaled: Floats) -> tuple[float, Floats]:
        values = scaled * scale
        coefficients, intercept = values[:-1], values[-1]
        odds = margin(coefficients) + intercept
        pulled = pull(coefficients)
        loss = float(weight @ (np.logaddexp(0.0, odds) - y * odds) + 0.5 * coefficients @ pulled)
        residual = weight * (expit(odds) - y)
        gradient = np.append(backward(residual) + pulled, residual.sum())
        return loss / total, gradient * scale / total

    start = np.zeros(len(scale))
    start[-1] = logit(np.average(y, weights=weight)) / scale[-1]
    bounds = None if lowest is None else [(lowest, None)] * (len(scale) - 1) + [(None, None)]
    found = optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        callback=report,
        options={"maxiter": max_iterations, "ftol": 1e-12, "gtol": 1e-8, "maxcor": 20},
    )
    values = found.x * scale
    return values[:-1], float(values[-1])


def _listener(
    progress: Report | None, max_iterations: int, done: int, started: float
) -> Callable[[optimize.OptimizeResult], None]:
    step = 0

    def report(intermediate_result: optimize.OptimizeResult) -> None:
        nonlocal step
        step += 1
        if progress is not None:
            progress(
                Progress(
                    step=done + step,
                    steps=done + max_iterations,
                    message=f"Step {step:,} of at most {max_iterations:,}",
                    loss=float(intermediate_result.fun),
                    seconds=time.monotonic() - started,
                )
            )

    return report
