"""The public data the model benchmarks run on: read, cut into columns known at the time, divided."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from aimass_core.features.encoder import Encoder
from aimass_core.schema import Column

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TAIWAN_TARGET = "default.payment.next.month"
_TAIWAN_LABELS = ("GENDER", "EDUCATION", "MARRIAGE")
_LENDING: dict[str, Any] = {
    **dict.fromkeys(("loan_amnt", "term", "delinq_2yrs", "inq_last_6mths", "open_acc", "pub_rec"), "integer"),
    **dict.fromkeys(("revol_bal", "total_acc", "pub_rec_bankruptcies", "tax_liens"), "integer"),
    **dict.fromkeys(("mths_since_last_delinq", "mths_since_last_record"), "integer"),
    **dict.fromkeys(("int_rate", "installment", "annual_inc", "dti", "revol_util"), "number"),
    **dict.fromkeys(("grade", "sub_grade", "emp_length", "home_ownership"), "category"),
    **dict.fromkeys(("verification_status", "purpose", "addr_state"), "category"),
    "history": "integer",
}
"""Columns known when a loan is offered; grade and rate are part of the offer. `history`: days since the
first line of credit, whose date alone would say other things of later applicants."""


@dataclass(frozen=True)
class Part:
    """Rows to learn from and rows to test on, as the product's encoder makes them.

    Attributes
    ----------
    categorical, names : label columns and names of the matrix.
    ordered : training rows are in order of time, and all before the test rows.
    """

    X: Floats
    y: Ints
    test_X: Floats  # noqa: N815
    test_y: Ints
    categorical: tuple[int, ...]
    names: tuple[str, ...]
    ordered: bool = False


def shared(name: str) -> Path:
    """Return the path of a public file.

    Raises
    ------
    FileNotFoundError
        When it is not there.
    """
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = Path(os.environ.get("AIMASS_SHARED", beside)) / name
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name} is not at {path.parent}; set AIMASS_SHARED to the folder of the public data"
        )
    return path


def taiwan() -> list[Part]:
    """Return UCI's "default of credit card clients" in three stratified folds, seed 0."""
    frame = pd.read_csv(shared("credit/taiwan_default.csv"))
    y = frame[TAIWAN_TARGET].to_numpy()
    folds = StratifiedKFold(3, shuffle=True, random_state=0).split(frame, y)
    return [_part(frame, y, taiwan_columns(frame), train, test) for train, test in folds]


def taiwan_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the features of that file."""
    return tuple(
        Column(name=name, kind="category" if name in _TAIWAN_LABELS else "integer")
        for name in frame.columns
        if name not in ("ID", TAIWAN_TARGET)
    )


def lending() -> Part:
    """Return Lending Club 2007-2011: loans before 2011 in order of time, and those of 2011 to test on."""
    frame = pd.read_csv(
        shared("credit/lending_club_2007_2011.csv.gz"),
        usecols=[*(set(_LENDING) - {"history"}), "earliest_cr_line", "issue_d", "loan_status"],
        low_memory=False,
    )
    frame = frame[frame["loan_status"].notna() & frame["issue_d"].notna()]
    for name in ("issue_d", "earliest_cr_line"):
        frame[name] = pd.to_datetime(frame[name])
    frame["history"] = (frame["issue_d"] - frame["earliest_cr_line"]).dt.days
    frame = frame.sort_values("issue_d", kind="stable", ignore_index=True)
    y = frame["loan_status"].str.contains("Charged Off").to_numpy().astype(np.int64)
    columns = tuple(Column(name=name, kind=kind) for name, kind in _LENDING.items())
    later = (frame["issue_d"].dt.year >= 2011).to_numpy()
    return _part(frame, y, columns, np.flatnonzero(~later), np.flatnonzero(later), ordered=True)


def ulb() -> Part:
    """Return the ULB card transactions by time: the first 70 % to learn from, the last 30 % to test on."""
    frame = pd.read_parquet(shared("fraud/ulb_creditcard.parquet"))
    frame = frame.sort_values("Time", kind="stable", ignore_index=True)
    y = frame["Class"].to_numpy(dtype=np.int64)
    columns = tuple(
        Column(name=name, kind="number") for name in frame.columns if name not in ("Time", "Class")
    )
    cut = int(0.7 * len(frame))
    rows = np.arange(len(frame), dtype=np.int64)
    return _part(frame, y, columns, rows[:cut], rows[cut:], ordered=True)


def generated(rows: int, columns: int, *, seed: int = 0) -> tuple[Floats, Ints]:
    """Return made rows with a known, partly non-linear risk of about 15 %."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, columns))
    odds = X[:, 0] - 0.5 * X[:, 1] ** 2 + X[:, 2] * X[:, 3] - 2.0
    return X, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)


def _part(
    frame: pd.DataFrame,
    y: Ints,
    columns: tuple[Column, ...],
    train: npt.NDArray[Any],
    test: npt.NDArray[Any],
    *,
    ordered: bool = False,
) -> Part:
    encoder = Encoder.fit(frame.iloc[train], columns)
    return Part(
        X=encoder.transform(frame.iloc[train]),
        y=y[train],
        test_X=encoder.transform(frame.iloc[test]),
        test_y=y[test],
        categorical=tuple(encoder.categorical),
        names=tuple(encoder.names),
        ordered=ordered,
    )
