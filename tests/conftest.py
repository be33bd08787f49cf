"""Fixtures that tests of all rooms share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aimass_core.workspace.connection import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace in a folder of its own, closed after the test."""
    ws = open_workspace(tmp_path / "workspace", memory_limit_mb=1_000, threads=2)
    yield ws
    ws.close()
