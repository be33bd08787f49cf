"""What all model families share: checked inputs, the scikit-learn interface, save and load."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from aimass_core.errors import DataError
from aimass_core.jobs.progress import Report

Floats = npt.NDArray[np.float64]
Validation = tuple[npt.ArrayLike, npt.ArrayLike]

STATE_FILE = "estimator.json"


class BinaryClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A classifier of two classes on a float64 matrix in which NaN means missing.

    Subclasses only assign in ``__init__`` and implement the five hooks below. `predict_proba`
    is the logistic function of `log_odds`; both work row by row, so a score never depends on
    the rows it is scored with.
    """

    family: ClassVar[str]
    older: ClassVar[Mapping[str, Any]] = {}
    """Settings that saved models lack because they are older than the setting, where it now differs."""

    takes_unlabelled: ClassVar[bool] = False
    """Whether `fit` learns from rows without a target, given as `unlabelled`, shape (m, p)."""
    categorical: tuple[int, ...]
    names: tuple[str, ...]
    seed: int
    classes_: npt.NDArray[Any]
    n_features_in_: int

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        *,
        validation: Validation | None = None,
        domain: npt.ArrayLike | None = None,
        progress: Report | None = None,
    ) -> Self:
        """Learn from training rows.

        Parameters
        ----------
        X : features, shape (n, p), float; NaN means missing; columns in `categorical` hold label codes.
        y : target, shape (n,), exactly two distinct values; the greater one is the positive class.
        sample_weight : weight of each row, shape (n,), none negative; default: 1.
        validation : features and target of rows that decide when to stop.
        domain : domain of each row, shape (n,), any labels; only the network uses it.
        progress : called with each `Progress`; an exception it raises ends training and is passed on.

        Raises
        ------
        DataError
            When the target has not exactly two classes or shapes do not fit (also a ValueError).
        """
        matrix, target = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2, y_numeric=False
        )
        check_classification_targets(target)
        classes, codes = np.unique(target, return_inverse=True)
        weight = _check_sample_weight(sample_weight, matrix, dtype=np.float64, ensure_non_negative=True)
        present = np.unique(codes[weight > 0])
        if len(classes) > 2:
            # The words scikit-learn's own checks look for in a classifier of two classes.
            raise DataError(
                "Only binary classification is supported",
                f"The type of the target is multiclass: it has {len(classes):,} classes",
                "Say which values count as positive",
            )
        if len(present) < 2:
            only = classes[present[0]] if len(present) else "nothing"
            raise DataError(
                "the target must have two classes",
                f"this classifier was given rows of only one class: '{only}'",
                "Choose another target, or say which values count as positive",
            )
        for j in self.categorical:
            if not 0 <= j < matrix.shape[1]:
                raise DataError(
                    "`categorical` must name columns of the matrix",
                    f"column {j} of {matrix.shape[1]} does not exist",
                )
        held_out = None if validation is None else self._checked_validation(validation, classes)
        domains = None if domain is None else _checked_domain(domain, len(matrix))
        # Learnt attributes appear only after success, so a cancelled fit leaves the estimator as it was.
        self._fit(matrix, codes.astype(np.float64), weight, held_out, domains, progress)
        self.classes_ = classes
        return self

    def _checked_validation(
        self, validation: Validation, classes: npt.NDArray[Any]
    ) -> tuple[Floats, Floats] | None:
        matrix, target = validate_data(
            self, *validation, reset=False, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        unknown = ~np.isin(target, classes)
        if unknown.any():
            raise DataError(
                "validation rows must have the classes of the training rows",
                f"{int(unknown.sum()):,} have another one ('{target[unknown][0]}')",
            )
        return matrix, (target == classes[1]).astype(np.float64)

    def name_labels(self, labels: Sequence[Sequence[str]]) -> None:
        """Be told, before `fit`, the text of the label codes 0, 1, … of each column (none for numbers)."""

    def log_odds(self, X: npt.ArrayLike) -> Floats:
        """Return ln(p / (1 - p)) of the positive class, shape (n,), float64."""
        check_is_fitted(self, "classes_")
        return self._log_odds(self._matrix(X))

    def decision_function(self, X: npt.ArrayLike) -> Floats:
        """Return `log_odds`, under the name scikit-learn's tools look for."""
        return self.log_odds(X)

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the probabilities of both classes, shape (n, 2), in the order of `classes_`."""
        positive = expit(self.log_odds(X))
        return np.column_stack([1.0 - positive, positive])

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return the more probable class of each row, shape (n,)."""
        odds = self.log_odds(X)
        return np.asarray(self.classes_[(odds > 0).astype(int)])

    def _matrix(self, X: npt.ArrayLike) -> Floats:
        check_is_fitted(self, "classes_")
        return np.asarray(
            validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        )

    def save(self, folder: Path) -> None:
        """Write the fitted estimator into an existing or new folder; no pickle."""
        check_is_fitted(self, "classes_")
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "family": self.family,
            "settings": self.get_params(deep=False),
            "classes": self.classes_.tolist(),
            "classes_dtype": "str" if self.classes_.dtype.kind in "UOT" else self.classes_.dtype.str,
            "features": self.n_features_in_,
            "names": getattr(self, "feature_names_in_", np.array([])).tolist(),
            "learnt": self._write(folder),
        }
        (folder / STATE_FILE).write_text(json.dumps(state, allow_nan=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; scores are equal to the last bit on the same machine.

        Raises
        ------
        DataError
            When a file is absent, torn or of another family.
        """
        try:
            state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
            if state["family"] != cls.family:
                raise DataError(f"a saved {cls.family} model is needed", f"this is a {state['family']} model")
            settings = {name: _tupled(value) for name, value in state["settings"].items()}
            estimator = cls(**{**cls.older, **settings})
            dtype = object if state["classes_dtype"] == "str" else state["classes_dtype"]
            estimator.n_features_in_ = int(state["features"])
            if state["names"]:
                estimator.feature_names_in_ = np.array(state["names"], dtype=object)
            estimator._read(folder, state["learnt"])
            estimator.classes_ = np.array(state["classes"], dtype=dtype)
        except (OSError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                "the files of a saved model must be complete",
                f"{folder.name} is not: {type(error).__name__}: {error}",
                "Restore the folder from a backup, or train again",
            ) from error
        return estimator

    @abstractmethod
    def _fit(
        self,
        X: Floats,
        y: Floats,
        weight: Floats,
        validation: tuple[Floats, Floats] | None,
        domain: npt.NDArray[np.int64] | None,
        progress: Report | None,
    ) -> None:
        """Learn from checked inputs; y is 0 or 1."""

    @abstractmethod
    def _log_odds(self, X: Floats) -> Floats:
        """Return the log-odds of checked rows."""

    @abstractmethod
    def _write(self, folder: Path) -> dict[str, Any]:
        """Write weights into `folder`; return what is small as JSON values."""

    @abstractmethod
    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        """Set what `_write` wrote."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = False
        return tags


def _tupled(value: Any) -> Any:
    """Return a setting as it was before JSON, which knows no tuples."""
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


def _checked_domain(domain: npt.ArrayLike, rows: int) -> npt.NDArray[np.int64]:
    values = np.asarray(domain)
    if values.shape != (rows,):
        raise DataError("one domain per row is needed", f"{rows:,} rows and {values.size:,} domains")
    names, codes = np.unique(values.astype(str), return_inverse=True)
    if len(names) < 2:
        raise DataError(
            "domain-adversarial training needs at least two domains",
            f"all rows are of domain '{names[0]}'" if len(names) else "there are no rows",
            "Choose another domain column, or none",
        )
    return codes.astype(np.int64)
