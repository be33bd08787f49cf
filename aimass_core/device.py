"""The one place that decides where tensors live."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aimass_core.errors import SettingsError
from aimass_core.settings import Device

if TYPE_CHECKING:
    import torch


def resolve(device: Device = "auto") -> torch.device:
    """Return the torch device for a setting.

    Raises
    ------
    SettingsError
        When ``cuda`` is asked for and torch sees none.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError(
            "device 'cuda' needs a CUDA GPU that torch can see",
            "none was found",
            "Set AIMASS_DEVICE=auto or cpu, or check the driver with `aimass doctor`",
        )
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")


def one_thread() -> None:
    """Let torch compute on one thread in threads that begin after this, for servers of many small requests.

    On thousands of rows threads cost more in waiting for each other than they bring, many times more when
    all cores are busy. Trainings have processes of their own and keep their threads.
    """
    import torch

    torch.set_num_threads(1)


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Let torch compute on one thread for a while, for work in many small pieces; without torch, nothing.

    Measured on two busy cores: explaining 200 rows took 2.5 seconds on one thread, over a minute on two.
    """
    torch: Any = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 1
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def describe(device: Device = "auto") -> dict[str, Any]:
    """Describe the device in use: name, memory in bytes, threads."""
    import psutil
    import torch

    chosen = resolve(device)
    memory = psutil.virtual_memory()
    found: dict[str, Any] = {
        "setting": device,
        "device": chosen.type,
        "name": f"CPU, {os.cpu_count()} cores",
        "memory_bytes": memory.total,
        "memory_free_bytes": memory.available,
        "threads": torch.get_num_threads(),
    }
    if chosen.type == "cuda":
        free, total = torch.cuda.mem_get_info()
        found |= {
            "name": torch.cuda.get_device_name(),
            "memory_bytes": total,
            "memory_free_bytes": free,
        }
    return found
