"""scikit-learn's own checks on all families that learn from a target."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from aimass_core.models.base import BinaryClassifier
from aimass_core.models.catalog import FAMILIES, build

MEMBERS = [{"family": "scorecard"}, {"family": "boosting", "config": {"trees": 40, "rate": 0.1}}]
QUICK: dict[str, dict[str, Any]] = {
    "tabm": {"members": 4, "width": 32, "bins": 8, "epochs": 15},
    "dann": {"width": 32, "bins": 8, "epochs": 15},
    "transformer": {"width": 16, "depth": 1, "heads": 2, "bins": 8, "epochs": 15},
    "autoencoder": {"width": 32, "bins": 8, "epochs": 15, "pretraining": 2},
    "additive": {"bags": 2, "pairs": 2, "rounds": 300},
    "bagging": {"members": MEMBERS[1:], "bags": 3},
    "residual": {"members": MEMBERS, "folds": 2},
    "stacking": {"members": MEMBERS, "folds": 2},
    "blend": {"members": MEMBERS},
    "auto": {"budget_seconds": 600, "families": ("scorecard", "boosting"), "folds": 2, "tries": 1},
}
"""Settings where the defaults would take minutes over all checks."""

# scikit-learn documents the same exception for its own HistGradientBoosting* and BaggingClassifier.
EXCEPTIONS = {
    "boosting": {
        "check_sample_weight_equivalence_on_dense_data": "LightGBM counts rows, not weights, when it "
        "bins values, samples rows for a tree and limits rows per leaf.",
    },
    "additive": {
        "check_sample_weight_equivalence_on_dense_data": "The rows a bag leaves out are drawn by row, and "
        "bins count rows, not weights.",
    },
    "bagging": {
        "check_sample_weight_equivalence_on_dense_data": "Refits draw rows, not weights.",
    },
    "residual": {
        "check_sample_weight_equivalence_on_dense_data": "Folds deal out rows, not weights, and LightGBM "
        "counts rows.",
    },
    "stacking": {
        "check_sample_weight_equivalence_on_dense_data": "Folds deal out rows, not weights, and LightGBM "
        "counts rows.",
    },
    "blend": {
        "check_sample_weight_equivalence_on_dense_data": "The rows kept back are drawn by row, not weight, "
        "and LightGBM counts rows.",
    },
    "auto": {
        "check_sample_weight_equivalence_on_dense_data": "Folds deal out rows, not weights, and LightGBM "
        "counts rows.",
    },
    "dann": {
        "check_sample_weight_equivalence_on_dense_data": "Batches are drawn by row: a row of weight 2 is "
        "in one batch, the row given twice is in two, so training takes another path.",
    },
    "tabm": {
        "check_sample_weight_equivalence_on_dense_data": "Batches are drawn by row, as for `dann`.",
    },
    "transformer": {
        "check_sample_weight_equivalence_on_dense_data": "Batches are drawn by row, as for `dann`.",
    },
    "autoencoder": {
        "check_sample_weight_equivalence_on_dense_data": "Batches are drawn by row, as for `dann`.",
    },
}


def expected_failures(estimator: BinaryClassifier) -> dict[str, str]:
    return EXCEPTIONS.get(estimator.family, {})


@parametrize_with_checks(
    [build(key, QUICK.get(key, {}), device="cpu") for key, card in FAMILIES.items() if card.labelled],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_check(estimator: BinaryClassifier, check: Any) -> None:
    check(estimator)


def test_the_only_exception_is_that_weights_are_not_rows() -> None:
    found = {name for reasons in EXCEPTIONS.values() for name in reasons}

    assert found == {"check_sample_weight_equivalence_on_dense_data"}
