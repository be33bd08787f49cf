"""FT-Transformer: the family's promises, time steps, missing values, memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from aimass_core.errors import SettingsError
from aimass_core.evaluate.discrimination import auc
from aimass_core.models.catalog import build, check_config, load_estimator
from aimass_core.models.transformer import TransformerClassifier
from aimass_core.models.transformer_network import ROWS, Times, Tokens, TransformerNetwork
from tests.models.contract import CATEGORY, FamilyContract, bank

QUICK: dict[str, Any] = {"width": 16, "depth": 1, "heads": 2, "bins": 8, "epochs": 12, "rate": 3e-3}
MONTHS = tuple(f"{stem}{month}" for stem in ("BILL_AMT", "PAY_AMT") for month in (1, 2, 3))


class TestTransformer(FamilyContract):
    key = "transformer"
    quick: ClassVar[dict[str, Any]] = QUICK


def months(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of six monthly columns; bad is who paid less than the bill in the same month, in any of them."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 6))
    y = (X[:, 3:] < X[:, :3] - 1.2).any(axis=1).astype(int)
    return X, y


def network(**settings: Any) -> TransformerNetwork:
    torch.manual_seed(0)
    chosen = {"width": 8, "depth": 2, "heads": 2, "dropout": 0.0, "attention_dropout": 0.0}
    times = Times((1, 1, 0, 0), (1, 2, 0, 0))
    made = TransformerNetwork((3, 2, 1), (4,), times=times, **(chosen | settings))
    torch.nn.init.normal_(made.head.weight)
    return made.eval()


def test_interactions_across_months_are_learnt() -> None:
    model = TransformerClassifier(
        width=16, heads=2, bins=8, epochs=40, rate=5e-3, names=MONTHS, device="cpu", seed=1
    ).fit(*months(3_000))
    X, y = months(2_000, seed=9)

    assert auc(y, model.predict_proba(X)[:, 1]) > 0.93


def test_series_are_found_by_name_spelled_out_or_left_alone() -> None:
    def stems(**settings: Any) -> list[str]:
        return [series.stem for series in TransformerClassifier(names=MONTHS, **settings).found_series]

    assert stems() == ["BILL_AMT", "PAY_AMT"]
    assert stems(time_steps="off") == []
    assert stems(series=(("PAY_AMT3", "PAY_AMT1"),)) == ["PAY_AMT3"]
    assert TransformerClassifier().found_series == ()
    assert TransformerClassifier(names=MONTHS).report()["time_steps"]["series"][1] == {
        "name": "PAY_AMT",
        "columns": ["PAY_AMT1", "PAY_AMT2", "PAY_AMT3"],
    }


def test_time_steps_change_the_network_only_where_there_are_some() -> None:
    X, y = months(200)

    def parameters(**settings: Any) -> set[str]:
        model = TransformerClassifier(**QUICK, device="cpu", **settings).fit(X, y)
        return {name for name, _ in model.network_.named_parameters()}

    assert parameters(names=MONTHS) - parameters() == {"tokens.series", "tokens.step"}
    assert parameters(names=MONTHS, time_steps="off") == parameters()


def test_the_same_month_of_two_series_shares_its_vector() -> None:
    tokens = Tokens((1, 1, 1, 1, 1), (), width=4, times=Times((1, 1, 2, 2, 0), (1, 2, 1, 2, 0)))
    at_zero, nothing = torch.zeros(1, 5), torch.zeros(1, 0, dtype=torch.int64)

    before = tokens(at_zero, nothing)
    with torch.no_grad():
        tokens.step[2] += 1.0
    moved = (tokens(at_zero, nothing) - before)[0].abs().sum(dim=1) > 0.5

    assert moved.tolist() == [False, True, False, True, False]


def test_label_columns_can_be_part_of_a_series() -> None:
    # Numbers come first among the tokens, whatever the order of the columns.
    X, y = months(200)
    X[:, 0] = np.digitize(X[:, 0], [-1, 0, 1])
    model = TransformerClassifier(**QUICK, names=MONTHS, categorical=(0,), device="cpu").fit(X, y)

    tokens = model.network_.tokens
    assert tokens.step_of.tolist() == [2, 3, 1, 2, 3, 1]
    assert tokens.series_of.tolist() == [1, 1, 2, 2, 2, 1]


def test_a_number_moves_its_token_in_straight_lines_between_knots() -> None:
    tokens = Tokens((3,), (), width=4, times=Times((0,), (0,)))
    nothing = torch.zeros(1, 0, dtype=torch.int64)

    at = [tokens(torch.tensor([[value]]), nothing)[0, 0] for value in (1.0, 1.25, 2.0, 3.0, 9.0)]

    torch.testing.assert_close(at[1], 0.75 * at[0] + 0.25 * at[2])
    torch.testing.assert_close(at[3], at[4])  # held at the last knot


def test_a_missing_number_has_a_vector_of_its_own() -> None:
    tokens = Tokens((3, 3), (), width=4, times=Times((0, 0), (0, 0)))
    nothing = torch.zeros(1, 0, dtype=torch.int64)

    found = tokens(torch.tensor([[float("nan"), 1.0]]), nothing)[0]

    torch.testing.assert_close(found[0], tokens.missing[0] + tokens.bias[0])


def test_rows_do_not_touch_each_other_and_parts_make_the_whole() -> None:
    made = network().double()
    rows = 2 * ROWS + 3
    numbers = torch.rand(rows, 3, dtype=torch.float64) * 2
    labels = torch.randint(4, (rows, 1))

    with torch.inference_mode():
        whole = made(numbers, labels)
        alone = torch.cat([made(numbers[j : j + 1], labels[j : j + 1]) for j in (0, ROWS, rows - 1)])

    torch.testing.assert_close(alone, whole[[0, ROWS, rows - 1]], rtol=0, atol=1e-12)


def test_the_answer_does_not_depend_on_the_order_of_tokens_but_through_what_they_carry() -> None:
    made = network()
    numbers, labels = torch.tensor([[1.0, 2.0, 1.0]]), torch.tensor([[2]])
    tokens = made.tokens(numbers, labels)
    x = torch.cat([made.gatherer.expand(1, 1, -1), tokens], dim=1)
    turned = torch.cat([x[:, :1], x[:, 1:].flip(1)], dim=1)

    def answer(rows: torch.Tensor) -> torch.Tensor:
        for block in made.blocks[:-1]:
            rows = block(rows, queries=rows.shape[1])
        return made.blocks[-1](rows, queries=1)

    torch.testing.assert_close(answer(turned), answer(x))


def test_only_the_gathering_token_of_the_last_block_is_computed() -> None:
    made = network()
    x = torch.rand(5, 4, 8)

    torch.testing.assert_close(made.blocks[-1](x, queries=1), made.blocks[-1](x, queries=4)[:, :1])


def test_a_batch_on_a_processor_is_small_enough_for_its_memory() -> None:
    model = TransformerClassifier()

    assert model._batch_rows(10_000_000, torch.device("cpu")) == 1_024
    assert model._batch_rows(10_000_000, torch.device("cuda")) > 1_024
    assert TransformerClassifier(batch_size=7)._batch_rows(10_000_000, torch.device("cpu")) == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 30, "heads": 4}, "multiple of heads"),
        ({"series": [["a"]]}, "at least two columns"),
        ({"series": [["a", "a"]]}, "each once"),
        ({"time_steps": "monthly"}, "time_steps"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check_config("transformer", settings)


def test_spelled_out_series_survive_save(tmp_path: Path) -> None:
    X, y = bank(200)
    names = ("a", "b", "c", "town")
    model = build(
        "transformer", {**QUICK, "series": [["b", "a"]]}, names=names, categorical=(CATEGORY,), device="cpu"
    ).fit(X, y)

    model.save(tmp_path)
    loaded = load_estimator("transformer", tmp_path)

    assert loaded.get_params()["series"] == (("b", "a"),)
    np.testing.assert_array_equal(loaded.log_odds(X), model.log_odds(X))
