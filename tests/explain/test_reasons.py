"""Reasons are ranked, complete, limited, and read like sentences."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.explain.reasons import Reasons, reasons
from aimass_core.explain.shapley import Explanation

NAMES = ("PAY_0", "income", "town", "late", "owner", "since", "zero")
VALUES = {
    "PAY_0": "2",
    "income": "missing",
    "town": "Ulm",
    "late": "3",
    "owner": "no",
    "since": "2020",
    "zero": "0",
}


def explanation(values: list[float], errors: float = 0.0) -> Explanation:
    row = np.array([values])
    return Explanation(
        names=NAMES[: len(values)],
        values=row,
        errors=np.full_like(row, errors),
        base=-1.0,
        log_odds=np.array([-1.0 + sum(values)]),
        reference="population",
        reference_text="mean of all training rows",
        method="exact",
        additivity=0.0,
        typical=dict.fromkeys(NAMES, "0"),
    )


def features(found: Reasons) -> tuple[list[str], list[str], list[str]]:
    parts = (found.principal, found.tail, found.favourable)
    return tuple([reason.feature for reason in part] for part in parts)  # type: ignore[return-value]


def test_adverse_reasons_come_strongest_first_and_the_tail_is_kept() -> None:
    found = reasons(explanation([0.3, 0.5, -0.4, 0.1, 0.2, 0.05, 0.0]), 0, VALUES)

    assert features(found) == (["income", "PAY_0", "owner", "late"], ["since"], ["town"])


def test_ties_are_in_the_order_of_the_model() -> None:
    found = reasons(explanation([0.2, 0.2 + 1e-13, 0.2, 0.2 - 1e-13, 0.2, -0.1, -0.1]), 0, VALUES)

    assert features(found) == (["PAY_0", "income", "town", "late"], ["owner"], ["since", "zero"])


def test_feature_that_did_nothing_is_no_reason() -> None:
    assert features(reasons(explanation([0.0, 1e-12, -1e-12]), 0, VALUES)) == ([], [], [])


def test_adverse_side_can_be_the_negative_one() -> None:
    found = reasons(explanation([0.3, -0.5, -0.4]), 0, VALUES, adverse="negative")

    assert features(found) == (["income", "town"], [], ["PAY_0"])
    assert found.principal[0].direction == "lowers"


def test_sentence_names_value_reference_and_direction() -> None:
    found = reasons(explanation([0.3, -0.2]), 0, VALUES)

    assert found.principal[0].text == (
        "`PAY_0` is 2 (typical: 0), which raises the estimated probability of default."
    )
    assert found.favourable[0].text == (
        "`income` is missing (typical: 0), which lowers the estimated probability of default."
    )
    fraud = reasons(explanation([0.3]), 0, VALUES, outcome="fraud")
    assert fraud.principal[0].text.endswith("probability of fraud.")


def test_unknown_error_is_none_and_json_holds_everything() -> None:
    found = reasons(explanation([0.3, -0.2], errors=float("nan")), 0, VALUES)

    assert found.principal[0].error is None
    assert Reasons.model_validate_json(found.model_dump_json()) == found


def test_limit_is_honoured() -> None:
    found = reasons(explanation([0.3, 0.2, 0.1]), 0, VALUES, limit=1)

    assert features(found) == (["PAY_0"], ["income", "town"], [])


def test_contributions_of_all_reasons_add_up() -> None:
    values = [0.3, 0.5, -0.4, 0.1, 0.2, 0.05, 0.0]
    found = reasons(explanation(values), 0, VALUES)

    total = sum(
        reason.contribution for part in (found.principal, found.tail, found.favourable) for reason in part
    )

    assert total == pytest.approx(sum(values))
