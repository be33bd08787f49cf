"""Without a GPU nothing is claimed."""

from __future__ import annotations

import pytest
import torch

from benchmarks import gpu


def test_without_cuda_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert gpu.run() == []
    assert "nothing claimed" in capsys.readouterr().err
