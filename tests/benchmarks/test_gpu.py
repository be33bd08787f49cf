"""Without a GPU nothing is claimed; what would be measured with one works."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import gpu, public
from benchmarks.rows import Row


def test_without_cuda_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert gpu.run() == []
    assert "nothing claimed" in capsys.readouterr().err


def test_cleaning_training_scoring_and_measures_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "CASES", (("DANN", "dann", {"width": 8}), ("TabM", "tabm", {"width": 8})))
    monkeypatch.setattr(gpu, "CPU_ROWS", 900)
    X, y = public.generated(1_200, 5)
    X[::11, 3] = np.nan

    # The CPU stands in for the device: what is timed must run, whatever it runs on.
    rows = gpu.compare("made", X, y, device="cpu", repeats=2)

    about = [row.case.partition(": ")[2] for row in rows]
    assert about == [
        "clean (cap outliers, fill gaps)",
        "train DANN, the CPU on 900 rows",
        "train TabM, the CPU on 900 rows",
        "score with TabM",
        "AUC, average precision, log loss",
        "the same measures",
    ]
    *speeds, equal = rows
    assert all(row.ours > 0 and row.peer > 0 and row.spread >= 0 for row in speeds)
    assert all(row.ratio == pytest.approx(row.ours / row.peer) for row in speeds)
    assert equal.met
    assert "1,200 rows x 5 numbers, no GPU" in equal.case


def test_without_the_public_data_its_rows_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compared: list[tuple[str, int]] = []

    def note(name: str, X: Any, y: Any, **settings: Any) -> list[Row]:
        compared.append((name, len(X)))
        return []

    def absent() -> public.Part:
        raise FileNotFoundError("ulb_creditcard.parquet is not there")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpu, "compare", note)
    monkeypatch.setattr(public, "ulb", absent)

    assert gpu.run(quick=True) == []
    assert compared == [("generated", 100_000)]
    assert "left out: ulb_creditcard.parquet is not there" in capsys.readouterr().err
