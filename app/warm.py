"""Loading, while nobody waits yet, what the first visitor of each page would wait for."""

from __future__ import annotations

import gc
import importlib
import logging
import threading

from aimass_core.errors import AimassError
from aimass_core.workspace.connection import Workspace

logger = logging.getLogger("aimass")

LIBRARIES = (
    "torch",
    "plotly.graph_objects",
    "aimass_core.workflows.cleaning",
    "aimass_core.workflows.training",
    "aimass_core.workflows.explaining",
    "aimass_core.workflows.reviewing",
    "aimass_core.explain.shapley",
    "lightgbm",
)
"""What pages import when they first need it: seconds in all, most of them torch's."""
MODELS = 3
"""Newest registered models whose bundles are read."""


def forget_garbage() -> None:
    """Spare the objects that exist now from the search for garbage.

    Streamlit searches all objects after every run of a page. The libraries' own never become garbage, and
    there are so many of them that the search takes a fifth of a second, which every click would wait for.
    """
    gc.collect()
    gc.freeze()


class Warming:
    """A thread that loads libraries and the newest models, and then ends."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._load, name="warm", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it after what it is loading now; the workspace may be closed then."""
        self._told.set()
        self._thread.join()

    def wait(self) -> None:
        """Wait until everything is loaded."""
        self._thread.join()

    def _load(self) -> None:
        from aimass_core import device

        try:
            for name in LIBRARIES:
                if self._told.is_set():
                    return
                importlib.import_module(name)
            device.one_thread()
            forget_garbage()
            self._read()
        except Exception:  # whoever needs it will meet the same error, and be told
            logger.info("loading ahead of the first visit ended early", exc_info=True)

    def _read(self) -> None:
        from aimass_core.workflows import evaluating
        from aimass_core.workspace import registry

        for model in registry.models(self._ws)[:MODELS]:
            if self._told.is_set():
                return
            try:
                evaluating.bundle(self._ws, model.run_id)
            except AimassError:
                continue  # a bundle that was edited or is gone is reported where it is used
