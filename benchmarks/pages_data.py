"""The data set that the pages are measured with: a seeded loan book of 30 columns, and a workspace on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

ROOT = Path(__file__).resolve().parents[1]
NAME, MODEL, TARGET = "loans", "default-risk", "defaulted"
SCORED = 2_000
"""Rows that are decided and stored before the pages are opened."""
_NUMBERS = (
    "balance",
    "limit_used",
    "payments",
    "salary",
    "rent",
    "savings",
    "utilisation",
    "inquiries_score",
)


def write_csv(path: Path, *, rows: int, seed: int = 0) -> None:
    """Write a loan book: ids, dates, numbers, labels, missing cells, codes, duplicates, a binary target.

    Parameters
    ----------
    rows : lines below the header; one in a thousand repeats the line before it in every column.
    """
    random = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {"application_id": pa.array(np.arange(1, rows + 1))}
    days = random.integers(18_262, 19_723, rows)
    columns["applied_on"] = pa.array(days, pa.int32()).cast(pa.date32())
    columns["customer_since"] = pa.array(days - random.integers(30, 6_000, rows), pa.int32()).cast(
        pa.date32()
    )
    income = random.lognormal(10.2, 0.5, rows).round(2)
    age = random.integers(18, 85, rows)
    columns["income"] = pa.array(income, mask=random.random(rows) < 0.06)
    columns["age"] = pa.array(np.where(random.random(rows) < 0.004, -999, age))
    columns["sex"] = _labels(random, rows, ("female", "male"))
    columns["amount"] = pa.array(random.lognormal(9.0, 0.8, rows).round(2))
    columns["term_months"] = pa.array(random.choice([12, 24, 36, 48, 60], rows))
    columns["rate"] = pa.array(random.uniform(2, 19, rows).round(3))
    risk = -2.2 - 0.5 * (np.log(income) - 10.2) - 0.02 * (age - 45)
    for position, name in enumerate(_NUMBERS):
        values = random.gamma(2.0, 50.0 * (position + 1), rows)
        risk = risk + (0.004 if position % 2 else -0.002) * values / (position + 1)
        columns[name] = pa.array(values.round(2), mask=random.random(rows) < 0.02 * (position % 3))
    for name, high in (("delays", 6), ("loans_open", 9), ("cards", 5), ("children", 5)):
        counted = random.integers(0, high, rows)
        risk = risk + (0.35 if name == "delays" else 0.02) * counted
        columns[name] = pa.array(counted)
    columns["purpose"] = _labels(random, rows, ("car", "home", "school", "travel", "other"), missing=0.03)
    columns["region"] = _labels(random, rows, tuple(f"region {number:02d}" for number in range(1, 25)))
    columns["housing"] = _labels(random, rows, ("own", "rent", "family", "?"))
    columns["employment"] = _labels(
        random, rows, ("permanent", "contract", "self-employed", "none", "Permanent")
    )
    columns["channel"] = _labels(random, rows, ("branch", "web", "phone"))
    columns["education"] = _labels(random, rows, ("school", "college", "university"), missing=0.1)
    columns["branch"] = _labels(random, rows, tuple(f"B{number:03d}" for number in range(400)))
    columns["insured"] = pa.array(random.random(rows) < 0.4)
    columns[TARGET] = pa.array((random.random(rows) < 1 / (1 + np.exp(-risk))).astype(np.int8))
    order = np.arange(rows)
    order[1_000::1_000] -= 1
    table = pa.table(columns)
    if len(table.column_names) != 30:
        raise ValueError(f"the data set must have 30 columns, not {len(table.column_names)}")
    pyarrow.csv.write_csv(table.take(order), path)


def fill(home: Path, path: Path, *, models: int = 2) -> None:
    """Make a workspace on a file by the command line: import, train one or two models, decide some rows."""
    few = path.with_name("applicants.csv")
    with path.open() as whole, few.open("w") as part:
        part.writelines(line for line, _ in zip(whole, range(SCORED + 1), strict=False))
    _aimass(home, "import", str(path), "--name", NAME)
    for trees in (20, 40)[:models]:
        _aimass(
            home, "train", NAME, "--target", TARGET, "--positive", "1", "--model", MODEL,
            "--family", "boosting", "--set", f"trees={trees}", "--run", f"boosting {trees}",
        )  # fmt: skip
    out = few.with_name("decided.csv")
    _aimass(home, "score", MODEL, str(few), "--out", str(out), "--store")


def _labels(
    random: np.random.Generator, rows: int, labels: tuple[str, ...], *, missing: float = 0.0
) -> pa.Array:
    mask = random.random(rows) < missing if missing else None
    codes = pa.array(random.integers(0, len(labels), rows), pa.int32(), mask=mask)
    return pa.DictionaryArray.from_arrays(codes, pa.array(labels)).dictionary_decode()


def _aimass(home: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments, "--json"],
        cwd=ROOT,
        env=os.environ | {"AIMASS_HOME": str(home), "AIMASS_DEVICE": "cpu"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"aimass {' '.join(arguments)} failed:\n{done.stderr}{done.stdout}")
