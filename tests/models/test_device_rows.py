"""Rows on the device and rows handed over batch by batch are the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from aimass_core.models import device_rows
from aimass_core.models.dann import DannClassifier
from aimass_core.models.device_rows import Batch, DeviceRows
from aimass_core.models.network_inputs import FIRST_LABEL, Inputs
from tests.models.contract import CATEGORY, bank

CPU = torch.device("cpu")
FIELDS = ("numbers", "labels", "target", "weight", "domain")


def rows(limit: int | None, *, domain: bool = True) -> DeviceRows:
    X, y = bank(500)
    inputs = Inputs.fit(X, np.ones(500), bins=8, categorical=(CATEGORY,))
    of = np.arange(500) % 3 if domain else None
    return DeviceRows.of(
        inputs, X, y.astype(float), weight=np.linspace(1, 3, 500), domain=of, device=CPU, limit=limit
    )


def same(a: Batch, b: Batch) -> None:
    for name in FIELDS:
        torch.testing.assert_close(getattr(a, name), getattr(b, name), rtol=0, atol=0, equal_nan=True)


def test_rows_that_do_not_fit_give_the_same_batches() -> None:
    resident, handed = rows(None), rows(0)

    assert resident.resident
    assert not handed.resident
    assert handed.order_device == CPU
    index = torch.randperm(500)[:77]
    same(resident.take(index), handed.take(index))
    for a, b in zip(resident.slices(64), handed.slices(64), strict=True):
        same(a, b)


def test_the_limit_is_the_size_of_the_rows() -> None:
    # Three numbers of 4 bytes, a label of 4, target and weight of 4 each; a domain of 8.
    size = 500 * (3 * 4 + 4 + 4 + 4 + 8)

    assert rows(size).resident
    assert not rows(size - 1).resident
    assert rows(size - 500 * 8, domain=False).resident


def test_half_of_the_free_memory_of_a_gpu_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[torch.device] = []

    def free(device: torch.device) -> tuple[int, int]:
        asked.append(device)
        return 1_000, 80_000_000_000

    monkeypatch.setattr(torch.cuda, "mem_get_info", free)
    batch = Batch(torch.zeros(20, 5), torch.zeros((20, 1), dtype=torch.int32), torch.ones(20), torch.ones(20))

    # 20 rows of 32 bytes are more than half of 1,000, so nothing is sent to the GPU, which is not there.
    found = DeviceRows(batch, device=torch.device("cuda"))

    assert not found.resident
    assert found.order_device == CPU
    assert asked == [torch.device("cuda")]


def test_slices_are_all_rows_in_order() -> None:
    held = rows(None)

    parts = list(held.slices(130))

    assert [len(part.target) for part in parts] == [130, 130, 130, 110]
    torch.testing.assert_close(torch.cat([part.target for part in parts]), held.target)
    assert len(held) == 500


def test_batches_hold_what_the_network_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_rows, "TRANSFORM_ROWS", 33)
    X, y = bank(200)
    inputs = Inputs.fit(X, np.ones(200), bins=8, categorical=(CATEGORY,))

    held = DeviceRows.of(inputs, X, y.astype(float), weight=np.full(200, 4.0), device=CPU)
    batch = held.take(torch.arange(200))

    positions, labels = inputs.transform(X)
    np.testing.assert_allclose(batch.numbers.numpy(), positions, rtol=1e-6)
    np.testing.assert_array_equal(batch.labels.numpy(), labels)
    assert batch.labels.dtype == torch.int64
    assert int(batch.labels.min()) >= FIRST_LABEL
    # Weights have mean 1, whatever their unit.
    assert batch.weight.tolist() == [1.0] * 200
    assert batch.domain is None


def test_training_does_not_depend_on_where_the_rows_live(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = bank(400)

    def odds() -> np.ndarray:
        model = DannClassifier(epochs=3, device="cpu", categorical=(CATEGORY,))
        return model.fit(X, y, domain=X[:, 0] > 0).log_odds(X)

    resident = odds()
    plain = DeviceRows.of.__func__  # type: ignore[attr-defined]
    limited: list[DeviceRows] = []

    def tight(cls: type[DeviceRows], *args: Any, **settings: Any) -> DeviceRows:
        found: DeviceRows = plain(cls, *args, **{**settings, "limit": 0})
        limited.append(found)
        return found

    monkeypatch.setattr(DeviceRows, "of", classmethod(tight))

    np.testing.assert_array_equal(odds(), resident)
    assert [held.resident for held in limited] == [False, False]
