"""The sample bank is reproducible, small, coherent and exactly as spoilt as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from sample_data.generate import ROWS, generate

FOLDER = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    """The manifest that was committed."""
    return dict(json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """The committed files as they are, text kept as text."""
    names = ("customers", "applications", "transactions", "purchases")
    return {
        name: pd.read_csv(FOLDER / f"{name}.csv", keep_default_na=False, na_values=[""]) for name in names
    }


def test_committed_files_are_what_the_generator_makes(tmp_path: Path, committed: dict[str, Any]) -> None:
    again = generate(tmp_path, rows=ROWS, seed=committed["seed"], say=lambda _: None)

    csv = {name: facts for name, facts in committed["files"].items() if name.endswith(".csv")}
    assert {name: again["files"][name] for name in csv} == csv
    assert again["planted"] == committed["planted"]
    assert again["best_possible_auc"] == committed["best_possible_auc"]


def test_committed_files_stay_under_five_megabytes() -> None:
    size = sum(
        path.stat().st_size for path in FOLDER.iterdir() if path.suffix in {".csv", ".parquet", ".json"}
    )

    assert size < 5_000_000


def test_another_seed_makes_another_bank(tmp_path: Path) -> None:
    one = generate(tmp_path / "one", rows=300, seed=1, say=lambda _: None)
    two = generate(tmp_path / "two", rows=300, seed=2, say=lambda _: None)

    assert one["files"]["transactions.csv"]["sha256"] != two["files"]["transactions.csv"]["sha256"]


def test_files_fit_together(tables: dict[str, pd.DataFrame]) -> None:
    known = set(tables["customers"]["customer_id"])

    for name in ("applications", "transactions", "purchases"):
        assert set(tables[name]["customer_id"]) <= known
    assert tables["customers"]["customer_id"].is_unique


def test_planted_faults_are_there(tables: dict[str, pd.DataFrame], committed: dict[str, Any]) -> None:
    planted = {(f["file"], f["column"], f["fault"]): f["rows"] for f in committed["planted"]}
    applications = tables["applications"].drop_duplicates()
    transactions = tables["transactions"].drop_duplicates()

    found = {
        ("applications", "bureau_score", "missing"): applications["bureau_score"].isna().sum(),
        ("applications", "employment_years", "missing"): applications["employment_years"].isna().sum(),
        ("applications", "months_since_late", "sentinel"): (applications["months_since_late"] == -999).sum(),
        ("applications", "monthly_income", "sentinel"): (applications["monthly_income"] == 9_999_999).sum(),
        ("applications", "occupation", "sentinel"): (applications["occupation"] == "?").sum(),
        ("applications", "housing", "typo"): applications["housing"].isin(["Rent", " rent", "rnt"]).sum(),
        ("applications", "age", "impossible value"): applications["age"].isin([0, 199]).sum(),
        ("applications", "(whole row)", "duplicate"): tables["applications"].duplicated().sum(),
        ("transactions", "distance_km", "sentinel"): (transactions["distance_km"] == -1).sum(),
        ("transactions", "merchant_category", "sentinel"): (transactions["merchant_category"] == "N/A").sum(),
        ("transactions", "(whole row)", "duplicate"): tables["transactions"].duplicated().sum(),
    }

    assert found == {key: planted[key] for key in found}
    assert all(rows > 0 for rows in found.values())


def test_leaking_column_gives_the_outcome_away(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["applications"]

    assert roc_auc_score(table["defaulted"], table["collection_calls"]) > 0.98


def test_default_rate_rises_in_the_last_months(tables: dict[str, pd.DataFrame]) -> None:
    month = pd.to_datetime(tables["applications"]["applied_at"]).dt.month
    rate = tables["applications"].groupby(month)["defaulted"].mean()

    assert rate[11:12].mean() > 1.4 * rate[1:10].mean()


@pytest.mark.parametrize(
    ("name", "key", "outcome"),
    [("applications", "application_id", "defaulted"), ("transactions", "transaction_id", "fraud")],
)
def test_best_possible_auc_is_that_of_the_true_probabilities(
    tables: dict[str, pd.DataFrame], committed: dict[str, Any], name: str, key: str, outcome: str
) -> None:
    truth = pd.read_parquet(FOLDER / "truth.parquet").set_index("id")["probability"]
    table = tables[name].drop_duplicates()

    auc = roc_auc_score(table[outcome], truth.loc[table[key]])

    assert auc == pytest.approx(committed["best_possible_auc"][name], abs=2e-4)


def test_outcomes_are_drawn_from_the_true_probabilities(tables: dict[str, pd.DataFrame]) -> None:
    truth = pd.read_parquet(FOLDER / "truth.parquet").set_index("id")["probability"]
    table = tables["applications"].drop_duplicates()
    expected = truth.loc[table["application_id"]].to_numpy()

    spread = np.sqrt((expected * (1 - expected)).sum())

    assert abs(table["defaulted"].sum() - expected.sum()) < 4 * spread


def test_parquet_and_csv_hold_the_same_rows(tmp_path: Path) -> None:
    generate(tmp_path / "csv", rows=480, seed=3, say=lambda _: None)
    generate(tmp_path / "parquet", rows=480, seed=3, suffix="parquet", say=lambda _: None)

    text = pd.read_csv(tmp_path / "csv" / "applications.csv")
    binary = pd.read_parquet(tmp_path / "parquet" / "applications.parquet")

    assert len(text) == len(binary)
    np.testing.assert_allclose(text["amount"], binary["amount"])


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 240"):
        generate(tmp_path, rows=100, say=lambda _: None)
