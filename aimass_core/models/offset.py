"""Fitting a model to what another one leaves over, for families that can start from its log-odds."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from aimass_core.jobs.progress import Report

Floats = npt.NDArray[np.float64]
Validation = tuple[npt.ArrayLike, npt.ArrayLike]


class TakesOffset:
    """A classifier that can be fitted on top of given log-odds.

    Its loss is then that of ``offset + log_odds``, while `log_odds` stays what it adds.
    """

    _offsets: tuple[Floats, Floats | None] | None = None

    def fit_left_over(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        *,
        offset: Floats,
        validation: Validation | None = None,
        validation_offset: Floats | None = None,
        progress: Report | None = None,
    ) -> Self:
        """Fit as `fit` does, on top of the log-odds `offset` of the rows, shape (n,).

        Parameters
        ----------
        validation_offset : the same for the validation rows.
        """
        self._offsets = offset, validation_offset
        try:
            fitter: Any = self
            fitter.fit(X, y, sample_weight, validation=validation, progress=progress)
        finally:
            self._offsets = None
        return self
