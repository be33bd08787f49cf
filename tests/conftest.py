"""Fixtures that tests of all rooms share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aimass_core.workspace.connection import Workspace, open_workspace

if TYPE_CHECKING:
    from tests.trained import Trained


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace in a folder of its own, closed after the test."""
    ws = open_workspace(tmp_path / "workspace", memory_limit_mb=1_000, threads=2)
    yield ws
    ws.close()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let an interrupt reach this process and those it starts; a shell's background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """A workspace with one small registered model of each family, shared by all tests of a session.

    Tests may add to it, under names of their own; they leave what is there as it was.
    """
    from tests.trained import make_trained

    made = make_trained(tmp_path_factory.mktemp("trained"))
    yield made
    made.ws.close()
