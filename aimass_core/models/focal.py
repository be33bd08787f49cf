"""The focal loss for boosting: its derivatives by the log-odds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]

_LEAST = 1e-16


def focal_derivatives(log_odds: Floats, y: Floats, gamma: float) -> tuple[Floats, Floats]:
    """Return gradient and curvature of ``-(1 - q)**gamma * ln(q)``, q the probability of the true class.

    By the margin m (the log-odds, their sign turned for the negative class), with q = logistic(m)
    and u = 1 - q (Lin et al., ICCV 2017): ``dL/dm = u**gamma * (gamma * q * ln(q) - u)``. The
    curvature is that of the loss where it is convex; elsewhere it is held above 0, as Newton steps need.

    Parameters
    ----------
    log_odds, y : shape (n,); y is 0 or 1.
    gamma : 0 gives the log loss.
    """
    sign = np.where(y > 0.5, 1.0, -1.0)
    margin = sign * log_odds
    q, u = expit(margin), expit(-margin)
    log_q = -np.logaddexp(0.0, -margin)
    gradient = u**gamma * (gamma * q * log_q - u)
    curvature = u**gamma * q * ((2 * gamma + 1) * u + gamma * log_q * (u - gamma * q))
    return sign * gradient, np.maximum(curvature, _LEAST)
