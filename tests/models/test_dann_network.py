"""The network's parts, with answers known by construction."""

from __future__ import annotations

import numpy as np
import torch

from aimass_core.models.dann_network import DannNetwork, ReverseGradient
from aimass_core.models.network_inputs import FIRST_LABEL, MISSING, UNSEEN, Inputs


def test_reversal_is_the_identity_forwards_and_negated_backwards() -> None:
    x = torch.tensor([1.0, -2.0], requires_grad=True)

    out = ReverseGradient.apply(x, 0.5)
    (out * torch.tensor([3.0, 4.0])).sum().backward()

    assert torch.equal(out, x)
    assert torch.equal(x.grad, torch.tensor([-1.5, -2.0]))


def test_numbers_are_spread_over_segments() -> None:
    network = DannNetwork((3, 1), (True, False), (), width=4, depth=1, dropout=0.0, embedding=2)

    encoded = network.encode(torch.tensor([[1.25, 0.5], [float("nan"), 1.0]]), torch.empty((2, 0)).long())

    # Three segments of the first number, one of the second, then "first is missing".
    assert encoded.tolist() == [[1.0, 0.25, 0.0, 0.5, 0.0], [0.0, 0.0, 0.0, 1.0, 1.0]]


def test_a_new_network_gives_even_odds() -> None:
    network = DannNetwork((2,), (False,), (4,), width=8, depth=2, dropout=0.5, embedding=3).eval()

    logits = network(torch.rand(6, 1), torch.zeros((6, 1), dtype=torch.int64))

    assert logits.tolist() == [0.0] * 6


def test_positions_labels_and_gaps_by_hand() -> None:
    X = np.array([[0.0, 5.0, np.nan], [10.0, 7.0, 1.0], [20.0, 5.0, 2.0]])
    inputs = Inputs.fit(X, np.ones(3), bins=8, categorical=(1,))

    rows = np.array([[5.0, 7.0, np.nan], [99.0, 6.0, 1.0], [np.nan, np.nan, -9.0]])
    positions, indices = inputs.transform(rows)

    # Knots 0, 10, 20: 5 lies half a segment up, 99 is held at the end, a gap takes the median.
    np.testing.assert_allclose(positions[:, 0], [0.5, 2.0, 1.0])
    # The third column had a gap in training, so a gap stays one; knots 1, 2.
    np.testing.assert_array_equal(positions[:, 1], [np.nan, 0.0, 0.0])
    assert indices[:, 0].tolist() == [FIRST_LABEL + 1, UNSEEN, UNSEEN]
    assert inputs.segments == (2, 1)
    assert inputs.flags == (False, True)
    assert inputs.cardinalities == (4,)


def test_a_missing_label_seen_in_training_has_its_own_index() -> None:
    X = np.array([[1.0], [np.nan], [2.0]])
    inputs = Inputs.fit(X, np.ones(3), bins=8, categorical=(0,))

    _, indices = inputs.transform(np.array([[np.nan], [2.0]]))

    assert indices[:, 0].tolist() == [MISSING, FIRST_LABEL + 1]


def test_inputs_survive_json() -> None:
    random = np.random.default_rng(0)
    X = np.column_stack([random.normal(size=50), random.integers(0, 3, 50)])
    inputs = Inputs.fit(X, np.ones(50), bins=6, categorical=(1,))

    again = Inputs.from_json(inputs.to_json())

    for a, b in zip(inputs.transform(X), again.transform(X), strict=True):
        np.testing.assert_array_equal(a, b)
