"""scikit-learn's own checks on the families that learn without a target, as far as they apply.

Checks of classifiers are about classes that are learnt; these families say by their tags that they learn
none, so they are held to all checks of an estimator and none of a classifier.
"""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from aimass_core.models.base import BinaryClassifier
from aimass_core.models.catalog import FAMILIES, build
from aimass_core.models.unlabelled import UnlabelledScorer

KEYS = [key for key, card in FAMILIES.items() if not card.labelled]
REASONS = {
    "anomaly": "Batches are drawn by row: a row of weight 2 is in one batch, the row given twice is in two.",
    "isolation": "Trees are grown on a sample of rows, which a row given twice may be in twice.",
}


def expected_failures(estimator: BinaryClassifier) -> dict[str, str]:
    return {"check_sample_weight_equivalence_on_dense_data": REASONS[estimator.family]}


@parametrize_with_checks(
    [build(key, {}, device="cpu") for key in KEYS], expected_failed_checks=expected_failures
)
def test_scikit_learn_check(estimator: BinaryClassifier, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("key", KEYS)
def test_the_interface_is_that_of_a_scorer_without_a_target(key: str) -> None:
    estimator = build(key, {})

    assert isinstance(estimator, UnlabelledScorer)
    assert estimator.takes_unlabelled
    assert not estimator.__sklearn_tags__().target_tags.required
