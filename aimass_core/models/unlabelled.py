"""What the families share that learn from rows alone, without a target."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import _check_sample_weight, validate_data

from aimass_core.errors import DataError
from aimass_core.jobs.progress import Report
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.unusualness import Unusualness


class UnlabelledScorer(BinaryClassifier):
    """An anomaly score behind the interface of a classifier of two classes.

    `predict_proba` is a measure of unusualness, not a probability of fraud: the share of training rows
    that are less unusual than the row, made smooth and strictly increasing in the raw score
    (:class:`~aimass_core.models.unusualness.Unusualness`). 0.99 says that 99 % of the training rows are
    more ordinary. `classes_` is always [0, 1].

    Subclasses implement `_learn` and `raw_scores`.

    Attributes
    ----------
    learnt_ : what the family learnt.
    unusualness_ : the map from raw scores to log-odds.
    """

    takes_unlabelled = True

    learnt_: Any
    unusualness_: Unusualness

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        *,
        validation: tuple[npt.ArrayLike, npt.ArrayLike | None] | None = None,
        domain: npt.ArrayLike | None = None,
        progress: Report | None = None,
        unlabelled: npt.ArrayLike | None = None,
    ) -> Self:
        """Learn what is usual from training rows.

        Parameters
        ----------
        X : features, shape (n, p), float; NaN means missing; columns in `categorical` hold label codes.
        y : not looked at; there for the common interface.
        sample_weight : weight of each row, shape (n,), none negative; default: 1.
        validation : rows that decide when to stop; only their features are looked at.
        domain : not looked at.
        progress : called with each `Progress`; an exception it raises ends training and is passed on.
        unlabelled : further rows to learn from, shape (m, p), each with the mean weight of the others.

        Raises
        ------
        DataError
            When a categorical column does not exist (also a ValueError).
        ValueError
            When no row has a weight.
        """
        matrix = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        weight = _check_sample_weight(sample_weight, matrix, dtype=np.float64, ensure_non_negative=True)
        for j in self.categorical:
            if not 0 <= j < matrix.shape[1]:
                raise DataError(
                    "`categorical` must name columns of the matrix",
                    f"column {j} of {matrix.shape[1]} does not exist",
                )
        held_out = None
        if validation is not None:
            held_out = validate_data(
                self, validation[0], reset=False, dtype=np.float64, ensure_all_finite="allow-nan"
            )
        used = weight > 0
        if not used.all():
            matrix, weight = matrix[used], weight[used]
        if unlabelled is not None:
            further = validate_data(
                self,
                unlabelled,
                reset=False,
                dtype=np.float64,
                ensure_all_finite="allow-nan",
                ensure_min_samples=0,
            )
            if len(further):
                matrix = np.vstack([matrix, further])
                weight = np.concatenate([weight, np.full(len(further), weight.mean())])
        held = None if held_out is None else (held_out, np.zeros(len(held_out)))
        self._fit(matrix, np.zeros(len(matrix)), weight, held, None, progress)
        self.classes_ = np.array([0, 1])
        return self

    def _fit(
        self,
        X: Floats,
        y: Floats,
        weight: Floats,
        validation: tuple[Floats, Floats] | None,
        domain: npt.NDArray[np.int64] | None,
        progress: Report | None,
    ) -> None:
        learnt = self._learn(X, weight, None if validation is None else validation[0], progress)
        unusualness = Unusualness.fit(self._raw(learnt, X), weight)
        # Nothing is set before all is known, so a cancelled fit leaves the estimator as it was.
        self.learnt_, self.unusualness_ = learnt, unusualness

    def raw_scores(self, X: npt.ArrayLike) -> Floats:
        """Return the family's own anomaly score, shape (n,); higher is more unusual."""
        matrix = self._matrix(X)
        return self._raw(self.learnt_, matrix)

    def _log_odds(self, X: Floats) -> Floats:
        return self.unusualness_.apply(self._raw(self.learnt_, X))

    def _write(self, folder: Path) -> dict[str, Any]:
        return {"unusualness": self.unusualness_.to_json(), **self._write_learnt(self.learnt_, folder)}

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        self.learnt_ = self._read_learnt(folder, learnt)
        self.unusualness_ = Unusualness.from_json(learnt["unusualness"])

    @abstractmethod
    def _learn(self, X: Floats, weight: Floats, held_out: Floats | None, progress: Report | None) -> Any:
        """Return what is learnt from rows of positive weight, setting nothing."""

    @abstractmethod
    def _raw(self, learnt: Any, X: Floats) -> Floats:
        """Return raw anomaly scores of rows, shape (n,), finite; higher is more unusual."""

    @abstractmethod
    def _write_learnt(self, learnt: Any, folder: Path) -> dict[str, Any]:
        """As `_write`, without the map."""

    @abstractmethod
    def _read_learnt(self, folder: Path, learnt: dict[str, Any]) -> Any:
        """Return what `_write_learnt` wrote."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # It has the methods of a classifier but learns no classes, so nothing may expect it to.
        tags.estimator_type = None
        tags.classifier_tags = None
        tags.target_tags.required = False
        return tags
