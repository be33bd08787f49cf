"""scikit-learn's own checks on all three families."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from aimass_core.models.base import BinaryClassifier
from aimass_core.models.catalog import FAMILIES, build

# scikit-learn documents the same exception for its own HistGradientBoosting* and BaggingClassifier.
EXCEPTIONS = {
    "boosting": {
        "check_sample_weight_equivalence_on_dense_data": "LightGBM counts rows, not weights, when it "
        "bins values, samples rows for a tree and limits rows per leaf.",
    },
    "dann": {
        "check_sample_weight_equivalence_on_dense_data": "Batches are drawn by row: a row of weight 2 is "
        "in one batch, the row given twice is in two, so training takes another path.",
    },
}


def expected_failures(estimator: BinaryClassifier) -> dict[str, str]:
    return EXCEPTIONS.get(estimator.family, {})


@parametrize_with_checks(
    [build(key, {}, device="cpu") for key in FAMILIES], expected_failed_checks=expected_failures
)
def test_scikit_learn_check(estimator: BinaryClassifier, check: Any) -> None:
    check(estimator)


def test_the_exceptions_are_these_two_only() -> None:
    assert {key: list(reasons) for key, reasons in EXCEPTIONS.items()} == {
        "boosting": ["check_sample_weight_equivalence_on_dense_data"],
        "dann": ["check_sample_weight_equivalence_on_dense_data"],
    }
