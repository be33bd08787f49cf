"""Profiles and findings on tables whose faults are planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aimass_core.intake.leakage import auc
from aimass_core.intake.personal import by_value, luhn
from aimass_core.intake.profile import Profile
from aimass_core.schema import Role
from aimass_core.workflows import importing
from aimass_core.workspace.connection import Workspace

ROWS = 2_000


def clean(rows: int = ROWS) -> pd.DataFrame:
    """A table without faults: three features that carry a little about the target."""
    rng = np.random.default_rng(0)
    y = (rng.random(rows) < 0.3).astype(int)
    return pd.DataFrame(
        {
            "amount": np.round(rng.uniform(100, 5_000, rows) - 300 * y, 2),
            "months": rng.integers(6, 60, rows),
            "grade": rng.choice(["A", "B", "C"], rows),
            "target": y,
        }
    )


def profiled(
    ws: Workspace, folder: Path, frame: pd.DataFrame, roles: dict[str, Role] | None = None
) -> Profile:
    path = folder / "made.csv"
    frame.to_csv(path, index=False)
    version = importing.import_file(ws, path, name="made", actor="ann")
    return importing.profile(ws, importing.set_roles(ws, version, roles or {}, actor="ann"))


def found(profile: Profile) -> set[tuple[str, str | None]]:
    return {(f.code, f.column) for f in profile.findings if f.severity != "not applicable"}


def test_a_clean_table_has_no_finding(workspace: Workspace, tmp_path: Path) -> None:
    assert found(profiled(workspace, tmp_path, clean())) == set()


def test_measures_agree_with_pandas(workspace: Workspace, tmp_path: Path) -> None:
    frame = clean()

    column = profiled(workspace, tmp_path, frame).column("amount")

    amount = frame["amount"]
    assert column.mean == pytest.approx(amount.mean())
    assert column.std == pytest.approx(amount.std())
    assert (column.min, column.max) == (amount.min(), amount.max())
    assert column.q25 == pytest.approx(amount.quantile(0.25))
    assert column.median == pytest.approx(amount.median())
    assert sum(count for _, _, count in column.histogram) == ROWS
    assert len(column.histogram) <= 20


def test_a_large_table_is_sampled_and_says_so(workspace: Workspace, tmp_path: Path) -> None:
    frame = clean(120_000)

    profile = profiled(workspace, tmp_path, frame)

    assert profile.sampled
    assert 40_000 < profile.sample_rows < 60_000
    assert profile.column("amount").median == pytest.approx(frame["amount"].median(), rel=0.02)
    assert profile.column("amount").mean == pytest.approx(frame["amount"].mean())


def test_planted_faults_are_found(workspace: Workspace, tmp_path: Path) -> None:
    frame = clean().astype({"amount": object})
    frame["same"] = 5
    frame["empty"] = np.nan
    frame["score"] = np.where(np.arange(ROWS) % 50 == 0, -999, np.arange(ROWS) % 97 + 300)
    frame["job"] = np.where(np.arange(ROWS) % 40 == 0, "N/A", "clerk")
    frame["dirty"] = np.where(np.arange(ROWS) % 100 == 0, "lots", (np.arange(ROWS) * 7.5).astype(str))
    frame["late"] = frame["target"] * 100 + np.arange(ROWS) % 90
    frame["far"] = np.where(np.arange(ROWS) == 3, 1e7, frame["months"])
    frame["email"] = [f"someone{i % 900}@bank.example" for i in range(ROWS)]
    frame["endless"] = np.where(np.arange(ROWS) == 9, np.inf, frame["months"] / 7)
    frame.loc[5, "months"] = np.nan
    frame = pd.concat([frame, frame.iloc[:10]])

    profile = profiled(workspace, tmp_path, frame)

    assert profile.duplicates == 10
    assert found(profile) >= {
        ("duplicate-rows", None),
        ("constant", "same"),
        ("constant", "empty"),
        ("sentinel", "score"),
        ("sentinel", "job"),
        ("mixed-type", "dirty"),
        ("target-leakage", "late"),
        ("outliers", "far"),
        ("personal-data", "email"),
        ("infinite", "endless"),
        ("missing", "months"),
    }
    assert profile.column("score").sentinels == ((-999.0, 41),)
    assert all(f.text and f.todo for f in profile.findings if f.severity != "not applicable")


def test_ordinary_values_are_no_sentinels(workspace: Workspace, tmp_path: Path) -> None:
    frame = clean()
    frame["scale"] = np.arange(ROWS) % 11 - 2
    frame["price"] = np.arange(ROWS) % 1_000
    frame["loss"] = -1.0 * (np.arange(ROWS) % 1_000)
    frame["age_of_car"] = np.arange(ROWS) % 100

    assert not {c for code, c in found(profiled(workspace, tmp_path, frame)) if code == "sentinel"}


def test_target_checks_do_not_apply_without_a_target(workspace: Workspace, tmp_path: Path) -> None:
    profile = profiled(workspace, tmp_path, clean(), {"target": "ignore"})

    assert {f.code for f in profile.findings if f.severity == "not applicable"} == {
        "class-imbalance",
        "one-class-target",
        "target-leakage",
    }


def test_one_class_and_rare_class(workspace: Workspace, tmp_path: Path) -> None:
    one = clean().assign(target=1)
    rare = clean().assign(target=(np.arange(ROWS) < 15).astype(int))

    of_one = profiled(workspace, tmp_path, one, {"target": "target"})
    of_rare = profiled(workspace, tmp_path, rare, {"target": "target"})

    assert ("one-class-target", "target") in found(of_one)
    assert ("class-imbalance", "target") in found(of_rare)
    assert any(f.code == "target-leakage" and f.severity == "not applicable" for f in of_rare.findings)


def test_missingness_that_tells_the_target_is_found(workspace: Workspace, tmp_path: Path) -> None:
    frame = clean()
    frame["closed"] = np.where(frame["target"] == 1, np.arange(ROWS) % 30, np.nan)

    assert ("target-leakage", "closed") in found(profiled(workspace, tmp_path, frame))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["a@b.example", "c.d@e.example", "f@g.example"], "e-mail addresses"),
        (["4111 1111 1111 1111", "5500005555555559", "340000000000009"], "card numbers"),
        (["+44 20 7946 0958", "+1 (202) 555-0143", "+49 30 901820"], "phone numbers"),
        (["13800138000", "15912345678", "18600001111"], "phone numbers"),
        (["078-05-1120", "219-09-9999", "457-55-5462"], "national identity numbers"),
        (["11010519491231002X", "440524188001010014", "11010519491231002X"], "national identity numbers"),
        (
            ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "FR1420041010050500013M02606"],
            "bank account numbers",
        ),
    ],
)
def test_personal_values_are_known(values: list[str], what: str) -> None:
    kind = by_value(values)
    assert kind is not None
    assert kind[0] == what


@pytest.mark.parametrize(
    "values", [["2024-01-01"] * 5, ["1234567"] * 5, ["north"] * 5, ["12.50", "99.10", "3.0"], []]
)
def test_other_values_are_not_personal(values: list[str]) -> None:
    assert by_value(values) is None


def test_luhn() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")


def test_auc_by_ranks() -> None:
    positive = np.array([False, False, True, True])

    assert auc(np.array([1.0, 2.0, 3.0, 4.0]), positive) == 1.0
    assert auc(np.array([1.0, 1.0, 1.0, 1.0]), positive) == 0.5
    assert auc(np.array([1.0, 3.0, 2.0, 4.0]), positive) == 0.75
