"""What the server loads ahead of its first visitor."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path

import torch

from aimass_core.workspace.connection import open_workspace
from app import warm


def test_everything_named_is_loaded_and_torch_keeps_to_one_thread(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    ws = open_workspace(tmp_path)
    seen: list[int] = []
    try:
        warm.Warming(ws).wait()
        # Torch keeps the number by thread: what counts is that of the threads that answer from now on.
        answering = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        answering.start()
        answering.join()

        assert set(warm.LIBRARIES) <= set(sys.modules)
        assert seen == [1]
        assert gc.get_freeze_count() > 100_000
        assert len(gc.get_objects()) < gc.get_freeze_count() / 10
    finally:
        gc.unfreeze()
        torch.set_num_threads(before)
        ws.close()


def test_it_can_be_told_to_stop_and_has_ended_then(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    ws = open_workspace(tmp_path)
    try:
        loading = warm.Warming(ws)
        loading.stop()

        assert not loading._thread.is_alive()
    finally:
        gc.unfreeze()
        torch.set_num_threads(before)
        ws.close()
